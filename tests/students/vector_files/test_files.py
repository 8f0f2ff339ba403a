import gzip
import json
import struct

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from safetensors.numpy import save_file
from spacy.vectors import Vectors

from spacy_distill.errors import DistillError
from spacy_distill.students.vector_files.base import choose_vectors
from spacy_distill.students.vector_files.open import open_vectors

WORDS = ["the", "new york", "Zürich", ",", "dog"]
TABLE = np.random.default_rng(0).normal(size=(5, 3)).astype("f")


def as_text(words=WORDS, table=TABLE, header=False):
    rows = [
        " ".join([word, *map(repr, row.tolist())]) for word, row in zip(words, table)
    ]
    lines = [f"{len(words)} {table.shape[1]}"] if header else []
    return "\n".join([*lines, *rows]) + "\n"


def as_binary(words=WORDS, table=TABLE, newline=b""):
    rows = [
        word.replace(" ", "_").encode() + b" " + row.tobytes() + newline
        for word, row in zip(words, table)
    ]
    return f"{len(words)} {table.shape[1]}\n".encode() + b"".join(rows)


def write_text(path, **settings):
    path.write_text(as_text(**settings), encoding="utf-8")
    return path


def write_array(folder, words=WORDS, table=TABLE):
    np.save(folder / "words.npy", table)
    listed = "\n".join(words) + "\n"
    (folder / "words.txt").write_text(listed, encoding="utf-8")
    return folder / "words.npy"


def write_pipeline(folder, words_in_strings=WORDS):
    nlp = spacy.blank("en")
    for word in words_in_strings:
        nlp.vocab.strings.add(word)
    nlp.vocab.vectors = Vectors(strings=nlp.vocab.strings, data=TABLE, keys=WORDS)
    nlp.to_disk(folder)
    return folder


def write_model2vec(folder, *, unigram=False, mapping=False, weights=False):
    folder.mkdir()
    tokens = ["[PAD]", *WORDS, "##ing"]
    if unigram:
        marked = ["[PAD]", *(f"\u2581{word}" for word in WORDS), "ing"]
        model = {"type": "Unigram", "vocab": [[token, -1.0] for token in marked]}
    else:
        vocab = {token: i for i, token in enumerate(tokens)}
        model = {
            "type": "WordPiece",
            "vocab": vocab,
            "continuing_subword_prefix": "##",
        }
    scheme = {"model": model, "added_tokens": [{"content": "[PAD]"}]}
    (folder / "tokenizer.json").write_text(json.dumps(scheme), encoding="utf-8")
    rows = np.concatenate([np.zeros((1, 3)), TABLE, np.zeros((1, 3))]).astype("f")
    tensors = {"embeddings": rows}
    if mapping:
        # In another order, and a row less: two tokens share theirs.
        tensors = {
            "embeddings": rows[5::-1].copy(),
            "mapping": np.array([5, 4, 3, 2, 1, 0, 5]),
        }
    if weights:
        tensors["weights"] = np.array([0, 2, 2, 2, 2, 2, 0], dtype="f")
    save_file(tensors, folder / "model.safetensors")
    return folder


FILES = {
    "GloVe": lambda tmp: write_text(tmp / "x.txt"),
    "fastText": lambda tmp: write_text(tmp / "x.vec", header=True),
    "array": write_array,
    "pipeline": lambda tmp: write_pipeline(tmp / "x"),
    "model2vec": lambda tmp: write_model2vec(tmp / "x"),
    "model2vec, unigram": lambda tmp: write_model2vec(tmp / "x", unigram=True),
    "model2vec, shared rows": lambda tmp: write_model2vec(tmp / "x", mapping=True),
}


@pytest.mark.parametrize("kind", FILES)
def test_all_formats_have_the_same_vectors(kind, tmp_path):
    file = open_vectors(str(FILES[kind](tmp_path)))
    assert file.width == 3
    chosen = choose_vectors(file, first=100, wanted=[])
    assert chosen.words == WORDS
    assert chosen.n_first == len(WORDS)
    assert chosen.vectors.dtype == np.float32
    np.testing.assert_allclose(chosen.vectors, TABLE, rtol=1e-6)
    # And again: a file can be read several times.
    again = choose_vectors(file, first=1, wanted=["dog", "cat"])
    assert again.words == ["the", "dog"]
    assert again.n_first == 1
    np.testing.assert_allclose(again.vectors, TABLE[[0, 4]], rtol=1e-6)


@pytest.mark.parametrize("newline", [b"", b"\n"])
def test_binary(newline, tmp_path):
    path = tmp_path / "x.bin"
    path.write_bytes(as_binary(newline=newline))
    chosen = choose_vectors(open_vectors(str(path)), first=2, wanted=["dog"])
    assert chosen.words == ["the", "new_york", "dog"]
    np.testing.assert_array_equal(chosen.vectors, TABLE[[0, 1, 4]])


def test_compressed_text(tmp_path):
    path = tmp_path / "x.txt.gz"
    path.write_bytes(gzip.compress(as_text().encode()))
    chosen = choose_vectors(open_vectors(str(path)), first=9, wanted=[])
    assert chosen.words == WORDS
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DistillError, match="cut short"):
        choose_vectors(open_vectors(str(path)), first=9, wanted=[])


