"""Column files of languages that put no spaces between words."""

from pathlib import Path

import pytest
import spacy

from spacy_distill.corpora.columns import read_columns
from spacy_distill.docs import blank_pipeline

DATA = Path(__file__).parents[3] / "shared" / "data"


@pytest.fixture(scope="module")
def chinese():
    return blank_pipeline("zh")


def read(tmp_path, text, vocab):
    path = tmp_path / "some.bmes"
    path.write_text(text, encoding="utf-8")
    return read_columns(path, vocab)


def test_chinese_characters_are_joined(tmp_path, chinese):
    text = "\u96ea B-LOC\n\u5c71 M-LOC\n\u9547 E-LOC\n\u7f8e O\n\n\u4ed6 O\n\u8bf4 O\n"
    file = read(tmp_path, text, chinese.vocab)
    assert [s.doc.text for s in file.sentences] == [
        "\u96ea\u5c71\u9547\u7f8e",
        "\u4ed6\u8bf4",
    ]
    assert [(e.text, e.label_) for e in file.sentences[0].doc.ents] == [
        ("\u96ea\u5c71\u9547", "LOC")
    ]
    english = read(tmp_path, text, spacy.blank("en").vocab)
    assert english.sentences[1].doc.text == "\u4ed6 \u8bf4"


def test_latin_words_in_chinese_keep_their_space(tmp_path, chinese):
    text = "\u4ed6 O\nAda B-PER\nLowe I-PER\n\u7684 O\nA O\nB O\n1 O\n2 O\n"
    (sentence,) = read(tmp_path, text, chinese.vocab).sentences
    assert sentence.doc.text == "\u4ed6Ada Lowe\u7684AB12"
    assert [e.text for e in sentence.doc.ents] == ["Ada Lowe"]


def test_the_index_of_a_character_is_no_part_of_its_word(tmp_path, chinese):
    text = "\u96ea0\tB-LOC\n\u5c711\tI-LOC\n20\tO\n\n\u4ed60\tO\n\u8bf40\tO\n"
    file = read(tmp_path, text, chinese.vocab)
    assert [s.doc.text for s in file.sentences] == [
        "\u96ea\u5c712",
        "\u4ed6\u8bf4",
    ]
    assert file.notes[1:] == (
        "characters without the index in their word: '\u96ea' of '\u96ea0'",
    )


@pytest.mark.parametrize(
    "text",
    ["A0 B-X\nA1 I-X\n", "\u96ea0 B-X\n\u5c712 I-X\n", "\u96ea0 B-X\n\u5c71 I-X\n"],
)
def test_other_digits_are_part_of_words(tmp_path, chinese, text):
    file = read(tmp_path, text, chinese.vocab)
    words = [line.split()[0] for line in text.splitlines()]
    assert [t.text for t in file.sentences[0].doc] == words
    assert len(file.notes) == 1


@pytest.mark.skipif(not DATA.is_dir(), reason="no corpora in ../shared/data")
@pytest.mark.parametrize(
    ("name", "sentences", "entities", "notes"),
    [
        ("weibo_zh/weiboNER_2nd_conll.dev", 270, 389, 2),
        # With 4 tags in the wrong place.
        ("weibo_zh/weiboNER_2nd_conll.test", 270, 418, 3),
        ("resume_zh/dev.char.bmes", 463, 1497, 1),
        ("resume_zh/test.char.bmes", 477, 1630, 1),
    ],
)
def test_public_corpora(name, sentences, entities, notes, chinese):
    file = read_columns(DATA / name, chinese.vocab)
    assert len(file.sentences) == sentences
    assert sum(len(s.doc.ents) for s in file.sentences) == entities
    assert len(file.notes) == notes
    assert all(" " not in s.doc.text for s in file.sentences)
