import pytest
from speed.texts import read_corpus
from tiny_teachers import write_jsonl

from spacy_distill.errors import DistillError


def test_words_are_spacys(tmp_path):
    path = write_jsonl(tmp_path / "texts.jsonl", ["Anna's dog.", " ", "a b"])
    texts = read_corpus(path, lang="en")
    assert texts.texts == ("Anna's dog.", "a b")
    assert texts.words == (4, 2)


def test_no_texts(tmp_path):
    with pytest.raises(DistillError, match="not there"):
        read_corpus(tmp_path / "none.jsonl", lang="en")
    path = write_jsonl(tmp_path / "texts.jsonl", [" ", "\n"])
    with pytest.raises(DistillError, match="only white space"):
        read_corpus(path, lang="en")


def test_no_language(tmp_path):
    path = write_jsonl(tmp_path / "texts.jsonl", ["a"])
    with pytest.raises(DistillError, match="--lang, got 'qqq'"):
        read_corpus(path, lang="qqq")
