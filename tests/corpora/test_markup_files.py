import pytest
import spacy

from spacy_distill.corpora.markup import MarkedEntity, MarkedSentence
from spacy_distill.corpora.markup_files import marked_doc, read_markup
from spacy_distill.errors import DistillError


def test_a_folder_is_read_in_order_of_its_names(tmp_path):
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "c.txt").write_text("# x/c\nC.\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("# x/b\nB.\n", encoding="utf-8")
    (tmp_path / "a.txt").write_text("# x/a\nA.\n", encoding="utf-8")
    (tmp_path / "notes.md").write_text("not mark-up", encoding="utf-8")
    assert [d.name for d in read_markup(tmp_path)] == ["x/a", "x/b", "x/c"]
    assert [d.name for d in read_markup(tmp_path / "b.txt")] == ["x/b"]


def test_line_ends_and_a_byte_order_mark_do_no_harm(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbf# x/a\r\nA.\r\n")
    assert [s.text for s in read_markup(tmp_path)[0].sentences] == ["A."]


def test_what_is_not_utf8_is_found_by_line(tmp_path):
    (tmp_path / "a.txt").write_bytes("# x/a\n\nCafé.\n".encode("latin-1"))
    with pytest.raises(DistillError, match=r"a\.txt:3: expected UTF-8, got .* 0xe9"):
        read_markup(tmp_path)
    (tmp_path / "a.txt").write_bytes("\ufeff# x/a\n".encode() + b"\n\xff\n")
    with pytest.raises(DistillError, match=r"a\.txt:3: expected UTF-8, got .* 0xff"):
        read_markup(tmp_path)


def test_a_heading_in_two_files_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("# x/a\nA.\n", encoding="utf-8")
    (tmp_path / "b.txt").write_text("# x/b\nB.\n\n# x/a\nB.\n", encoding="utf-8")
    with pytest.raises(DistillError, match=r"b\.txt:4: .*first in .*a\.txt:1"):
        read_markup(tmp_path)


def test_missing_and_empty_places_are_refused(tmp_path):
    with pytest.raises(DistillError, match=r"Expected \.txt files"):
        read_markup(tmp_path)
    with pytest.raises(DistillError, match=r"Expected a text file at .*nope"):
        read_markup(tmp_path / "nope.txt")
    (tmp_path / "a.txt").write_text("\n\n", encoding="utf-8")
    with pytest.raises(DistillError, match=r"a\.txt:1: .*empty file"):
        read_markup(tmp_path)


def test_entities_become_spans_and_the_rest_is_outside():
    nlp = spacy.blank("en")
    sentence = MarkedSentence("Ada Lowe's bus left.", (MarkedEntity(0, 8, "PER"),))
    doc = marked_doc(sentence, nlp, source="x")
    assert [(e.text, e.label_) for e in doc.ents] == [("Ada Lowe", "PER")]
    assert [t.ent_iob_ for t in doc] == ["B", "I", "O", "O", "O", "O"]
    empty = marked_doc(MarkedSentence("Nothing."), nlp, source="x")
    assert [t.ent_iob_ for t in empty] == ["O", "O"]


def test_an_entity_inside_a_token_is_refused():
    sentence = MarkedSentence("A Lisbonite came.", (MarkedEntity(2, 8, "LOC"),), line=7)
    with pytest.raises(DistillError, match=r"^x:7: .*'Lisbon' .*cuts 'Lisbonite'"):
        marked_doc(sentence, spacy.blank("en"), source="x")
