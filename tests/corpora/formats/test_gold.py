"""Annotated text as gold."""

import pytest
import spacy
from annotated import CITY, PERSON, TEXT, line, write_lines

from spacy_distill.corpora.formats import read_annotated_gold
from spacy_distill.corpora.sources import read_gold_source, read_unlabelled_source
from spacy_distill.errors import DistillError

NLP = spacy.blank("en")


@pytest.fixture
def notes():
    """What was left out, dropped or repaired, filled by `read`."""
    return []


def read_path(path, notes=None, **options):
    gold = read_annotated_gold(path, NLP, **options)
    if notes is not None:
        notes += gold.notes
        if gold.trimmed:
            notes.append(f"trimmed whitespace from {gold.trimmed} spans")
    return [doc for doc, _ in gold.docs]


def read(folder, *lines, **options):
    return read_path(write_lines(folder / "a.jsonl", *lines), **options)


def entities(doc):
    return [(ent.text, ent.label_) for ent in doc.ents]


def states(doc):
    """Return I, O or ? (no annotation) for each token."""
    return "".join("?IOI"[token.ent_iob] for token in doc)


def test_entities_and_outside(tmp_path):
    doc, other = read(tmp_path, line(TEXT, PERSON, CITY), line("Rain."))
    assert doc.text == TEXT
    assert doc.vocab is NLP.vocab
    assert entities(doc) == [("Mara Feld", "PER"), ("Lisbon", "LOC")]
    assert states(doc) == "IIOOIOOO"
    assert states(other) == "OO"


def test_spans_that_do_not_fit_tokens_are_unknown(tmp_path, notes):
    (doc,) = read(tmp_path, line(TEXT, PERSON, (20, 25, "LOC")), notes=notes)
    assert entities(doc) == [("Mara Feld", "PER")]
    assert states(doc) == "IIOO?OOO"
    (note,) = notes
    assert "dropped 1 spans: line 1: 'isbon' as LOC begins inside 'Lisbon'" in (note)
    with pytest.raises(DistillError, match="got 1 that is not: line 1: 'isbon'"):
        read(tmp_path, line(TEXT, PERSON, (20, 25, "LOC")), strict=True)


def test_of_overlapping_spans_the_longest_is_kept(tmp_path, notes):
    spans = [(0, 4, "PER"), (5, 9, "PER"), (0, 15, "X"), (10, 18, "Y"), CITY]
    (doc,) = read(tmp_path, line(TEXT, *spans), notes=notes)
    assert entities(doc) == [("Mara Feld moved", "X"), ("Lisbon", "LOC")]
    # What only a dropped span has is unknown.
    assert states(doc) == "III?IOOO"
    (note,) = notes
    assert "dropped 3 spans" in note
    assert "'Mara' as PER overlaps with another span of the text" in note
    (doc,) = read(tmp_path, line(TEXT, (0, 4, "A"), (0, 4, "B")))
    assert entities(doc) == [("Mara", "A")]
    with pytest.raises(DistillError, match="overlaps with another span"):
        read(tmp_path, line(TEXT, *spans), strict=True)


def test_whitespace_is_trimmed(tmp_path, notes):
    (doc,) = read(
        tmp_path, line(TEXT, (0, 10, "PER"), (18, 25, "LOC")), strict=True, notes=notes
    )
    assert entities(doc) == [("Mara Feld", "PER"), ("Lisbon", "LOC")]
    (note,) = notes
    assert "trimmed whitespace from 2 spans" in note
    (doc,) = read(tmp_path, line(TEXT, (4, 5, "PER")))
    assert entities(doc) == []


def contradicting():
    record = line("Then Mira Voss met Ben.", (3, 12, "PER"), (0, 3, "PER"))
    record["spans"][0]["text"] = "Mira Voss"
    record["spans"][1]["text"] = "Ida"
    return record


