"""A Python function from texts to categories as teacher."""

import numpy as np
import pytest
import spacy

from spacy_distill.errors import DistillError
from spacy_distill.teachers.load import load_teacher
from spacy_distill.teachers.pipe import teacher_pipeline
from spacy_distill.teachers.probabilities import FLOOR

LABELS = ["sea", "land", "O"]
NLP = spacy.blank("en")
EXCLUSIVE, MULTILABEL = "textcat", "textcat_multilabel"


def probabilities(result, *, task=EXCLUSIVE, labels=LABELS):
    """What a function's result for a text becomes, by the teacher's pipeline."""
    teacher = load_teacher(
        lambda texts: [result] * len(texts), labels=labels, task=task
    )
    assert teacher.task.name == task
    assert teacher.task.labels == tuple(labels)
    (prediction,) = teacher.predict([NLP.make_doc("One ship .")])
    assert prediction.logits.shape == (1, len(labels))
    assert prediction.logits.dtype == np.float32
    return teacher_pipeline(teacher)("One ship .").cats


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("sea", [1, 0, 0]),
        ("O", [0, 0, 1]),
        (("sea", 0.8), [0.8, 0.1, 0.1]),
        ({"sea": 0.7, "land": 0.2}, [0.7, 0.2, 0.1]),
        ({"sea": 0.7, "land": 0.2, "O": 0.1}, [0.7, 0.2, 0.1]),
        # Rounded numbers are normalized.
        ({"sea": 0.7, "land": 0.2, "O": 0.12}, [0.7 / 1.02, 0.2 / 1.02, 0.12 / 1.02]),
        ([("sea", 0.7), ("land", 0.2)], [0.7, 0.2, 0.1]),
        (["land"], [0, 1, 0]),
    ],
)
def test_exclusive(result, expected):
    found = probabilities(result)
    assert list(found.values()) == pytest.approx(expected, abs=2e-3)
    assert sum(found.values()) == pytest.approx(1, abs=1e-3)
    assert min(found.values()) > FLOOR / 2


@pytest.mark.parametrize(
    ("result", "expected"),
    [
        ("sea", [1, 0, 0]),
        ([], [0, 0, 0]),
        ({}, [0, 0, 0]),
        (["sea", "O"], [1, 0, 1]),
        ({"sea": 0.7, "land": 0.9}, [0.7, 0.9, 0]),
        ([("sea", 0.7), "land"], [0.7, 1, 0]),
    ],
)
def test_several(result, expected):
    found = probabilities(result, task=MULTILABEL)
    assert list(found.values()) == pytest.approx(expected, abs=2e-3)


def test_one_of_several_categories():
    found = probabilities(("spam", 0.3), task=MULTILABEL, labels=["spam"])
    assert found == {"spam": pytest.approx(0.3, abs=1e-3)}


@pytest.mark.parametrize(
    ("result", "task", "told"),
    [
        (None, EXCLUSIVE, "Expected categories from .*got None: give a category"),
        ([], EXCLUSIVE, r"Expected a category from .* 'One ship \.', got \[\]"),
        ({}, EXCLUSIVE, "Expected a category from"),
        ("air", EXCLUSIVE, "categories out of sea, land, O from .*got 'air'"),
        (("sea", 1.2), MULTILABEL, "scores from 0 to 1 .*got 1.2 for 'sea'"),
        (("sea", float("nan")), MULTILABEL, "scores from 0 to 1 .*got nan for 'sea'"),
        (["sea", "land"], EXCLUSIVE, "sum to 1 .*got a sum of 2.*textcat_multilabel"),
        ({"sea": 0.1, "land": 0.2, "O": 0.3}, EXCLUSIVE, "got a sum of 0.6"),
        (("sea", "much"), EXCLUSIVE, r"got \('sea', 'much'\): give a category"),
        ({1: 0.5}, EXCLUSIVE, "got {1: 0.5}"),
        (["sea", "sea"], MULTILABEL, "Expected categories from"),
    ],
)
def test_other_results_are_errors(result, task, told):
    teacher = load_teacher(lambda texts: [result], labels=LABELS, task=task)
    with pytest.raises(DistillError, match=told):
        teacher.predict([NLP.make_doc("One ship .")])


def test_other_numbers_of_results_are_errors():
    teacher = load_teacher(lambda texts: ["sea"], labels=LABELS, task=EXCLUSIVE)
    with pytest.raises(DistillError, match="the categories of each of 2 texts .*got 1"):
        teacher.predict([NLP.make_doc("a"), NLP.make_doc("b")])


def test_the_hash_covers_the_task():
    def know(texts):
        return ["sea" for _ in texts]

    tasks = (None, "ner", EXCLUSIVE, MULTILABEL)
    hashes = [load_teacher(know, labels=LABELS, task=task).hash for task in tasks]
    assert hashes[0] == hashes[1]
    assert len(set(hashes)) == 3


def test_labels_and_tasks_that_do_not_fit():
    def know(texts):
        return []

    with pytest.raises(DistillError, match="Expected a task out of ner, textcat,"):
        load_teacher(know, labels=LABELS, task="classify")
    with pytest.raises(DistillError, match="got 'spam' alone: name the other one"):
        load_teacher(know, labels=["spam"], task=EXCLUSIVE)
    with pytest.raises(DistillError, match="got none: give labels"):
        load_teacher(know, task=EXCLUSIVE)
    with pytest.raises(DistillError, match="Expected a task with a function, a file"):
        load_teacher(spacy.blank("en"), task=EXCLUSIVE)


def test_in_an_ensemble():
    def at_sea(texts):
        return ["sea" for _ in texts]

    def on_land(texts):
        return ["land" for _ in texts]

    teacher = load_teacher([at_sea, on_land], labels=LABELS, task=EXCLUSIVE)
    found = teacher_pipeline(teacher)("One ship .").cats
    assert list(found.values()) == pytest.approx([0.5, 0.5, 0], abs=1e-3)
