import shlex
from dataclasses import replace

import pytest

from spacy_distill.cli.common import parse_label_map
from spacy_distill.evaluation.report import with_comparison
from spacy_distill.evaluation.rows import (
    DevelopmentScores,
    Quantization,
    TypeScore,
)
from spacy_distill.reports.caveats import caveats, describe_quantization
from spacy_distill.reports.markdown import report_markdown, summary_lines
from spacy_distill.reports.report_page import report_page

HALF = TypeScore(0.5, 0.5, 0.5)


def test_a_report_without_faults_has_none(report):
    assert caveats(report) == []
    assert "**Note.**" not in report_markdown(report)
    assert 'class="warning"' not in report_page(report)


def test_a_pipeline_that_is_hardly_better_than_nothing(report):
    teacher, student = report.rows
    report = with_comparison(replace(report, rows=[replace(teacher, f1=0.03), student]))
    (caveat,) = caveats(report)
    assert caveat.text.startswith(
        "teacher is hardly better than nothing: its F1 is 3.00. Below 10.00 nothing"
    )
    text, page = report_markdown(report), report_page(report)
    assert f"> **Note.** {caveat.text}" in text
    assert f'<p class="warning">{caveat.text}</p>' in page
    for part in ("of its F1", "of the F1 of", "times", " ×", "in points"):
        assert part not in text
        assert part not in page


def test_labels_that_only_one_side_has(report):
    teacher, student = report.rows
    types = {**teacher.per_type, "DATE": HALF, "person": HALF}
    references = replace(report.references, entities={"LOC": 4, "MISC": 2, "PER": 3})
    report = with_comparison(
        replace(
            report,
            rows=[replace(teacher, per_type=types), student],
            references=references,
            labels={"teacher": ["DATE", "LOC", "person"], "student": ["LOC", "PER"]},
        )
    )
    (caveat,) = caveats(report)
    assert caveat.text == (
        "teacher shares LOC with the gold annotation. teacher also predicts DATE,"
        " person: counted as wrong, since the gold annotation lacks them. It cannot"
        " predict MISC, PER: counted as missed. student shares LOC, PER with the gold"
        " annotation. It cannot predict MISC: counted as missed. Scores are over all"
        " labels. To rename labels or to leave some out:"
    )
    option, value = shlex.split(caveat.option)
    assert option == "--label-map"
    assert parse_label_map(value) == {"DATE": None, "MISC": None, "person": "PER"}
    text = report_markdown(report)
    assert f"`{caveat.option}`" in text
    assert "of its F1" not in text
    assert "in points" not in text
    # Size and speed can still be compared.
    assert report.comparison.smaller is not None


def test_labels_that_nobody_knows(report):
    teacher, student = report.rows
    teacher = replace(teacher, per_type={**teacher.per_type, "DATE": HALF})
    report = replace(report, rows=[teacher, student], labels={})
    (caveat,) = caveats(report)
    assert caveat.text.startswith("teacher also predicts DATE: counted as wrong")
    assert "shares" not in caveat.text


@pytest.mark.parametrize(("number", "who"), [(1, "1 entity"), (1200, "1,200 entities")])
def test_entities_that_were_trimmed(report, number, who):
    references = replace(report.references, trimmed=number)
    (caveat,) = caveats(replace(report, references=references))
    assert caveat.text == (
        f"{who} of the gold annotation began or ended with whitespace, which was cut"
        " off."
    )


def test_development_scores_are_told_with_their_documents(report):
    references = replace(
        report.references, role="development data", documents=9, words=70
    )
    held = DevelopmentScores(references, {"student": HALF})
    report = replace(report, development=held)
    lines = summary_lines(report)
    assert (
        "On the development data: 9 documents, 70 words, 7 entities (4 LOC, 3 PER). F1"
        " there: student 50.00."
    ) in lines
    text, page = report_markdown(report), report_page(report)
    assert "|  | Test F1 | Development F1 | Precision |" in text
    assert "| student | 100.00 | 50.00 | 100.00 |" in text
    for part in ("Test F1 of student", "Development F1 of student"):
        assert part in page
    assert '<th scope="row">development data</th><td data-column="Documents">9<' in page


def test_quantization_without_a_comparison_claims_no_score():
    assert describe_quantization(Quantization("float16")) == (
        "The pipeline was quantized after it was measured (parameters stored as"
        " float16). All other figures are of the pipeline before that."
    )
