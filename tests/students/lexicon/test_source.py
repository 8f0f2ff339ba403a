import json

import numpy as np
import pytest
import spacy

from spacy_distill.errors import DistillError
from spacy_distill.students.lexicon.matching import Lexicon
from spacy_distill.students.lexicon.source import lexicon_vectors, read_lexicon
from spacy_distill.students.word_vectors import StartingVectors


def write(path, *lines):
    path.write_text("\n".join(lines), encoding="utf-8")
    return path


def test_a_word_on_each_line(tmp_path):
    lines = ["\ufeffNew York", "", " 南京 ", "New York", "a"]
    path = write(tmp_path / "words.txt", *lines)
    assert read_lexicon(path).words == ["New York", "南京"]
    assert read_lexicon(path, min_characters=1).words == ["New York", "南京", "a"]


def test_further_columns(tmp_path):
    path = write(tmp_path / "dict.txt", "南京 34 ns", "", "长江\t5 n", "南京 1 n")
    assert read_lexicon(path, columns=True).words == ["南京", "长江"]


def test_windows_line_endings(tmp_path):
    path = tmp_path / "words.txt"
    path.write_bytes("南京\r\n\r\n长江\r\n".encode())
    assert read_lexicon(path).words == ["南京", "长江"]


def test_jsonl(tmp_path):
    lines = ['"New York"', "", json.dumps({"text": " Rome ", "kind": "city"}), '""']
    path = write(tmp_path / "words.jsonl", *lines)
    assert read_lexicon(path).words == ["New York", "Rome"]


def test_words_of_texts_only(tmp_path):
    path = write(tmp_path / "words.txt", "长江", "南京", "南京市", "北京")
    nlp = spacy.blank("zh")
    lexicon = read_lexicon(path, texts=[nlp("南京人"), nlp("长江")])
    assert lexicon.words == ["长江", "南京"]


@pytest.mark.parametrize(
    ("name", "lines", "options", "message"),
    [
        ("a.txt", [], {}, "Expected a word on each line of .*got none: choose"),
        ("a.txt", ["", " "], {"columns": True}, "Expected a word on each line"),
        ("a.jsonl", ['""'], {}, "Expected a word on each line"),
        ("a.txt", ["京"], {}, "of 2 or more characters in .*got 1 that are shorter"),
        ("a.csv", ["南京"], {}, r"file .txt or .jsonl, got .*a.csv: convert"),
        ("a.jsonl", ["南京"], {}, 'an object with a "text" in .*line 1, got 南京'),
        ("a.jsonl", ['{"word": "a"}'], {}, 'an object with a "text" in .*line 1'),
        ("a.txt", ["南京 1 ns"], {"texts": True}, "none of 1, such as '南京 1 ns'"),
    ],
)
def test_lexicons_without_words(name, lines, options, message, tmp_path):
    if "texts" in options:
        options = {"texts": [spacy.blank("zh")("在南京")]}
    with pytest.raises(DistillError, match=message):
        read_lexicon(write(tmp_path / name, *lines), **options)


def test_files_that_cannot_be_read(tmp_path):
    with pytest.raises(
        DistillError, match="Expected a lexicon at .*nothing.txt, got no file"
    ):
        read_lexicon(tmp_path / "nothing.txt")
    (tmp_path / "gbk.txt").write_bytes("南京".encode("gbk"))
    with pytest.raises(DistillError, match="Expected a lexicon in UTF-8 at .*gbk"):
        read_lexicon(tmp_path / "gbk.txt")


def test_vectors_of_a_source_or_random_ones():
    lexicon = Lexicon(["a", "bb"])
    given = lexicon_vectors(
        lexicon, lambda words, width: StartingVectors(np.full((2, width), 3.0)), 4
    )
    assert given.dtype == np.float32
    np.testing.assert_array_equal(given, np.full((2, 4), 3.0))
    random = lexicon_vectors(lexicon, None, 4)
    assert random.shape == (2, 4)
    assert random.std() > 0


@pytest.mark.parametrize(
    ("vectors", "message"),
    [
        (np.zeros((2, 5)), r"shape \(2, 4\), got \(2, 5\): set the width"),
        (np.zeros((3, 4)), r"shape \(2, 4\), got \(3, 4\)"),
        (np.full((2, 4), np.nan), "finite numbers"),
    ],
)
def test_vectors_that_do_not_fit(vectors, message):
    with pytest.raises(DistillError, match=message):
        lexicon_vectors(
            Lexicon(["a", "b"]), lambda words, width: StartingVectors(vectors), 4
        )
