import json
import re

import numpy as np
import pytest
import spacy
from rule_teacher import make_rule_teacher
from small import TEXTS, entities, trained
from spacy.language import Language
from stock_pipelines import make_spancat

from spacy_distill.errors import DistillError
from spacy_distill.evaluation.labels import (
    check_label_map,
    check_shared,
    find_labels,
    map_labels,
    relabel,
)
from spacy_distill.evaluation.predictors import load_predictor


@Language.component("test_labels_own")
def set_any_entities(doc):
    return doc


def test_the_labels_of_a_pipeline():
    assert find_labels(trained()) == ["LOC", "PER"]
    assert find_labels(make_rule_teacher()) == ["LOC", "PER"]
    nlp = trained()
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GPE", "pattern": "Oslo"}])
    nlp.add_pipe("sentencizer")
    nlp.add_pipe("merge_entities")
    assert find_labels(nlp) == ["GPE", "LOC", "PER"]
    blank = spacy.blank("en")
    blank.add_pipe("sentencizer")
    assert find_labels(blank) == []


def test_the_labels_of_a_teacher():
    assert find_labels(load_predictor(make_spancat())) == ["LOC", "PER"]


@pytest.mark.parametrize("to_ents", [True, False])
def test_a_span_ruler_counts_if_it_sets_entities(to_ents):
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("span_ruler", config={"annotate_ents": to_ents})
    ruler.add_patterns([{"label": "GPE", "pattern": "Oslo"}])
    assert find_labels(nlp) == ["GPE"] * to_ents


def test_a_component_of_the_user_s_own_may_set_any_label():
    nlp = trained()
    nlp.add_pipe("test_labels_own")
    assert find_labels(nlp) is None


def test_entities_and_probabilities_are_renamed_and_dropped():
    nlp = trained()
    doc = nlp(TEXTS[3])
    assert entities(doc) == [("Paris", "LOC"), ("Rome", "LOC"), ("Anna Smith", "PER")]
    scores = doc.spans["ner"].attrs["scores"]
    relabel(doc, {"PER": "HUMAN"}, "ner")
    names = [("Paris", "LOC"), ("Rome", "LOC"), ("Anna Smith", "HUMAN")]
    assert entities(doc) == names
    assert [(span.text, span.label_) for span in doc.spans["ner"]] == names
    np.testing.assert_array_equal(doc.spans["ner"].attrs["scores"], scores)
    relabel(doc, {"LOC": None}, "ner")
    assert entities(doc) == [("Anna Smith", "HUMAN")]
    assert [(s.text, s.label_) for s in doc.spans["ner"]] == [("Anna Smith", "HUMAN")]
    np.testing.assert_array_equal(doc.spans["ner"].attrs["scores"], scores[2:])
    # What is no entity any more is annotated as none; it is not missing.
    assert doc[0].ent_iob_ == "O"


def test_missing_annotation_stays_missing():
    doc = spacy.blank("en")(TEXTS[0])
    doc.set_ents([doc.char_span(0, 4, label="PER")], default="missing")
    relabel(doc, {"PER": "LOC"})
    assert entities(doc) == [("Anna", "LOC")]
    assert doc[1].ent_iob_ == ""
    relabel(doc, {"LOC": None})
    assert [doc[0].ent_iob_, doc[1].ent_iob_] == ["O", ""]


def test_mapped_labels():
    label_map = {"GPE": "LOC", "DATE": None, "PERSON": "PER"}
    assert map_labels(["GPE", "LOC", "DATE", "ORG"], label_map) == ["LOC", "ORG"]


@pytest.mark.parametrize(
    ("label_map", "message"),
    [
        ({"PERS": "PER"}, "which are LOC, PER, got 'PERS' too: remove it."),
        ({"A": "PER", "B": None}, "got 'A', 'B' too: remove them."),
        ({"PER": ""}, 'got "": replace it'),
        ({"PER": 3}, "Expected a label for 'PER' in the label map"),
        ({"PER": ["LOC"]}, 'got \\["LOC"\\]'),
    ],
)
def test_maps_that_do_not_fit(label_map, message):
    with pytest.raises(DistillError, match=message):
        check_label_map(label_map, ["PER", "LOC"])


def test_maps_that_fit():
    check_label_map({"PER": None, "LOC": "GPE"}, ["PER", "LOC"])
    check_label_map({"PERS": "PER"}, None)
    check_label_map({}, [])


def test_a_pipeline_that_shares_a_label_or_has_none():
    check_shared("student", ["DATE", "LOC"], ["LOC", "PER"], {})
    check_shared("student", [], ["LOC", "PER"], {})
    check_shared("student", ["PERSON"], ["PER"], {"PERSON": "PER"})


@pytest.mark.parametrize(
    ("labels", "label_map", "shown", "fill"),
    [
        (
            ["DATE", "PERSON"],
            {},
            {"DATE": None, "PERSON": "PER"},
            "with null for labels that are no entity.",
        ),
        (["DATE"], {}, {"DATE": None}, "in place of at least one null."),
        # The user's own map is corrected, not applied twice.
        (["PERSON"], {"PERSON": "HUMAN"}, {"PERSON": "PER"}, "that are no entity."),
        (["PER"], {"PER": None}, {"PER": "PER"}, "that are no entity."),
    ],
)
def test_a_pipeline_that_shares_none(labels, label_map, shown, fill):
    gold = ["LOC", "PER"]
    with pytest.raises(DistillError) as error:
        check_shared("student", labels, gold, label_map)
    message = str(error.value)
    expected = "Expected student to share labels with the gold annotation, which has"
    assert message.startswith(f"{expected} LOC, PER, got ")
    assert message.endswith(fill)
    (pasted,) = re.findall("--label-map '(.*})', with", message)
    assert json.loads(pasted) == shown
    if any(shown.values()):
        check_shared("student", labels, gold, json.loads(pasted))
