"""Test rulers as teachers."""

import numpy as np
import pytest
import spacy
from stock_pipelines import MARKED, decoded, make_ner, trained_ner, triples, unmark
from taught import logits_of

from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.tags import biluo_tags
from spacy_distill.teachers.base import DroppedSpan
from spacy_distill.teachers.load import load_teacher
from spacy_distill.teachers.spacy_pipelines.span_teachers import RulerTeacher

PATTERNS = [
    {"label": "LOC", "pattern": "Upper Linden"},
    {"label": "LOC", "pattern": "Linden"},
    {"label": "ORG", "pattern": "Linden Mill Society"},
    {"label": "PER", "pattern": [{"LOWER": "mira"}, {"IS_TITLE": True, "OP": "?"}]},
    # The same text with two labels.
    {"label": "LOC", "pattern": "Tarn"},
    {"label": "ORG", "pattern": "Tarn"},
]
TEXTS = [
    "Mira Holt left the Upper Linden Mill Society .",
    "",
    "  ",
    "nothing",
    "mira and  Tarn",
    "Upper Linden Linden Mill Society Linden",
]


def make_ruler(factory="entity_ruler", **config):
    nlp = spacy.blank("en")
    nlp.add_pipe(factory, name="rules", config=config).add_patterns(PATTERNS)
    return nlp


ENTS = [
    ("entity_ruler", {}),
    ("future_entity_ruler", {}),
    ("span_ruler", {"annotate_ents": True}),
    ("span_ruler", {"annotate_ents": True, "spans_key": None}),
]


@pytest.mark.parametrize(("factory", "config"), ENTS)
def test_entities_match_the_pipeline(factory, config):
    nlp = make_ruler(factory, **config)
    teacher = RulerTeacher(nlp, "rules")
    assert teacher.task.columns == biluo_tags(["LOC", "ORG", "PER"])
    docs = [nlp.make_doc(text) for text in TEXTS]
    for text, (logits, _, dropped) in zip(TEXTS, teacher.predict(docs)):
        expected = triples(nlp(text).ents)
        assert decoded(logits.astype(np.float16), teacher.task.columns) == expected
        # spaCy has already resolved the overlaps.
        assert dropped == ()
    assert sum(len(nlp(text).ents) for text in TEXTS) > 5


def test_spans_that_overlap():
    """The longest of overlapping spans is kept, then the first."""
    nlp = make_ruler("span_ruler", spans_key="found")
    teacher = RulerTeacher(nlp, "rules")
    docs = [nlp.make_doc(text) for text in TEXTS]
    predictions = teacher.predict(docs)
    columns = teacher.task.columns
    found = [decoded(p.logits.astype(np.float16), columns) for p in predictions]
    assert found[0] == [(0, 2, "PER"), (5, 8, "ORG")]
    assert found[5] == [(0, 2, "LOC"), (2, 5, "ORG"), (5, 6, "LOC")]
    assert len(found[4]) == 2
    dropped = [prediction.dropped for prediction in predictions]
    reason = "overlaps 'Linden Mill Society' (ORG)"
    assert DroppedSpan(4, "Upper Linden", "LOC", reason) in dropped[0]
    assert DroppedSpan(5, "Linden", "LOC", reason) in dropped[0]
    assert DroppedSpan(0, "Mira", "PER", "overlaps 'Mira Holt' (PER)") in dropped[0]
    assert len(dropped[0]) == 3
    assert [span.text for span in dropped[4]] == ["Tarn"]
    assert dropped[1:4] == [(), (), ()]


@pytest.mark.parametrize("certainty", [None, 0.6, 1.0])
def test_certainty(certainty):
    nlp = make_ruler()
    teacher = RulerTeacher(nlp, "rules", certainty=certainty)
    (row,) = logits_of(teacher, [nlp.make_doc("In Upper Linden")])
    probabilities = np.exp(row)
    expected = 0.9 if certainty is None else certainty
    column = teacher.task.columns.index("B-LOC")
    assert probabilities[1, column] == pytest.approx(expected, abs=3e-3)
    assert probabilities[1, 0] == pytest.approx(1 - expected, abs=3e-3)
    # Outside of spans.
    assert probabilities[0, 0] > 0.99


