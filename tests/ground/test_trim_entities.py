import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc, Span

from spacy_distill.docs import Trimmed, trim_entities

NLP = spacy.blank("en")


def make(words, *spans):
    doc = Doc(NLP.vocab, words=words)
    doc.set_ents([Span(doc, *span) for span in spans])
    return doc


@pytest.mark.parametrize("space", ["\n", "\t", "  ", "\xa0", "\r\n", "\u3000"])
@pytest.mark.parametrize(
    ("start", "end"), [(1, 4), (0, 3), (0, 4)], ids=["after", "before", "both"]
)
def test_whitespace_at_the_ends_is_trimmed(space, start, end):
    doc = make([space, "New", "York", space, "again"], (start, end, "LOC"))
    assert trim_entities(doc) == Trimmed(trimmed=1)
    assert [(e.start, e.end, e.label_) for e in doc.ents] == [(1, 3, "LOC")]
    assert [token.ent_iob_ for token in doc] == ["O", "B", "I", "O", "O"]


def test_an_entity_of_whitespace_alone_is_dropped():
    doc = make(["Oslo", "\n", "\t", "x"], (0, 1, "LOC"), (1, 3, "LOC"))
    assert trim_entities(doc) == Trimmed(dropped=1)
    assert [e.text for e in doc.ents] == ["Oslo"]
    assert doc[1].ent_iob_ == "O"


def test_whitespace_within_an_entity_stays():
    doc = make(["New", "\n", "York"], (0, 3, "LOC"))
    assert trim_entities(doc) == Trimmed()
    assert [(e.start, e.end) for e in doc.ents] == [(0, 3)]


def test_ids_and_missing_annotation_stay():
    doc = Doc(NLP.vocab, words=["Oslo", "\n", "is", "far"])
    span = Span(doc, 0, 2, label="LOC", kb_id="Q585", span_id="a")
    doc.set_ents([span], missing=[doc[3:4]])
    trim_entities(doc)
    (ent,) = doc.ents
    assert (ent.text, ent.kb_id_, ent.id_) == ("Oslo", "Q585", "a")
    assert [token.ent_iob for token in doc] == [3, 2, 2, 0]


def test_a_doc_without_annotation_is_not_changed():
    doc = Doc(NLP.vocab, words=["Oslo", "\n"])
    assert trim_entities(doc) == Trimmed()
    assert not doc.has_annotation("ENT_IOB")


@given(st.lists(st.sampled_from(["a", "b", "\n", "\t"]), min_size=1, max_size=8))
def test_no_entity_starts_or_ends_with_whitespace(words):
    doc = make(words, (0, len(words), "X"))
    result = trim_entities(doc)
    assert result.total <= 1
    assert "".join(e.text for e in doc.ents).strip() == doc.text.strip()
    assert not any(e[0].is_space or e[-1].is_space for e in doc.ents)
    assert trim_entities(doc) == Trimmed()
