"""Label maps and ensembles of teachers of categories."""

import json

import numpy as np
import pytest
import spacy
from tiny_text_classifiers import expit, softmax

from spacy_distill.errors import DistillError
from spacy_distill.teachers.ensemble import EnsembleTeacher
from spacy_distill.teachers.load import load_teacher
from spacy_distill.teachers.mapped import MappedTeacher

LABELS = ["O", "sea", "PER"]
NLP = spacy.blank("en")


def make(scores, labels=LABELS, *, several=False):
    def know(texts):
        return [dict(zip(labels, scores)) for _ in texts]

    task = "textcat_multilabel" if several else "textcat"
    return load_teacher(know, labels=labels, task=task)


def probabilities(teacher):
    (prediction,) = teacher.predict([NLP.make_doc("A ship .")])
    to_p = softmax if teacher.task.exclusive else expit
    return dict(zip(teacher.task.labels, to_p(prediction.logits)[0].round(4).tolist()))


def test_a_map_of_exclusive_categories():
    teacher = make([0.2, 0.3, 0.5])
    renamed = MappedTeacher(teacher, {"O": "none", "sea": "O", "PER": "other"})
    assert probabilities(renamed) == {"none": 0.2, "O": 0.3, "other": 0.5}
    merged = MappedTeacher(teacher, {"O": "other", "sea": "sea", "PER": "other"})
    assert probabilities(merged) == {"other": 0.7, "sea": 0.3}
    # The others are normalized.
    left = MappedTeacher(teacher, {"O": "O", "sea": "sea", "PER": None})
    assert probabilities(left) == {"O": 0.4, "sea": 0.6}


def test_a_map_of_several_categories():
    teacher = make([0.2, 0.3, 0.9], several=True)
    mapped = MappedTeacher(teacher, {"O": "a", "sea": "a", "PER": None})
    assert probabilities(mapped) == {"a": 0.3}


@pytest.mark.parametrize(
    ("labels", "told"),
    [
        ({}, "Expected a map of all labels of know, got none for O, sea, PER"),
        ({"O": "", "sea": "x", "PER": "y"}, "or null for a category to leave out"),
        ({"O": "a-b", "sea": "A B", "PER": "y"}, "more than case and separators"),
        ({"O": "x", "sea": "x", "PER": None}, "two or more categories .*got 'x' alone"),
        ({"O": None, "sea": None, "PER": None}, "at least one label of know to be"),
        ({"O": "a", "sea": "b", "PER": "c", "x": "d"}, "got 'x' too: remove it"),
    ],
)
def test_maps_that_do_not_fit(labels, told):
    with pytest.raises(DistillError, match=told) as error:
        MappedTeacher(make([0.2, 0.3, 0.5]), labels)
    message = str(error.value)
    assert "entity" not in message
    assert "entities" not in message
    if "labels = " in message:
        pasted = json.loads(message.partition("labels = ")[2])
        assert list(pasted) == LABELS
        MappedTeacher(make([0.2, 0.3, 0.5]), pasted)


def test_an_ensemble():
    first, second = make([0.2, 0.3, 0.5]), make([0.1, 0.9], ["PER", "sea"])
    other = MappedTeacher(
        make([0.5, 0.3, 0.2], ["PER", "sea", "air"]),
        {"PER": "PER", "sea": "sea", "air": "O"},
    )
    both = EnsembleTeacher({"a": first, "b": other}, weights={"a": 3, "b": 1})
    expected = {"O": 0.2, "sea": 0.3, "PER": 0.5}
    assert probabilities(both) == pytest.approx(expected, abs=1e-4)
    with pytest.raises(DistillError, match="same labels of all members") as error:
        EnsembleTeacher({"a": first, "b": second})
    assert "entit" not in str(error.value)


def test_an_ensemble_of_several_categories():
    both = EnsembleTeacher(
        {
            "a": make([0.2, 0.9], ["x", "y"], several=True),
            "b": make([0.6, 0.5], ["y", "x"], several=True),
        }
    )
    found = probabilities(both)
    assert found == pytest.approx(
        {"x": (0.2 + 0.5) / 2, "y": (0.9 + 0.6) / 2}, abs=1e-4
    )


def test_members_of_different_tasks():
    members = {"a": make([0.2, 0.3, 0.5]), "b": make([0.2, 0.3, 0.5], several=True)}
    with pytest.raises(
        DistillError, match="members of one task, got textcat of the fi"
    ):
        EnsembleTeacher(members)


def test_logits_are_float32():
    mapped = MappedTeacher(make([0.2, 0.3, 0.5]), {"O": "a", "sea": "b", "PER": "b"})
    (prediction,) = mapped.predict([NLP.make_doc("A ship .")])
    assert prediction.logits.dtype == np.float32
    assert prediction.logits.shape == (1, 2)
