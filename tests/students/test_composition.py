import numpy as np
import pytest

from spacy_distill.students.composition import KnownWords, WordComposer
from spacy_distill.students.pieces import Segmenter
from spacy_distill.students.word_vectors import quantize_vectors

SURFACES = ["un", "seen", "s"]
PIECES = np.random.default_rng(0).normal(size=(3, 4))
KNOWN = np.random.default_rng(1).normal(size=(2, 3))
SEGMENTER = Segmenter(
    SURFACES, [True, False, False], lowercase=True, strip_accents=False
)


def make_known(lowercase=True, words=("unseen", "dog")):
    return KnownWords(list(words), lowercase, *quantize_vectors(KNOWN))


def assert_near(vector, expected):
    assert vector.dtype == np.float32
    np.testing.assert_allclose(vector, expected, atol=0.02)


def test_a_word_is_the_mean_of_its_pieces():
    compose = WordComposer(SEGMENTER, quantize_vectors(PIECES), width=4)
    assert_near(compose("Unseens"), PIECES.mean(axis=0))
    assert_near(compose("un"), PIECES[0])
    assert compose("dog") is None


def test_known_words_have_their_own_last_columns():
    compose = WordComposer(SEGMENTER, quantize_vectors(PIECES), make_known(), width=4)
    mean = PIECES[:2].mean(axis=0)
    assert_near(compose("Unseen"), [mean[0], *KNOWN[0]])
    # Known, but not covered by pieces; and the other way round.
    assert_near(compose("DOG"), [0, *KNOWN[1]])
    assert_near(compose("Unseens"), PIECES.mean(axis=0))
    assert compose("cat") is None


def test_known_words_without_pieces():
    compose = WordComposer(None, None, make_known(), width=3)
    assert_near(compose("dog"), KNOWN[1])
    assert compose("un") is None


@pytest.mark.parametrize("lowercase", [True, False])
def test_case_of_known_words(lowercase):
    words = ("unseen", "dog" if lowercase else "Dog")
    compose = WordComposer(None, None, make_known(lowercase, words), width=3)
    assert compose("Dog") is not None
    assert (compose("dog") is not None) == lowercase
    assert (compose("Unseen") is not None) == lowercase


def test_without_anything():
    compose = WordComposer(width=3)
    assert compose("dog") is None


def test_many_words_at_once_are_those_one_by_one():
    compose = WordComposer(SEGMENTER, quantize_vectors(PIECES), make_known(), width=4)
    words = ["Unseens", "dog", "cat", "un", "unseen", "", "unun"]
    vectors, is_composed = compose.compose_all(words)
    assert vectors.dtype == np.float32
    for word, vector, found in zip(words, vectors, is_composed):
        one = compose(word)
        assert found == (one is not None)
        np.testing.assert_array_equal(vector, np.zeros(4) if one is None else one)
    assert not is_composed[[2, 5]].any()
    vectors, is_composed = compose.compose_all([])
    assert vectors.shape == (0, 4)
    assert is_composed.shape == (0,)
