import logging

import numpy as np
import pytest
from small import TEXTS, make_pieces, write_soft_labels

from spacy_distill.errors import DistillError
from spacy_distill.students.composition import WordComposer
from spacy_distill.students.pieces import Segmenter
from spacy_distill.students.static_vectors import static_vectors_v1
from spacy_distill.students.word_vectors import CheckedSource, teacher_words_v1

# Of the file; "rome" is in no training text, "smith" only there.
IN_FILE = ["paris", "anna", "rome", "new", "york", "likes", "bob", "berlin"]
WORDS = ["anna", "paris", "smith", "new", "york", "likes", "bob"]
TABLE = np.random.default_rng(0).normal(size=(len(IN_FILE), 6)).astype("f")


def write_vectors(folder, words=IN_FILE, table=TABLE):
    path = folder / "vectors.txt"
    rows = [
        " ".join([word, *map(repr, row.tolist())]) for word, row in zip(words, table)
    ]
    path.write_text("\n".join(rows), encoding="utf-8")
    return str(path)


@pytest.fixture
def soft_labels(tmp_path):
    folder = tmp_path / "soft"
    folder.mkdir()
    return write_soft_labels(folder, TEXTS, pieces=make_pieces())


def angles(vectors):
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    return (vectors / norms) @ (vectors / norms).T


def test_vectors_alone(tmp_path):
    start = static_vectors_v1(write_vectors(tmp_path), known_words=3)(WORDS, 6)
    assert start.pieces is None
    assert start.vectors.shape == (len(WORDS), 6)
    # A word that the file does not have starts at 0, and others at its vector: rotated
    # about their mean, and scaled.
    assert not start.vectors[WORDS.index("smith")].any()
    has = [word in IN_FILE for word in WORDS]
    given = TABLE[[IN_FILE.index(word) for word in WORDS if word in IN_FILE]]
    given = given - given.mean(axis=0)
    found = start.vectors[has]
    np.testing.assert_allclose(angles(found), angles(given), atol=1e-4)
    # Six words have five principal components; the last column is 0.
    assert found[:, :5].std() == pytest.approx(0.5, abs=1e-3)


def test_frequent_words_of_the_file_are_known(tmp_path):
    start = static_vectors_v1(write_vectors(tmp_path), known_words=3)(WORDS, 6)
    assert start.known.words == ["paris", "anna", "rome"]
    assert start.known.lowercase
    compose = WordComposer(None, None, start.known, width=6)
    tolerance = start.known.scales.max() / 2 + 1e-6
    for word in ("paris", "anna"):
        expected = start.vectors[WORDS.index(word)]
        np.testing.assert_allclose(compose(word), expected, atol=tolerance)
    assert compose("Rome") is not None
    assert compose("berlin") is None


def test_none_is_known(tmp_path):
    start = static_vectors_v1(write_vectors(tmp_path), known_words=0)(WORDS, 6)
    assert start.known is None
    assert start.vectors.any()


def test_vectors_beside_pieces(tmp_path, soft_labels):
    pieces = teacher_words_v1(soft_labels)
    make = static_vectors_v1(write_vectors(tmp_path), 3, vector_width=2, pieces=pieces)
    start = make(WORDS, 6)
    alone = static_vectors_v1(write_vectors(tmp_path), 3)(WORDS, 2)
    beside = pieces(WORDS, 4)
    np.testing.assert_allclose(start.vectors[:, :4], beside.vectors)
    has = np.array([word in IN_FILE for word in WORDS])
    np.testing.assert_allclose(start.vectors[has, 4:], alone.vectors[has])
    # Others are predicted from their pieces, in training as at prediction.
    assert start.vectors[~has, 4:].any()
    compose = WordComposer(
        Segmenter(**start.pieces), start.piece_vectors, start.known, width=6
    )
    tolerance = start.piece_vectors[1].max() / 2 + 1e-5
    smith = start.vectors[WORDS.index("smith")]
    np.testing.assert_allclose(compose("smith"), smith, atol=tolerance)
    # Known words have the pieces' columns and their own.
    rome = compose("rome")
    np.testing.assert_allclose(rome[4:], start.known.vectors[2] * start.known.scales[2])
    assert rome[:4].any()