@pytest.mark.parametrize("certainty", [0.5, 0.0, 1.1, float("nan")])
def test_certainty_out_of_range(certainty):
    with pytest.raises(DistillError, match="certainty above 0.5 and at most 1, got"):
        RulerTeacher(make_ruler(), "rules", certainty=certainty)


def test_certainty_is_in_the_hash():
    nlp = make_ruler()
    base = RulerTeacher(nlp, "rules").hash
    assert RulerTeacher(nlp, "rules", certainty=0.9).hash == base
    assert RulerTeacher(nlp, "rules", certainty=0.8).hash != base
    other = make_ruler()
    other.get_pipe("rules").add_patterns([{"label": "LOC", "pattern": "Port"}])
    assert RulerTeacher(other, "rules").hash != base


def test_entities_of_the_components_before_it():
    """A ruler behind a `ner` teaches what both have found."""
    # A sentence that the `ner` has by heart.
    nlp = make_ner(steps=100)
    text = "Mira Holt walked to Upper Linden ."
    assert text in [unmark(marked)[0] for marked in MARKED]
    ruler = nlp.add_pipe("entity_ruler", config={"overwrite_ents": True})
    ruler.add_patterns([{"label": "MOVE", "pattern": "walked to"}])
    teacher = RulerTeacher(nlp, "entity_ruler")
    assert set(teacher.task.columns) == set(biluo_tags(["MOVE", "LOC", "PER"]))
    (row,) = logits_of(teacher, [nlp.make_doc(text)])
    expected = triples(nlp(text).ents)
    assert expected == [(0, 2, "PER"), (2, 4, "MOVE"), (4, 6, "LOC")]
    assert decoded(row.astype(np.float16), teacher.task.columns) == expected


def test_spans_of_upstream_components():
    nlp = make_ruler("span_ruler", spans_key="found")
    later = nlp.add_pipe(
        "span_ruler", name="later", config={"spans_key": "found", "overwrite": False}
    )
    later.add_patterns([{"label": "MILL", "pattern": "old mill"}])
    elsewhere = nlp.add_pipe("span_ruler", name="elsewhere", first=True)
    elsewhere.add_patterns([{"label": "OTHER", "pattern": "old"}])
    teacher = RulerTeacher(nlp, "later")
    assert set(teacher.task.columns) == set(biluo_tags(["MILL", "LOC", "ORG", "PER"]))
    (row,) = logits_of(teacher, [nlp.make_doc("Mira saw the old mill")])
    found = decoded(row.astype(np.float16), teacher.task.columns)
    assert found == [(0, 1, "PER"), (3, 5, "MILL")]


def test_spans_are_not_stored():
    nlp = make_ruler("span_ruler", spans_key=None)
    with pytest.raises(DistillError, match="no spans_key and no annotate_ents"):
        RulerTeacher(nlp, "rules")


def test_not_a_ruler_or_without_patterns():
    with pytest.raises(DistillError, match="or a span_ruler, got a EntityRecognizer"):
        RulerTeacher(trained_ner(), "ner")
    nlp = trained_ner()
    nlp.add_pipe("entity_ruler")
    # The labels of the `ner` are not sufficient, since the ruler predicts.
    with pytest.raises(DistillError, match="'entity_ruler' has no labels.*patterns"):
        RulerTeacher(nlp, "entity_ruler")


def test_by_name(tmp_path):
    make_ruler().to_disk(tmp_path / "my_rules")
    teacher = load_teacher(tmp_path / "my_rules")
    assert isinstance(teacher, RulerTeacher)
    assert teacher.name == "my_rules"
    assert teacher.whole_documents
