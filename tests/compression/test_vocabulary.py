import numpy as np
import pytest
from encoders import KNOWN, WORDS, make, make_docs, make_known
from small import TEXTS, trained
from with_pieces import trained_with_pieces

from spacy_distill.compression.vocabulary import prune_known_words, prune_words
from spacy_distill.students.composition import KNOWN_PARAMS
from spacy_distill.students.encoder import get_encoders
from spacy_distill.students.pieces import Segmenter


def student():
    nlp = trained_with_pieces()
    return nlp, get_encoders(nlp.get_pipe("ner").model)[0]


def compose(encoder, word):
    rows = Segmenter(**encoder.attrs["pieces"])(word)
    table, scales = (
        encoder.get_param(name) for name in ("piece_vectors", "piece_scales")
    )
    return sum(table[row] * scales[row] for row in rows) / len(rows) if rows else None


def by_distance(encoder):
    """Words, those first that are farthest from their pieces; None for infinitely."""
    found = []
    for i, word in enumerate(encoder.attrs["words"]):
        composed = compose(encoder, word)
        row = encoder.get_param("word_vectors")[i + 1]
        far = np.inf if composed is None else ((row - composed) ** 2).sum()
        found.append((-far, i, word))
    return [word for _, _, word in sorted(found)]


@pytest.mark.parametrize("most", [1, 3, 7])
def test_the_farthest_words_stay(most):
    nlp, encoder = student()
    words, table = encoder.attrs["words"], encoder.get_param("word_vectors").copy()
    expected = by_distance(encoder)
    pruned = prune_words(encoder, most)
    bare = [word for word in words if compose(encoder, word) is None]
    assert (pruned.before, pruned.bare) == (len(words), len(bare))
    assert pruned.after == max(most, len(bare))
    assert set(encoder.attrs["words"]) == set(expected[: pruned.after])
    left = encoder.get_param("word_vectors")
    assert left.shape == (pruned.after + 1, table.shape[1])
    np.testing.assert_array_equal(left[0], table[0])
    for i, word in enumerate(encoder.attrs["words"]):
        np.testing.assert_array_equal(left[i + 1], table[words.index(word) + 1])


def test_a_word_without_a_row_is_read_as_composed():
    """What prediction makes of it: the same as if its row were its composed vector."""
    nlp, pruned = student()
    other, kept = student()
    docs = [other.make_doc(text) for text in TEXTS]
    before = other.get_pipe("ner").get_logits(docs)
    nlp.get_pipe("ner").get_logits([nlp.make_doc(text) for text in TEXTS])
    prune_words(pruned, 4)
    table = kept.get_param("word_vectors").copy()
    dropped = set(kept.attrs["words"]) - set(pruned.attrs["words"])
    assert dropped
    for i, word in enumerate(kept.attrs["words"], 1):
        if word in dropped:
            table[i] = compose(kept, word)
    kept.set_param("word_vectors", table)
    expected = other.get_pipe("ner").get_logits(docs)
    found = nlp.get_pipe("ner").get_logits([nlp.make_doc(text) for text in TEXTS])
    for a, b, c in zip(found, expected, before):
        np.testing.assert_allclose(a, b, atol=1e-5)
        assert np.abs(a - c).max() > 1e-3


def test_words_that_cannot_be_composed_keep_their_rows():
    (encoder,) = get_encoders(trained().get_pipe("ner").model)
    words = list(encoder.attrs["words"])
    pruned = prune_words(encoder, 2)
    assert pruned == (len(words), len(words), len(words))
    assert encoder.attrs["words"] == words


def test_more_than_there_are():
    _, encoder = student()
    words, table = encoder.attrs["words"], encoder.get_param("word_vectors")
    prune_words(encoder, 10**6)
    assert encoder.attrs["words"] is words
    assert encoder.get_param("word_vectors") is table


@pytest.mark.parametrize(("most", "left"), [(5, 3), (3, 3), (1, 1), (0, 0)])
def test_the_most_frequent_known_words_stay(most, left):
    encoder = make(known=True)
    prune_known_words(encoder, most)
    names = encoder.attrs["known"].get("words", [])
    assert names == KNOWN[:left]
    for name in KNOWN_PARAMS:
        assert len(encoder.get_param(name)) == left
    kept = make(known=True)
    docs = make_docs(KNOWN)
    ours, theirs = encoder.predict(docs), kept.predict(docs)
    # "went" has a row of its own.
    same = [np.allclose(a, b) for a, b in zip(ours, theirs)]
    assert same == [True, left > 1, left > 2]
    loaded = make().from_bytes(encoder.to_bytes())
    for a, b in zip(ours, loaded.predict(docs)):
        np.testing.assert_array_equal(a, b)


def test_words_near_their_known_vector_are_pruned_first():
    encoder = make(known=True)
    table = encoder.get_param("word_vectors").copy()
    row = encoder.attrs["words"].index("went") + 1
    width = encoder.attrs["word_width"]
    known = make_known()
    table[row] = 0
    table[row, width - 3 :] = known.vectors[0] * known.scales[0]
    encoder.set_param("word_vectors", table)
    prune_words(encoder, len(WORDS) - 1)
    assert encoder.attrs["words"] == [word for word in WORDS if word != "went"]


def test_encoders_without_known_words():
    encoder = make()
    prune_known_words(encoder, 0)
    assert "known" not in encoder.attrs