def test_the_prediction_from_pieces_is_a_ridge_regression(tmp_path, soft_labels):
    sklearn = pytest.importorskip("sklearn.linear_model")
    pieces = teacher_words_v1(soft_labels)
    make = static_vectors_v1(write_vectors(tmp_path), 3, vector_width=2, pieces=pieces)
    start = make(WORDS, 6)
    has = np.array([word in IN_FILE for word in WORDS])
    x, y = start.vectors[has, :4], start.vectors[has, 4:]
    centered = x - x.mean(axis=0)
    alpha = 0.1 * np.trace(centered.T @ centered) / 4
    fitted = sklearn.Ridge(alpha=alpha).fit(x, y)
    predicted = fitted.predict(start.vectors[~has, :4])
    np.testing.assert_allclose(start.vectors[~has, 4:], predicted, atol=1e-5)


@pytest.mark.parametrize(
    ("in_file", "words", "found"),
    [
        # A lowercase file and words in any case.
        (["anna", "paris", "bob"], ["Anna", "PARIS", "smith"], [True, True, False]),
        # A file with case, and a table that ignores it: the more frequent form counts.
        (["Anna", "paris", "Paris"], ["anna", "paris", "bob"], [True, True, False]),
        # Both have case: forms are words of their own.
        (["Anna", "paris", "Bob"], ["Anna", "Paris", "bob"], [True, False, False]),
    ],
)
def test_case(in_file, words, found, tmp_path):
    path = write_vectors(tmp_path, in_file, TABLE[:3])
    if sum(found) < 2:
        # A projection needs two.
        words, found = [*words, "Bob"], [*found, True]
    start = static_vectors_v1(path, known_words=3)(words, 3)
    assert start.vectors.any(axis=1).tolist() == found
    compose = WordComposer(None, None, start.known, width=3)
    assert [compose(word) is not None for word in words] == found


def test_says_how_many_words_have_a_vector(tmp_path, caplog):
    with caplog.at_level(logging.INFO, logger="spacy"):
        static_vectors_v1(write_vectors(tmp_path), known_words=20)(WORDS, 6)
    messages = [record.message for record in caplog.records]
    assert any(
        "has vectors of 6 of 7 words of the training texts, 86%" in m for m in messages
    )
    assert any("has 8 words, all of them kept" in m for m in messages)
    assert all(record.levelname == "INFO" for record in caplog.records)


def test_warns_of_vectors_of_another_language(tmp_path, caplog):
    german = ["und", "anna", "bob", "nicht", "ein", "haus", "der", "die"]
    words = ["the", "of", "house", "and", "anna", "bob", "is"]
    static_vectors_v1(write_vectors(tmp_path, german))(words, 6)
    (record,) = [r for r in caplog.records if r.levelname == "WARNING"]
    assert "Only 29% of the most frequent words have a vector" in record.message
    assert "of another language" in record.message


@pytest.mark.parametrize(
    ("settings", "words", "width", "expected"),
    [
        ({"known_words": -1}, WORDS, 6, "known_words of 0 or more, got -1"),
        ({"vector_width": 7}, WORDS, 6, "1 to 6 numbers in a word_width of 6, got 7"),
        ({"vector_width": 0}, WORDS, 6, "vectors of 1 to 6 numbers"),
        (
            {"known_words": 1},
            ["haus", "hund"],
            6,
            "vectors of some words of the training texts",
        ),
        ({}, ["anna", "haus"], 6, "two or more words with vectors that differ, got 1"),
    ],
)
def test_bad_settings(settings, words, width, expected, tmp_path):
    settings = {"known_words": 0, **settings}
    with pytest.raises(DistillError, match=expected) as caught:
        static_vectors_v1(write_vectors(tmp_path), **settings)(words, width)
    assert "\n" not in str(caught.value)


def test_wide_vectors_beside_pieces_need_a_width(tmp_path, soft_labels):
    make = static_vectors_v1(
        write_vectors(tmp_path), pieces=teacher_words_v1(soft_labels)
    )
    expected = r"1 to 5 numbers in a word_width of 6, got 6 of .*: set vector_width in"
    with pytest.raises(DistillError, match=expected):
        make(WORDS, 6)
    # As the message says, either of the two.
    assert make(WORDS, 8).vectors.shape == (len(WORDS), 8)


def test_settings_are_checked_early(tmp_path):
    source = static_vectors_v1(write_vectors(tmp_path), vector_width=7)
    assert isinstance(source, CheckedSource)
    source.check(7)
    with pytest.raises(DistillError, match="1 to 6 numbers in a word_width of 6"):
        source.check(6)
    with pytest.raises(DistillError, match="Expected word vectors at .*: No such file"):
        static_vectors_v1(str(tmp_path / "missing.txt")).check(6)
