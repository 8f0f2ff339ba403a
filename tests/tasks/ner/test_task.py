"""The NER task: what rows and columns of logits mean."""

import numpy as np
import pytest
import spacy
from small import TEXTS, entities, make_examples, scores, trained
from spacy.tokens import Doc

from spacy_distill.arrays import log_softmax
from spacy_distill.errors import DistillError
from spacy_distill.tasks.base import Task
from spacy_distill.tasks.ner.tags import biluo_tags
from spacy_distill.tasks.ner.task import NERTask
from spacy_distill.tasks.registry import find_task
from spacy_distill.windows import split

NLP = spacy.blank("en")
TASK = NERTask(["PER", "LOC"])


def logits_of(tags, task=TASK, lead=5.0):
    rows = np.zeros((len(tags), len(task.columns)), dtype=np.float32)
    rows[np.arange(len(tags)), [task.columns.index(tag) for tag in tags]] = lead
    return rows


def test_it_is_a_task():
    assert isinstance(TASK, Task)
    assert TASK.columns == biluo_tags(["PER", "LOC"])
    assert TASK.n_rows(NLP("one two")) == 2


def test_logits_are_decoded_as_by_the_component_they_come_from():
    student = trained()
    ner = student.get_pipe("ner")
    for text in [*TEXTS, "", " Anna \n", "Paris Paris Anna of York City"]:
        own, other = student(text), NLP.make_doc(text)
        ner.task.annotate([other], ner.get_logits([student.make_doc(text)]))
        assert entities(other) == entities(own)
        assert scores(other) == pytest.approx(scores(own), abs=1e-6)


def test_entities_that_are_set_are_kept():
    doc = NLP.make_doc("Anna went to Paris .")
    doc.ents = [doc.char_span(13, 18, label="X")]
    tags = ["U-PER", "O", "O", "U-LOC", "O"]
    TASK.annotate([doc], [logits_of(tags)])
    assert entities(doc) == [("Anna", "PER"), ("Paris", "X")]
    assert scores(doc)[1] == 1.0


def test_docs_are_annotated_apart_from_each_other():
    docs = [NLP.make_doc(text) for text in ("Anna", "", "New York")]
    rows = [logits_of(["U-PER"]), logits_of([]), logits_of(["B-LOC", "L-LOC"])]
    TASK.annotate(docs, rows)
    assert [entities(doc) for doc in docs] == [
        [("Anna", "PER")],
        [],
        [("New York", "LOC")],
    ]
    log_probs = log_softmax(rows[0])
    assert scores(docs[0]) == pytest.approx([np.exp(log_probs.max())])


def test_windows_are_merged_by_context():
    rows = np.arange(12.0)[:, None]
    windows = split(12, window=6, overlap=2)
    merged = TASK.merge(windows, [rows[start:end] for start, end in windows])
    np.testing.assert_array_equal(merged, rows)


def test_predictions_are_counted_by_label():
    logits = logits_of(["B-PER", "I-PER", "L-PER", "O", "U-PER", "U-PER"])
    assert TASK.count(logits) == {"PER": 3, "LOC": 0}
    assert NERTask([]).count(np.zeros((2, 1))) == {}


def test_labels_are_renamed_merged_and_dropped():
    task = NERTask(["GPE", "LOC", "DATE"])
    new, columns = task.relabel({"GPE": "LOC", "LOC": "LOC", "DATE": None})
    assert new.labels == ("LOC",)
    assert [new.columns[i] for i in columns] == [
        "O",
        *(f"{prefix}-LOC" for prefix in "BILU"),
        *(f"{prefix}-LOC" for prefix in "BILU"),
        *["O"] * 4,
    ]


def test_targets_and_scores():
    student = trained()
    examples = make_examples(student)
    task = student.get_pipe("ner").task
    targets = task.targets(examples)
    assert len(targets.gold) == sum(len(eg.reference) for eg in examples)
    assert (targets.pseudo == -1).all()
    for eg in examples:
        eg.predicted = student(eg.reference.text)
    assert task.score(examples)["ents_f"] == 1.0


def test_tasks_are_found_by_name_and_columns():
    found = find_task("ner", TASK.columns)
    assert found.labels == TASK.labels
    with pytest.raises(DistillError, match="Expected a task out of ner, .*, got 'x'"):
        find_task("x", TASK.columns)
    with pytest.raises(DistillError, match="Expected the columns of a 'ner' task"):
        find_task("ner", ("B-PER", "O"))


def test_a_doc_without_a_word_is_annotated():
    doc = Doc(NLP.vocab, words=[])
    TASK.annotate([doc], [logits_of([])])
    assert not doc.ents
