import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spacy.strings import StringStore

from spacy_distill.students.composition import WordComposer
from spacy_distill.students.layers.char_cnn import char_columns
from spacy_distill.students.pieces import Segmenter
from spacy_distill.students.word_types import UNKNOWN_ROW, WordLookup, WordTypes
from spacy_distill.students.word_vectors import quantize_vectors
from spacy_distill.words import word_shape

pytestmark = pytest.mark.usefixtures("both_ways")

WORDS = ["the", "cat"]
SURFACES = ["un", "seen", "s"]
TABLE = np.random.default_rng(0).normal(size=(3, 4))
ALPHABET = {char: i for i, char in enumerate("aceht")}


def make_lookup(lowercase=True, words=WORDS):
    return WordLookup(words, list(ALPHABET), lowercase=lowercase)


def make_composer():
    segmenter = Segmenter(
        SURFACES, [True, False, False], lowercase=True, strip_accents=False
    )
    return WordComposer(segmenter, quantize_vectors(TABLE), width=4)


def make_types(capacity=100, words=WORDS, composes_all=False):
    return WordTypes(
        make_lookup(words=words),
        compose=make_composer(),
        capacity=capacity,
        composes_all=composes_all,
    )


def find(types, words, strings=None):
    strings = strings or StringStore(words)
    return types.find(np.array([strings[w] for w in words], dtype=np.uint64), strings)


def test_lookup():
    lookup = make_lookup()
    assert lookup("The")[0] == 1
    assert lookup("cat") == (2, char_columns("cat", ALPHABET), word_shape("cat"))
    assert lookup("Unseens")[0] == -1
    assert make_lookup(lowercase=False)("The")[0] == -1


def test_entries_are_the_lookups():
    types = make_types()
    words = ["cat", "unseen", "the", "cat", "dog", "unseens"]
    entries = find(types, words)
    assert len(types) == 5
    assert entries[0] == entries[3]
    assert types.rows[entries].tolist() == [2, -1, 1, 2, 0, -1]
    for word, entry in zip(words, entries):
        assert types.chars[entry].tolist() == char_columns(word, ALPHABET)
        assert types.shapes[entry] == word_shape(word)


def test_a_composed_vector_is_the_mean_of_its_pieces():
    types = make_types()
    composed = types.composed[find(types, ["unseen", "unseens", "cat", "dog"])]
    _, scales = quantize_vectors(TABLE)
    tolerance = scales.max() / 2 + 1e-6
    np.testing.assert_allclose(composed[0], TABLE[:2].mean(axis=0), atol=tolerance)
    np.testing.assert_allclose(composed[1], TABLE.mean(axis=0), atol=tolerance)
    assert not composed[2:].any()


def test_in_training_words_with_a_row_are_composed_too():
    words = ["unseen", "cat", "dog"]
    types = make_types(words=["unseen", "cat"], composes_all=True)
    entries = find(types, words)
    assert types.rows[entries].tolist() == [1, 2, UNKNOWN_ROW]
    without = make_types(words=[])
    expected = without.composed[find(without, words)]
    np.testing.assert_array_equal(types.composed[entries], expected)
    assert expected[0].any()


@given(
    st.lists(st.lists(st.integers(0, 30), max_size=10), max_size=12), st.integers(1, 12)
)
def test_a_small_table_says_the_same_as_a_large_one(batches, capacity):
    words = ["cat", "the", "unseen", "un", *(f"cat{i}" for i in range(27))]
    strings = StringStore(words)
    small, large = make_types(capacity), make_types(1000)
    most = capacity
    for batch in batches:
        # More types in one batch than fit stay until another new one comes.
        most = max(most, len(set(batch)))
        mine = find(small, [words[i] for i in batch], strings)
        theirs = find(large, [words[i] for i in batch], strings)
        assert len(small) <= most
        for name in ("rows", "composed", "chars", "shapes"):
            np.testing.assert_array_equal(
                getattr(small, name)[mine], getattr(large, name)[theirs]
            )


def test_a_new_generation_when_full():
    types = make_types(capacity=2)
    before = types.generation
    find(types, ["cat", "the"])
    assert types.generation == before
    find(types, ["cat"])
    assert types.generation == before
    find(types, ["dog"])
    assert types.generation == before + 1


def test_what_was_met_last_stays():
    types = make_types(capacity=4)
    strings = StringStore(["cat", "the", "unseen", "un", "dog", "un s", "s"])
    find(types, ["cat", "the", "unseen", "un"], strings)
    find(types, ["un", "the"], strings)
    assert find(types, ["dog"], strings).tolist() == [2]
    assert types.kept.tolist() == [1, 3]
    assert len(types) == 3
    assert find(types, ["the", "un"], strings).tolist() == [0, 1]
    assert types.rows[:3].tolist() == [1, -1, 0]
    # What the batch itself needs stays however many that are.
    find(types, ["the", "un", "dog", "s", "cat"], strings)
    assert types.kept.tolist() == [0, 1, 2]
    assert len(types) == 5


def test_tables_grow():
    types = make_types(capacity=5000)
    words = [f"w{i}" for i in range(3000)]
    for start in range(0, 3000, 700):
        find(types, words[start : start + 700])
    entries = find(types, words)
    assert sorted(entries.tolist()) == list(range(3000))
    assert types.chars[entries[2999]].tolist() == char_columns("w2999", ALPHABET)


def test_known_words_need_no_strings():
    types = make_types()
    strings = StringStore(["cat", "dog"])
    hashes = np.array([strings["cat"]], dtype=np.uint64)
    entries = types.find(hashes, strings)
    np.testing.assert_array_equal(types.find(hashes, StringStore()), entries)
    with pytest.raises(KeyError):
        types.find(np.array([strings["dog"]], dtype=np.uint64), StringStore())