def test_spans_that_contradict_their_own_text(tmp_path, notes):
    (doc,) = read(tmp_path, contradicting(), notes=notes)
    assert entities(doc) == [("Mira Voss", "PER")]
    assert states(doc) == "?IIOOO"
    moved, dropped = notes
    assert (
        "moved 1 spans to their own text: line 1: 'n Mira Vo' as PER has the" in moved
    )
    assert "dropped 1 spans: line 1: 'The' as PER has the text 'Ida' of its" in dropped
    with pytest.raises(DistillError) as info:
        read(tmp_path, contradicting(), strict=True)
    told = str(info.value)
    assert "a.jsonl, got 2 that are not" in told
    # The line and both texts.
    assert "line 1: 'n Mira Vo' as PER has the text 'Mira Voss' of its own" in told
    assert "\n" not in told


def test_one_annotation_of_several_annotators(tmp_path, notes):
    lines = [
        line(TEXT, PERSON, annotator="one"),
        line(TEXT, PERSON, annotator="two"),
        line(TEXT, PERSON, CITY, annotator="three"),
        # The same text again is gold again.
        line("Rain.", annotator="one"),
        line("Rain.", annotator="one"),
    ]
    docs = read(tmp_path, *lines, notes=notes)
    assert [entities(doc) for doc in docs] == [[("Mara Feld", "PER")], [], []]
    (note,) = notes
    assert "1 others are the same, 1 differ (line 3 against line 1)" in (note)
    with pytest.raises(DistillError, match="one annotation of each text .* line 3"):
        read(tmp_path, *lines, strict=True)
    assert len(read(tmp_path, *lines[:2], *lines[3:], strict=True)) == 3


def test_a_file_for_each_annotator(tmp_path, notes):
    """As doccano writes them, without names."""
    write_lines(tmp_path / "ida.jsonl", line(TEXT, PERSON), line("Rain."))
    write_lines(tmp_path / "uwe.jsonl", line(TEXT, CITY), line("Rain."))
    docs = read_path(tmp_path, notes)
    assert [doc.text for doc in docs] == [TEXT, "Rain.", "Rain."]
    assert entities(docs[0]) == [("Mara Feld", "PER")]
    assert "1 differ (uwe.jsonl line 1 against ida.jsonl line 1)" in " ".join(notes)
    with pytest.raises(DistillError, match=r"uwe\.jsonl line 1 against ida"):
        read_path(tmp_path, strict=True)


def test_only_what_counts(tmp_path, notes):
    lines = [line(TEXT, PERSON), line(TEXT, CITY, answer="reject")]
    (doc,) = read(tmp_path, *lines, notes=notes)
    assert entities(doc) == [("Mara Feld", "PER")]
    assert "left out texts (1 reject)" in " ".join(notes)
    with pytest.raises(DistillError, match=r"none that counts \(1 reject\)"):
        read(tmp_path, lines[1])


def test_own_tokens_are_kept(tmp_path):
    row = {
        "tokens": ["Mara", "Feld-Voss", "left."],
        "ner_tags": ["B-PER", "I-PER", "O"],
    }
    (doc,) = read(tmp_path, row)
    assert [token.text for token in doc] == row["tokens"]
    assert entities(doc) == [("Mara Feld-Voss", "PER")]


def test_as_sources_of_a_corpus(tmp_path):
    path = write_lines(tmp_path / "a.json", line(TEXT, PERSON), line("Rain."))
    sentences = read_gold_source(path, NLP)
    assert [s.document for s in sentences] == [0, 1]
    assert entities(sentences[0].doc) == [("Mara Feld", "PER")]
    with pytest.raises(DistillError, match="one of the labels LOC, got 'PER'"):
        read_gold_source(path, NLP, labels=["LOC"])
    plain = read_unlabelled_source(path, NLP)
    assert [s.doc.text for s in plain] == [TEXT, "Rain."]
    assert not plain[0].doc.has_annotation("ENT_IOB")
