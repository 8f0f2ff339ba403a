"""Sentences and tables of a report that depend on the run."""

from dataclasses import replace

import pytest

from spacy_distill.evaluation.comparison import compare_rows
from spacy_distill.evaluation.training_facts import TrainingFacts
from spacy_distill.reports.markdown import (
    describe,
    describe_training,
    ratio,
    report_markdown,
    score_header,
    score_name,
    summary_lines,
)
from spacy_distill.reports.report_page import report_page
from spacy_distill.reports.table import HEADER, SHORT_HEADER

FACTS = TrainingFacts(
    gold=True,
    soft_labels=True,
    alpha=1.0,
    temperature=1.0,
    divergence="kl",
    min_confidence=0.0,
    weight_by_confidence=False,
)
BOTH = "gold annotation and soft labels."
LEARNED = "From the unlabelled text it learned"
LABELS = "the teacher's labels (its best label for each word)"
PROBABILITIES = "the teacher's probabilities (kl, temperature 1)"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, [BOTH, f"{LEARNED} {LABELS}."]),
        ({"alpha": 0}, [BOTH, f"{LEARNED} {PROBABILITIES}."]),
        (
            {"alpha": 0.25, "divergence": "mse", "temperature": 2.5},
            [
                BOTH,
                f"{LEARNED} {LABELS}, with weight 0.25, and the teacher's probabilities"
                " (mse, temperature 2.5), with weight 0.75.",
            ],
        ),
        (
            {"alpha": "linear.v1"},
            [
                BOTH,
                f"{LEARNED} {LABELS} and {PROBABILITIES}, weighted by the schedule"
                " linear.v1.",
            ],
        ),
        ({"soft_labels": False}, ["gold annotation."]),
        ({"gold": False}, ["soft labels.", f"{LEARNED} {LABELS}."]),
        (
            {"weight_by_confidence": True},
            [BOTH, f"{LEARNED} {LABELS}, weighted by its confidence."],
        ),
        (
            {"weight_by_confidence": True, "min_confidence": 0.9},
            [
                BOTH,
                f"{LEARNED} {LABELS}, weighted by its confidence, where its probability"
                " was 0.9 or more.",
            ],
        ),
        # Another loss, whose settings are unknown.
        ({"alpha": None, "temperature": None, "divergence": None}, [BOTH]),
    ],
)
def test_training_is_described_as_it_was(changes, expected):
    assert describe_training(replace(FACTS, **changes)) == expected


def test_each_trained_pipeline_of_a_report_is_described(report):
    baseline = replace(FACTS, soft_labels=False)
    report = replace(report, training={"baseline": baseline, "student": FACTS})
    lines = summary_lines(report)
    assert lines[-3:] == [
        "Training of baseline: gold annotation.",
        f"Training of student: {BOTH}",
        f"Training of student: {LEARNED} {LABELS}.",
    ]
    page = report_page(report)
    assert "baseline: gold annotation." in page
    assert "its best label for each word" in page


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3.0, ("3.0", "fewer")),
        (0.4, ("2.5", "more")),
        (1.06, ("1.1", "fewer")),
        (0.9, ("1.1", "more")),
        # The same: neither fewer nor more.
        (1.0, None),
        (1.04, None),
        (0.96, None),
        (None, None),
        (0.0, None),
    ],
)
def test_a_ratio_is_always_above_1(value, expected):
    assert ratio(value, "fewer", "more") == expected


def test_a_student_that_is_larger_and_slower(report):
    teacher, student = report.rows
    teacher = replace(teacher, parameters=10, size=100, words_per_second=50.0)
    student = replace(
        student, parameters=20, table=5, size=125, words_per_second=20.0, f1=0.5
    )
    teacher = replace(teacher, f1=0.8)
    comparison = compare_rows([teacher, student])
    assert describe(comparison)[0] == (
        "student against teacher: 2.5 times more parameters, 1.2 times larger on disk,"
        " 2.5 times slower, 62.5 % of its F1."
    )
    page = report_page(replace(report, rows=[teacher, student], comparison=comparison))
    for part in ("2.5 ×", "more parameters than", "larger on disk", "slower than"):
        assert part in page
    for part in ("fewer parameters", "smaller on disk", "faster than"):
        assert part not in page


@pytest.fixture
def agreement(report):
    """The report of a student that was compared with its teacher alone."""
    row = replace(report.rows[1], ece=None, calibration=[])
    references = replace(
        report.references, path="soft", kind="teacher", role="held-out documents"
    )
    return replace(
        report,
        rows=[row],
        sources={"student": "model-best"},
        comparison=None,
        agreement={},
        references=references,
    )


def test_without_gold_annotation_scores_are_called_agreement(report, agreement):
    assert not report.is_agreement
    assert agreement.is_agreement
    assert (score_name(report), score_name(agreement)) == ("F1", "Agreement (F1)")
    for header in (HEADER, SHORT_HEADER):
        assert score_header(report, header) == header
        renamed = score_header(agreement, header)
        assert renamed[1] == "Agreement (F1)"
        assert renamed[:1] + renamed[2:] == header[:1] + header[2:]


def test_markdown_without_gold_annotation(report, agreement):
    text = report_markdown(agreement)
    assert "There is no gold annotation: scores are the agreement with the" in text
    assert "| Agreement (F1) |" in text
    assert "## Agreement (F1) by type" in text
    assert "| F1 |" not in text
    assert "## Calibration" not in text
    assert "no gold annotation" not in report_markdown(report)
    assert "| F1 |" in report_markdown(report)


def test_page_without_gold_annotation(report, agreement):
    page = report_page(agreement)
    assert "agreement with the teacher on the held-out documents: 4 documents" in page
    assert "Agreement (F1) of student" in page
    for score in (">F1 of student", ">F1, all", ">F1, PER"):
        assert score not in page
    for score in (">Agreement (F1), all", ">Agreement (F1), PER"):
        assert score in page
    assert "Agreement (F1) by entity type" in page
    assert "gold" not in page
