"""Reports of text classification: their words, tables and pages."""

import re
from dataclasses import replace
from xml.etree import ElementTree

import pytest
from texts_with_categories import TOPICS

from spacy_distill.errors import DistillError
from spacy_distill.evaluation.rows import Quantization, TrainingFacts
from spacy_distill.reports.caveats import caveats, describe_quantization
from spacy_distill.reports.markdown import (
    describe_training,
    main_cells,
    report_markdown,
    score_name,
    summary_lines,
)
from spacy_distill.reports.report_page import report_page
from spacy_distill.reports.table import percent

BOTH = pytest.mark.parametrize("name", ["exclusive", "several"])


def as_text(page):
    """The text of a page, without its styles."""
    body = re.sub(r"<style>.*?</style>", "", page, flags=re.DOTALL)
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", body))


def is_agreement(report):
    references = replace(report.references, kind="teacher", role="held-out documents")
    rows = [replace(row, ece=None, calibration=[]) for row in report.rows[1:]]
    return replace(
        report, references=references, rows=rows, development=None, agreement={}
    )


@BOTH
@pytest.mark.parametrize("agreement", [False, True])
def test_nothing_is_said_of_entities(name, agreement, request):
    report = request.getfixturevalue(name)
    if agreement:
        report = is_agreement(report)
    page = as_text(report_page(report))
    for text in (page, report_markdown(report)):
        assert not re.search("entit|a word\\b", text, flags=re.IGNORECASE)
        assert "categories" in text
        assert "documents" in text


def test_the_main_table(exclusive, several):
    header, cells = main_cells(exclusive)
    assert header == [
        "",
        "Test accuracy",
        "Development accuracy",
        "Macro F1",
        "ECE",
        "Parameters",
        "Size on disk",
        "Docs/s",
        "Words/s",
    ]
    student = dict(zip(header, cells[1]))
    row = exclusive.rows[1]
    assert student["Test accuracy"] == percent(row.accuracy)
    assert student["Macro F1"] == percent(row.macro_f1)
    assert student["Docs/s"] == f"{row.documents_per_second:,.0f}"
    header, cells = main_cells(several)
    assert header[1:7] == [
        "Test micro F1",
        "Development micro F1",
        "Macro F1",
        "Precision",
        "Recall",
        "All categories right",
    ]
    assert dict(zip(header, cells[0]))["All categories right"] == percent(
        several.rows[0].accuracy
    )
    short, _ = main_cells(exclusive, short=True)
    assert short[1:4] == ["Acc", "Dev Acc", "Macro F1"]


def test_scores_are_named_after_the_data(exclusive, several):
    assert score_name(exclusive) == "Test accuracy"
    assert score_name(replace(exclusive, development=None)) == "Accuracy"
    assert score_name(is_agreement(exclusive)) == "Agreement"
    assert score_name(is_agreement(several)) == "Agreement (micro F1)"


def test_the_summary(exclusive):
    lines = "\n".join(summary_lines(exclusive))
    counts = exclusive.references.entities
    listed = ", ".join(f"{counts[x]} {x}" for x in TOPICS)
    assert f"80 documents, 680 words, 3 categories ({listed})" in lines
    agreement = percent(exclusive.agreement["student"].f1)
    assert (
        "Agreement with teacher (share of documents with the same category): student"
        f" {agreement}." in lines
    )
    assert "% of its accuracy" in lines
    assert "nats a document" in lines
    assert "Accuracy there: teacher" in lines


@BOTH
def test_the_page_is_valid_and_has_all_parts(name, request):
    report = request.getfixturevalue(name)
    page = report_page(report)
    ElementTree.fromstring(
        re.sub("<(meta[^>]*|br|input[^>]*)>", r"<\1/>", page.partition("\n")[2])
    )
    text = as_text(page)
    for part in (
        "Test F1 by category",
        "Categories of student",
        "Where student and teacher disagree most",
        "Share of the documents",
        "Documents by category in soft labels and gold annotation",
        "How unsure the teacher is of a document (60 documents)",
        "3 categories",
    ):
        assert part in text
    # Without what a classifier's soft labels never have.
    assert "dropped" not in text


def test_disagreements_are_shown_with_text_gold_and_probabilities(exclusive):
    pair = exclusive.agreement["student"].worst[0]
    page, text = as_text(report_page(exclusive)), report_markdown(exclusive)
    for shown in (page, text):
        assert pair.text in shown
    assert f"  - gold: {pair.gold[0]}" in text
    (teacher,) = pair.describe(pair.teacher)
    assert f"  - teacher: {teacher}" in text
    assert teacher.endswith(("right)", "wrong)"))
    assert f"gold {pair.gold[0]} teacher" in page


def test_agreement_has_one_figure_where_precision_is_recall(exclusive, several):
    assert "Agreement Same category in" in as_text(report_page(exclusive))
    several = as_text(report_page(several))
    assert "Micro F1 Precision Recall Same categories in" in several


def test_calibration_of_several_categories_counts_pairs(several):
    text = report_markdown(several)
    assert "| Pairs of document and category |" in text
    assert "With the category" in text


def test_an_untrained_classifier_is_a_caveat(exclusive):
    bad = {label: replace(s, recall=0.34) for label, s in _per_type(exclusive).items()}
    rows = [exclusive.rows[0], replace(exclusive.rows[1], f1=0.35, per_type=bad)]
    (found,) = caveats(replace(exclusive, rows=rows))
    assert found.text.startswith(
        "student is hardly better than always choosing the most frequent category,"
        f" which has {percent(28 / 80)}: its accuracy is 35.00."
    )


def _per_type(report):
    return report.rows[1].per_type


@pytest.mark.parametrize(
    ("number", "told"), [(1, "1 document was"), (3, "3 documents were")]
)
def test_documents_that_were_left_out(exclusive, number, told):
    references = replace(exclusive.references, left_out=number)
    (found,) = caveats(replace(exclusive, references=references))
    assert found.text.startswith(f"{told} left out, without a category in the gold")


def test_quantization():
    done = Quantization(
        "int8", documents=9, differing=1, accuracy=0.5, accuracy_before=0.6
    )
    assert (
        "On 9 gold documents its accuracy is 50.00 and was 60.00 before; 1 of them"
        " have other categories now." in describe_quantization(done)
    )


@pytest.mark.parametrize(
    ("task", "labels"),
    [
        ("textcat", "its best category for each document"),
        ("textcat_multilabel", "its decision for each category of a document"),
    ],
)
def test_training(task, labels):
    facts = TrainingFacts(False, True, 1.0, 2.0, "kl", 0.0, False, task)
    assert describe_training(facts)[1] == (
        f"From the unlabelled text it learned the teacher's labels ({labels})."
    )


def test_a_report_about_a_task_of_a_later_version(exclusive):
    references = replace(exclusive.references, task="relations")
    with pytest.raises(DistillError, match="got 'relations': use"):
        report_markdown(replace(exclusive, references=references))