def test_pipelines_with_hashes_of_words_alone(tmp_path):
    file = open_vectors(str(write_pipeline(tmp_path / "x", words_in_strings=[])))
    chosen = choose_vectors(file, first=9, wanted=["dog", "cat"])
    assert chosen.words == ["dog"]
    np.testing.assert_array_equal(chosen.vectors, TABLE[[4]])


def test_weights_of_model2vec(tmp_path):
    file = open_vectors(str(write_model2vec(tmp_path / "x", weights=True)))
    chosen = choose_vectors(file, first=9, wanted=[])
    np.testing.assert_allclose(chosen.vectors, TABLE * 2, rtol=1e-6)


@settings(max_examples=50, deadline=None)
@given(
    words=st.lists(
        st.text(
            st.characters(exclude_characters=" ", exclude_categories=["Cc", "Cs", "Z"]),
            min_size=1,
        ),
        min_size=1,
        unique=True,
    ),
    width=st.integers(2, 4),
    header=st.booleans(),
)
def test_any_words_in_both_formats_of_word2vec(words, width, header, tmp_path_factory):
    folder = tmp_path_factory.mktemp("vectors")
    table = np.random.default_rng(0).normal(size=(len(words), width)).astype("f")
    # A word like a number at the start would look like a header without one.
    text = write_text(folder / "x.txt", words=words, table=table, header=header)
    (folder / "x.bin").write_bytes(as_binary(words, table))
    for path in (text, folder / "x.bin"):
        chosen = choose_vectors(open_vectors(str(path)), first=len(words), wanted=[])
        assert chosen.words == words
        np.testing.assert_array_equal(chosen.vectors, table)


def test_repeated_words_and_broken_vectors_are_left_out(tmp_path, caplog):
    table = TABLE.copy()
    table[3, 1] = np.nan
    words = ["the", "dog", "the", ",", "cat"]
    path = write_text(tmp_path / "x.txt", words=words, table=table)
    chosen = choose_vectors(open_vectors(str(path)), first=3, wanted=[])
    assert chosen.words == ["the", "dog", "cat"]
    np.testing.assert_array_equal(chosen.vectors, table[[0, 1, 4]])
    (record,) = caplog.records
    assert "1 repeated words, and 1 whose vectors are not finite" in record.message


def cut_text(tmp):
    path = tmp / "x.txt"
    path.write_text(as_text().rsplit(" ", 1)[0], encoding="utf-8")
    return path


def cut_lines(tmp):
    path = tmp / "x.vec"
    lines = as_text(header=True).splitlines(keepends=True)
    path.write_text("".join(lines[:-2]), encoding="utf-8")
    return path


def cut_binary(tmp):
    path = tmp / "x.bin"
    path.write_bytes(as_binary()[:-5])
    return path


def no_numbers(tmp):
    path = tmp / "x.txt"
    path.write_text("the cat sat\n", encoding="utf-8")
    return path


def later_no_numbers(tmp):
    path = tmp / "x.txt"
    path.write_text("the 1 2 3\ncat a b c\n", encoding="utf-8")
    return path


def fasttext_binary(tmp):
    path = tmp / "x.bin"
    path.write_bytes(struct.pack("<2i", 793712314, 12) + b"\n" * 80)
    return path


def other_number_of_words(tmp):
    return write_array(tmp, words=WORDS[:-1])


def cut_array(tmp):
    path = write_array(tmp)
    path.write_bytes(path.read_bytes()[:-8])
    return path


def no_list_of_words(tmp):
    path = write_array(tmp)
    path.with_suffix(".txt").unlink()
    return path


def no_vectors(tmp):
    spacy.blank("en").to_disk(tmp / "x")
    return tmp / "x"


def empty_file(tmp):
    path = tmp / "x.vec"
    path.write_text("0 3\n", encoding="utf-8")
    return path


BAD = {
    cut_text: r"Expected a word and 3 numbers on line 5 of .*, got 2 .* download it",
    cut_lines: r"Expected 5 words in .*, as its first line says, got 3: it was",
    cut_binary: r"Expected 5 words in .*, as its first line says, got 4: it was",
    no_numbers: r"got 'the cat sat': give word vectors in the text format of GloVe",
    later_no_numbers: r"Expected a word and 3 numbers on line 2 of .*, got 3 or",
    fasttext_binary: r"fastText's .bin has parts of words: give its .vec",
    other_number_of_words: r"Expected an array of 4 rows in .*, got the shape \(5, 3\)",
    cut_array: r"Expected a NumPy array at .* may have been cut short",
    no_list_of_words: r"its words, one on each line, at .*words.txt: No such file",
    no_vectors: r"Expected a pipeline with vectors of words, got .*, which has none",
    empty_file: r"Expected vectors of words in .*, got none: choose another file",
    lambda tmp: tmp / "missing.txt": r"Expected word vectors at .*: No such file",
    lambda tmp: tmp / "missing.bin": r"Expected word vectors at .*: No such file",
    lambda tmp: (
        tmp / "x.zip"
    ): r"in a file .txt, .vec, .*, got '.*x.zip': check the name",
}


@pytest.mark.parametrize("make", BAD, ids=lambda make: make.__name__)
def test_bad_files(make, tmp_path):
    with pytest.raises(DistillError, match=BAD[make]) as caught:
        choose_vectors(open_vectors(str(make(tmp_path))), first=9, wanted=[])
    assert "\n" not in str(caught.value)
