"""How a student was trained, read from its config."""

import pytest
import spacy
from rule_teacher import make_rule_teacher
from small import trained

from spacy_distill.evaluation.training_facts import (
    TrainingFacts,
    find_training_facts,
)

LOSS = {"@misc": "spacy_distill.DistillationLoss.v1"}
SCHEDULE = {"@schedules": "linear.v1", "initial_rate": 1.0}


def make_student(loss, **corpus):
    """Return a student with a training corpus and a loss in its config."""
    nlp = trained()
    nlp.config["training"]["train_corpus"] = "corpora.some"
    nlp.config["corpora"]["some"] = corpus
    nlp.get_pipe_config("ner")["loss"] = loss
    return nlp


@pytest.mark.parametrize(
    ("corpus", "gold", "soft_labels"),
    [
        ({"gold": "a.spacy", "soft_labels": "b"}, True, True),
        ({"gold": "a.spacy", "soft_labels": None}, True, False),
        ({"gold": None, "soft_labels": "b"}, False, True),
        ({"path": "a.spacy"}, True, False),
    ],
)
def test_training_data(corpus, gold, soft_labels):
    loss = {
        **LOSS,
        "alpha": 0.5,
        "temperature": 2.0,
        "divergence": "kl",
        "min_confidence": 0.9,
        "weight_by_confidence": True,
    }
    assert find_training_facts(make_student(loss, **corpus)) == TrainingFacts(
        gold=gold,
        soft_labels=soft_labels,
        alpha=0.5,
        temperature=2.0,
        divergence="kl",
        min_confidence=0.9,
        weight_by_confidence=True,
    )


def test_a_variable_in_the_config_is_filled_in():
    nlp = make_student(LOSS, gold="${paths.train}", soft_labels="${paths.soft}")
    nlp.config["paths"].update(train=None, soft="folder")
    facts = find_training_facts(nlp)
    assert (facts.gold, facts.soft_labels) == (False, True)


def test_a_schedule_as_alpha_is_named():
    nlp = make_student({**LOSS, "alpha": SCHEDULE}, soft_labels="b")
    assert find_training_facts(nlp).alpha == "linear.v1"


def test_settings_of_an_unknown_loss_are_unknown():
    nlp = make_student({"@misc": "mine.v1", "alpha": 0.3}, soft_labels="b")
    facts = TrainingFacts(gold=False, soft_labels=True)
    assert find_training_facts(nlp) == facts


def test_a_pipeline_that_does_not_know_its_training():
    assert find_training_facts(trained()) is None
    assert find_training_facts(make_student(LOSS, gold=None)) is None
    assert find_training_facts(make_rule_teacher()) is None
    assert find_training_facts(spacy.blank("en")) is None
