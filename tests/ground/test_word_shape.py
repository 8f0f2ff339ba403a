import pytest

from spacy_distill.words import N_SHAPES, word_shape


@pytest.mark.parametrize(
    ("word", "shape"),
    [
        ("word", 0),
        ("can't", 0),
        ("ünder", 0),
        ("USA", 1),
        ("U.S.", 1),
        ("A", 1),
        ("Paris", 2),
        ("McDonald", 2),
        ("Boeing-747", 2),
        ("747", 3),
        ("iPhone", 4),
        ("東京", 4),
        ("...", 5),
        (" ", 5),
        ("", 5),
    ],
)
def test_shape(word, shape):
    assert word_shape(word) == shape < N_SHAPES
