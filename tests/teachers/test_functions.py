"""A Python function from texts to spans as teacher."""

import numpy as np
import pytest
import spacy
from small import SENTENCES, TEXTS
from taught import best_spans

from spacy_distill.errors import DistillError
from spacy_distill.teachers.load import load_teacher
from spacy_distill.teachers.pipe import teacher_pipeline
from spacy_distill.teachers.span_functions import SpanFunctionTeacher

GOLD = dict(SENTENCES)
LABELS = ["PER", "LOC"]


def know_all(texts):
    return [GOLD.get(text, []) for text in texts]


def make(function=know_all, labels=LABELS):
    return load_teacher(function, labels=labels)


def test_it_predicts_its_spans():
    teacher = make()
    assert isinstance(teacher, SpanFunctionTeacher)
    assert (teacher.name, teacher.task.labels) == ("know_all", ("PER", "LOC"))
    nlp = teacher_pipeline(teacher)
    for text, spans in SENTENCES:
        doc = nlp(text)
        assert [(e.start_char, e.end_char, e.label_) for e in doc.ents] == spans


def test_scores_are_probabilities():
    teacher = make(lambda texts: [[(0, 4, "PER", 0.7)] for _ in texts])
    ((logits, unaligned, dropped),) = teacher.predict([teacher.nlp("Anna came .")])
    assert unaligned is None
    assert dropped == ()
    column = teacher.task.columns.index("U-PER")
    assert np.exp(logits[0, column]) == pytest.approx(0.7, abs=1e-3)
    assert np.exp(logits[0, 0]) == pytest.approx(0.3, abs=1e-3)


def test_what_tokens_cannot_express_is_dropped():
    spans = [(0, 3, "PER"), (5, 9, "LOC"), (5, 14, "LOC", 0.9), (10, 14, "DATE")]
    teacher = make(lambda texts: [spans for _ in texts])
    ((logits, _, dropped),) = teacher.predict([teacher.nlp("Anna came here .")])
    assert best_spans(teacher, logits) == [(1, 2, "LOC")]
    assert [(span.text, span.reason) for span in dropped] == [
        ("Ann", "does not begin and end where tokens do"),
        ("came here", "overlaps 'came' (LOC)"),
        ("here", "its label is not one of the teacher's"),
    ]


def test_calls_do_not_depend_on_each_other():
    teacher = make()
    docs = [teacher.nlp(text) for text in TEXTS]
    first = [one.logits for one in teacher.predict(docs)]
    teacher.predict(docs[:1])
    for alone, doc in zip(first, docs):
        ((logits, _, _),) = teacher.predict([doc])
        np.testing.assert_array_equal(logits, alone)


def test_the_hash_covers_code_labels_and_language():
    def other(texts):
        return [[] for _ in texts]

    hashes = {
        make().hash,
        make(other).hash,
        make(labels=["LOC", "PER"]).hash,
        load_teacher(know_all, labels=LABELS, lang="de").hash,
    }
    assert len(hashes) == 4
    assert make().hash == make().hash


def test_labels_are_needed():
    with pytest.raises(DistillError, match=r"got none: give labels, e\.g\. labels="):
        load_teacher(know_all)


@pytest.mark.parametrize(
    ("returned", "message"),
    [
        (None, "the spans of each of 2 texts .*got no list"),
        ([[]], "the spans of each of 2 texts .*got 1"),
        ([[(0, 1)], []], r"Expected spans .*got \(0, 1\): give \(start, end, label\)"),
        ([["x"], []], "Expected spans .*got 'x'"),
        ([[(0, "a", "PER")], []], r"got \(0, 'a', 'PER'\)"),
    ],
)
def test_other_results_are_errors(returned, message):
    teacher = make(lambda texts: returned)
    docs = [spacy.blank("en")(text) for text in ("one", "two")]
    with pytest.raises(DistillError, match=message):
        teacher.predict(docs)


def test_in_an_ensemble():
    teacher = load_teacher(
        [know_all, SpanFunctionTeacher(know_all_but_paris, LABELS)], labels=LABELS
    )
    doc = teacher.nlp("Anna went to Paris .")
    ((logits, _, _),) = teacher.predict([doc])
    column = teacher.task.columns.index("U-LOC")
    assert np.exp(logits[3, column]) == pytest.approx(0.5, abs=1e-3)


def know_all_but_paris(texts):
    return [
        [span for span in spans if texts[i][span[0] : span[1]] != "Paris"]
        for i, spans in enumerate(know_all(texts))
    ]
