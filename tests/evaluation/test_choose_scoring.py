"""What is scored follows from the pipelines."""

import pytest
import spacy
from rule_teacher import make_rule_teacher
from small import trained
from small_classifiers import FACTORIES, topic_classifier
from texts_with_categories import make_docs, make_topics

from spacy_distill.errors import DistillError
from spacy_distill.evaluation.choose_scoring import (
    choose_scoring,
    scoring_of_pipeline,
    scoring_of_task,
)
from spacy_distill.evaluation.predictors import load_predictor
from spacy_distill.tasks.ner.task import NERTask
from spacy_distill.tasks.textcat.task import TextCatTask
from spacy_distill.teachers.load import load_teacher
from spacy_distill.teachers.pipe import find_teacher, teacher_pipeline


def read_nothing():
    return []


@pytest.mark.parametrize("factory", FACTORIES)
def test_pipelines_that_classify(factory):
    task = "textcat_multilabel" if "multilabel" in factory else "textcat"
    nlp = topic_classifier(factory)
    assert scoring_of_pipeline(nlp).task == task
    assert choose_scoring({"one": nlp}, read_nothing).task == task
    as_teacher = teacher_pipeline(load_teacher(nlp))
    assert scoring_of_pipeline(as_teacher).task == task
    assert choose_scoring({"a": as_teacher, "b": nlp}, read_nothing).task == task


@pytest.mark.parametrize("make", [trained, make_rule_teacher])
def test_pipelines_that_find_entities(make):
    nlp = make()
    assert scoring_of_pipeline(nlp).task == "ner"
    assert choose_scoring({"one": nlp, "two": spacy.blank("en")}, list).task == "ner"
    assert scoring_of_pipeline(teacher_pipeline(load_teacher(nlp))).task == "ner"


def test_a_classifier_is_evaluated_as_it_is(tmp_path):
    topic_classifier().to_disk(tmp_path / "teacher")
    assert find_teacher(load_predictor(tmp_path / "teacher")) is None


def test_tasks():
    assert scoring_of_task(NERTask(["PER"])).task == "ner"
    assert scoring_of_task(TextCatTask(["a", "b"])).task == "textcat"
    several = TextCatTask(["a", "b"], exclusive=False)
    assert scoring_of_task(several).task == "textcat_multilabel"


def test_pipelines_that_do_both_are_scored_by_what_gold_annotation_has():
    nlp = topic_classifier()
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "X", "pattern": "train"}])
    both = {"one": nlp, "two": nlp}
    assert choose_scoring(both, lambda: make_docs(make_topics(), nlp)).task == "textcat"
    found = [nlp(text) for text, _ in make_topics(40)]
    assert choose_scoring(both, lambda: found).task == "ner"
    # What only one of them does is not scored.
    only = {"one": nlp, "two": topic_classifier("compact_textcat")}
    assert choose_scoring(only, lambda: found).task == "textcat"
    others = {"one": nlp, "two": trained()}
    assert choose_scoring(others, lambda: make_docs(make_topics(), nlp)).task == "ner"


def test_pipelines_of_different_tasks_are_an_error():
    pipelines = {"cats": topic_classifier(), "ents": trained()}
    with pytest.raises(DistillError, match="classification by cats and none by ents"):
        choose_scoring(pipelines, read_nothing)


def test_one_pipeline_with_several_categories_decides_for_all():
    pipelines = {
        "one": topic_classifier(),
        "several": topic_classifier("textcat_multilabel"),
    }
    assert choose_scoring(pipelines, read_nothing).task == "textcat_multilabel"
