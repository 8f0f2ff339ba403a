"""Files of annotation tools as teachers."""

import json

import pytest
from annotated import CITY, PERSON, TEXT, line, write_lines
from taught import logits_of
from written_formats import TEXT_FORMS, TOKEN_FORMS, write_brat, write_records

from spacy_distill.corpora.texts import as_texts
from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.tags import tags_to_spans
from spacy_distill.teachers.annotations.teacher import (
    AnnotationsTeacher,
    annotations_teacher_v1,
)
from spacy_distill.teachers.load import is_pipeline, load_teacher

WORDS = TEXT[:-1].split()


def taught_spans(path, **options):
    """Load a teacher, let it read the texts of its own file, return the entities."""
    teacher = load_teacher(path, **options)
    assert isinstance(teacher, AnnotationsTeacher)
    assert not is_pipeline(path)
    texts = as_texts(path)
    docs = list(texts.read(teacher.nlp))
    assert len(docs) == len(texts)
    teacher.check_texts(lambda: iter(docs))
    found = []
    for doc, logits in zip(docs, logits_of(teacher, docs)):
        tags = [teacher.task.columns[i] for i in logits.argmax(axis=1)]
        found += [(doc[a:b].text, label) for a, b, label in tags_to_spans(tags)]
    return found


@pytest.mark.parametrize("form", TEXT_FORMS)
@pytest.mark.parametrize("container", ["lines", "array indented"])
@pytest.mark.parametrize("name", ["a.jsonl", "a.json"])
def test_each_form_is_teacher_and_texts(tmp_path, form, container, name):
    records = [TEXT_FORMS[form](TEXT, [PERSON, CITY]), TEXT_FORMS[form]("Rain.", [])]
    path = write_records(tmp_path / name, records, container)
    assert taught_spans(path) == [("Mara Feld", "PER"), ("Lisbon", "LOC")]


@pytest.mark.parametrize("form", TOKEN_FORMS)
@pytest.mark.parametrize("container", ["lines", "array"])
def test_tokens_of_the_file(tmp_path, form, container):
    names = ["O", "B-PER", "I-PER", "B-LOC", "I-LOC"]
    (tmp_path / "features.json").write_text(json.dumps({"ner_tags": names}))
    records = [TOKEN_FORMS[form](WORDS, [(0, 2, "PER"), (4, 5, "LOC")])]
    path = write_records(tmp_path / "a.jsonl", records, container)
    assert as_texts(path).own_tokens
    assert taught_spans(path) == [("Mara Feld", "PER"), ("Lisbon", "LOC")]


def test_brat(tmp_path):
    write_brat(tmp_path / "a.ann", f"{TEXT}\nRain.\n", [PERSON, CITY])
    write_brat(tmp_path / "b.ann", "Ida in Oslo.", [(0, 3, "PER")])
    expected = [("Mara Feld", "PER"), ("Lisbon", "LOC")]
    assert taught_spans(tmp_path / "a.ann") == expected
    assert taught_spans(tmp_path / "a.txt") == expected
    assert taught_spans(tmp_path) == [*expected, ("Ida", "PER")]
    # Each line of the text is a document, as in any file of texts.
    assert len(as_texts(tmp_path / "a.txt")) == 2


def test_hash_covers_all_files(tmp_path):
    write_brat(tmp_path / "a.ann", TEXT, [PERSON])
    first = load_teacher(tmp_path).hash
    assert load_teacher(tmp_path).hash == first
    write_brat(tmp_path / "a.ann", TEXT + " Yes.", [PERSON])
    second = load_teacher(tmp_path).hash
    write_brat(tmp_path / "a.ann", TEXT + " Yes.", [PERSON, CITY])
    assert len({first, second, load_teacher(tmp_path).hash}) == 3
    (tmp_path / "rows").mkdir()
    rows = tmp_path / "rows" / "a.jsonl"
    write_lines(rows, {"tokens": ["Mara"], "ner_tags": [1]})
    hashes = set()
    for names in (["O", "B-PER"], ["O", "B-LOC"]):
        (tmp_path / "rows" / "features.json").write_text(
            json.dumps({"ner_tags": names})
        )
        hashes.add(load_teacher(rows).hash)
    assert len(hashes) == 2


def test_names_of_tags_as_an_option(tmp_path):
    path = write_lines(
        tmp_path / "a.jsonl", {"tokens": WORDS, "ner_tags": [1, 2, 0, 0, 3, 0, 0]}
    )
    names = ["O", "B-PER", "I-PER", "B-LOC"]
    teacher = annotations_teacher_v1(path, tag_names=names)
    assert teacher.task.columns[1::4] == ("B-PER", "B-LOC")
    with pytest.raises(DistillError, match="got the number 1: put the names into"):
        annotations_teacher_v1(path)


def contradicting():
    record = line(TEXT, (2, 11, "PER"), (21, 27, "LOC"), (0, 3, "DATE"))
    for span, own in zip(record["spans"], ("Mara Feld", "Lisbon", "June")):
        span["text"] = own
    return record


def test_spans_that_contradict_their_own_text_are_an_error(tmp_path):
    path = write_lines(
        tmp_path / "a.jsonl", line("Rain.", (0, 4, "X")), contradicting()
    )
    with pytest.raises(DistillError) as info:
        load_teacher(path)
    told = str(info.value)
    assert "got 3 that are not" in told
    # The line and both texts.
    assert "line 2: 'ra Feld m' as PER has the text 'Mara Feld' of its own" in told
    assert "which occurs nowhere within 100 characters" in told
    assert "--skip" in told
    assert "\n" not in told


def test_spans_are_moved_to_their_own_text(tmp_path, caplog):
    """The advice of the error works."""
    path = write_lines(
        tmp_path / "a.jsonl", line("Rain.", (0, 4, "X")), contradicting()
    )
    assert taught_spans(path, strict=False) == [
        ("Rain", "X"), ("Mara Feld", "PER"), ("Lisbon", "LOC"),
    ]  # fmt: skip
    assert "moved 2 spans to their own text: line 2: 'ra Feld m' as PER" in caplog.text
    assert "left out 1 invalid spans: line 2: 'Mar' as DATE has the text" in caplog.text
    teacher = load_teacher(path, strict=False)
    (prediction,) = teacher.predict([teacher.nlp.make_doc(TEXT)])
    (dropped,) = prediction.dropped
    assert (dropped.text, dropped.label) == ("Mar", "DATE")
    assert dropped.reason.endswith("nowhere within 100 characters (line 2)")


def test_places_that_are_not_known_have_no_vote(tmp_path):
    """A text of its own that occurs twice may be meant in either place."""
    text = "Ben met Ben."
    unsure = line(text, (1, 4, "PER"), annotator="a")
    unsure["spans"][0]["text"] = "Ben"
    sure = line(text, (8, 11, "PER"), annotator="b")
    path = write_lines(tmp_path / "a.jsonl", unsure, sure)
    assert taught_spans(path, strict=False) == [("Ben", "PER")]
    teacher = load_teacher(path, strict=False)
    doc = teacher.nlp.make_doc(text)
    (logits,) = logits_of(teacher, [doc])
    columns = list(teacher.task.columns)
    # Only b votes on both names.
    assert columns[logits[0].argmax()] == "O"
    assert logits[2].argmax() == columns.index("U-PER")
    assert logits[2].max() > -0.05
