"""The model card of a text classifier."""

import re
from dataclasses import replace

import pytest
from texts_with_categories import TOPICS

from spacy_distill.evaluation.rows import TrainingFacts
from spacy_distill.reports.card import model_card
from spacy_distill.reports.card_facts import CardFacts, default_description
from spacy_distill.reports.meta import fill_meta
from spacy_distill.reports.table import percent

FACTS = CardFacts(
    package="en_reviews",
    version="0.1.0",
    language="English",
    labels=list(TOPICS),
    spans_key=None,
    numpy_only=True,
    description="Reviews.",
)
SOFT = TrainingFacts(False, True, 0.0, 2.0, "kl", 0.0, False, "textcat")


@pytest.mark.parametrize(
    ("name", "sentences"),
    [
        ("exclusive", ("their sum is 1", "Each text gets exactly one category.")),
        ("several", ("whatever the others are", "may get several categories or none")),
    ],
)
def test_it_says_what_the_pipeline_is(name, sentences, request):
    report = request.getfixturevalue(name)
    card = model_card(FACTS, report, report.rows[-1])
    assert "Task: `text-classification`." in card
    assert "## Categories\n\n`food`, `sport`, `travel`" in card
    assert "print(doc.cats)" in card
    assert "80 documents with 680 words in 3 categories." in card
    assert percent(report.rows[-1].f1) in card
    assert not re.search("entit|Labels", card)
    for sentence in sentences:
        assert sentence in card


@pytest.mark.parametrize("name", ["exclusive", "several"])
def test_calibrated_probabilities(name, request):
    report = request.getfixturevalue(name)
    raw = report.rows[-1]
    assert "calibrated" not in model_card(FACTS, report, raw)
    row = replace(raw, raw_ece=0.251, ece=0.052, calibrated_on=298)
    assert (
        "The probabilities are calibrated: fitted on 298 documents; expected"
        " calibration error 0.251 before, 0.052 after, on data it was not fitted on."
    ) in model_card(FACTS, report, row)


def test_it_says_how_the_pipeline_was_trained(exclusive):
    row = exclusive.rows[-1]
    untold = model_card(FACTS, exclusive, row)
    assert "## Training data" not in untold
    trained = replace(exclusive, training={row.name: SOFT})
    card = model_card(FACTS, trained, row)
    assert "The teacher annotated 60 unlabelled documents" in card
    assert "it learned the teacher's probabilities (kl, temperature 2)" in card
    weakest = min(row.per_type, key=lambda label: row.per_type[label].f1)
    assert f"- The weakest category is `{weakest}`: Test F1" in card


def test_the_teacher_is_described_with_its_score(exclusive):
    card = model_card(FACTS, exclusive, exclusive.rows[-1])
    assert f"parameters and Test accuracy {percent(exclusive.rows[0].f1)}." in card
    bare = replace(exclusive, development=None)
    card = model_card(FACTS, bare, bare.rows[-1])
    assert f"parameters and accuracy {percent(exclusive.rows[0].f1)}." in card


def test_scores_have_spacy_s_names(exclusive):
    row = exclusive.rows[-1]
    performance = fill_meta({}, FACTS, exclusive, row, lang="en")["performance"]
    assert performance["cats_acc"] == row.accuracy
    assert performance["cats_macro_f"] == row.macro_f1
    assert performance["cats_micro_f"] == row.f1
    assert set(performance["cats_f_per_type"]) == set(TOPICS)
    assert performance["cats_ece"] == row.ece
    held = exclusive.development.scores["student"]
    assert performance["dev_cats_micro_f"] == held.f1
    assert not any(name.startswith("ents") for name in performance)


@pytest.mark.parametrize(
    ("task", "described"),
    [
        ("ner", "Named entities in German text, by a student of a teacher's"),
        ("textcat", "One category for each text in German, by a student of"),
        ("textcat_multilabel", "Any number of categories for each text in German,"),
    ],
)
def test_the_description(task, described):
    training = replace(SOFT, task=task)
    found = default_description("German", training, task=task)
    assert found.startswith(described)
    # Also of a pipeline of which nobody knows how it was trained.
    found = default_description("German", None, task=task)
    assert found == f"{described.split(',')[0]}, by a pipeline."
