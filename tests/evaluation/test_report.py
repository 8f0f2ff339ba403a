import json
from dataclasses import replace

import pytest
import spacy

from spacy_distill.errors import DistillError
from spacy_distill.evaluation.comparison import compare_rows
from spacy_distill.evaluation.report import (
    META_KEY,
    Report,
    attach_report,
    get_report,
)
from spacy_distill.evaluation.rows import CharacterScores, TypeScore
from spacy_distill.evaluation.training_facts import TrainingFacts
from spacy_distill.reports.markdown import describe, report_markdown
from spacy_distill.reports.table import (
    HEADER,
    SHORT_HEADER,
    millions,
    table_cells,
    without_empty,
)


def test_what_is_in_it(report):
    assert [row.name for row in report.rows] == ["teacher", "student"]
    assert list(report.sources) == ["teacher", "student"]
    assert all(row.words_per_second > 0 for row in report.rows)
    assert report.references.documents == 4
    assert report.references.entities == {"LOC": 4, "PER": 3}
    assert len(report.references.sha256) == 64
    assert (report.references.kind, report.references.role) == ("gold", "test data")
    assert not report.is_agreement
    assert report.soft_labels.documents == 120
    assert report.soft_labels.dropped == 30
    named = [entity.document for entity in report.soft_labels.dropped_first]
    assert named == list(range(2, 80, 4))
    assert list(report.agreement) == ["student"]
    assert report.agreement["student"].documents == 2
    # What is measured of a teacher is its agreement with itself: left out.
    assert list(report.soft_agreement) == ["student"]
    assert report.soft_agreement["student"].compared == 120
    assert report.soft_labels.sampled == 120
    assert sum(b.words for b in report.soft_labels.entropy) == 30 * 24
    assert {"python", "spacy", "thinc", "numpy", "spacy-distill"} <= set(
        report.versions
    )
    assert report.machine["cores"] >= 1


def test_it_reads_what_it_writes(report, tmp_path):
    report.write(tmp_path / "report.json")
    assert Report.read(tmp_path / "report.json") == report


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (None, "Expected a report at"),
        ("{", "Expected JSON in"),
        ("[]", "Expected a report of format 3"),
        ('{"format": 1}', "Expected a report of format 3"),
        ('{"format": 2}', "Expected a report of format 3"),
        ('{"format": 3}', "Expected a whole report"),
    ],
)
def test_anything_else_is_an_error(tmp_path, content, message):
    path = tmp_path / "report.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(DistillError, match=message):
        Report.read(path)


@pytest.mark.parametrize(
    "key", ["rows", "references", "training", "agreement", "versions"]
)
def test_a_damaged_report_is_an_error(report, tmp_path, key):
    report.write(tmp_path / "report.json")
    msg = json.loads((tmp_path / "report.json").read_text())
    msg[key] = [{"x": 1}]
    if key == "versions":
        del msg[key]
    (tmp_path / "report.json").write_text(json.dumps(msg))
    with pytest.raises(DistillError, match="Expected a whole report"):
        Report.read(tmp_path / "report.json")


def test_rows_are_found_by_name(report):
    assert report.find_row("teacher").name == "teacher"
    assert report.find_row(None).name == "student"
    with pytest.raises(DistillError, match="one of teacher, student"):
        report.find_row("baseline")


def test_the_table_has_no_figure_where_there_is_none(report):
    teacher, student = table_cells(report.rows)
    assert len(teacher) == len(student) == len(HEADER) == len(SHORT_HEADER)
    cells = dict(zip(HEADER, teacher))
    assert cells["ECE"] == ""
    assert cells["Table for unknown words"] == ""
    assert cells["Parameters"] == "0.0 k"
    assert dict(zip(HEADER, student))["F1"] == "100.00"


def test_comparison(report):
    student = replace(report.rows[1], name="b", parameters=10, table=10, size=100)
    student = replace(student, words_per_second=50.0, f1=0.6)
    teacher = replace(student, name="a", parameters=90, size=300, f1=0.8)
    teacher = replace(teacher, words_per_second=5.0)
    middle = replace(student, name="m", f1=0.5)
    result = compare_rows([teacher, middle, student])
    assert (result.fewer_parameters, result.smaller, result.faster) == (5.0, 3.0, 10.0)
    assert result.f1_share == pytest.approx(0.75)
    assert result.f1_gain == {
        "a": pytest.approx(-0.2),
        "m": pytest.approx(0.1),
    }
    first, second = describe(result)
    assert first == (
        "b against a: 5.0 times fewer parameters, 3.0 times smaller on disk,"
        " 10.0 times faster, 75.0 % of its F1."
    )
    assert second == "F1 of b in points: -20.00 against a, +10.00 against m."
    assert compare_rows([teacher]) is None


def test_millions():
    assert [millions(n) for n in (0, 1500, 2_912_345)] == ["0.0 k", "1.5 k", "2.91 M"]


def test_markdown(report):
    text = report_markdown(report)
    assert text.startswith("# teacher / student\n")
    assert "| teacher | " in text
    assert "student against teacher: " in text
    assert "Agreement with teacher (F1): student" in text
    assert "4 documents, 24 words, 7 entities (4 LOC, 3 PER)" in text
    assert "Soft labels: 120 documents" in text
    assert "Dropped: 30 of the teacher's entities." in text
    assert "Unaligned" not in text
    assert (
        "Agreement with the soft labels (F1, on 120 of their documents): student"
        in text
    )
    assert "30 entities of the teacher are not in the soft labels" in text
    assert "- document 6: 'Bob' (OF6) made up\n" in text
    assert "names all" in text
    assert "## Calibration of student" in text
    assert (
        "  - gold: Bob Smith (PER); New York City (LOC)\n"
        "  - only teacher: New York (LOC, wrong)\n"
        "  - only student: New York City (LOC, right)" in text
    )
    assert f"spacy {spacy.__version__}" in text


def test_unknown_figures(report):
    unknown = replace(report.rows[0], parameters=None, size=None)
    cells = dict(zip(HEADER, table_cells([unknown])[0]))
    assert (cells["Parameters"], cells["Size on disk"]) == ("–", "–")
    assert cells["Table for unknown words"] == ""
    result = compare_rows([unknown, report.rows[1]])
    assert (result.fewer_parameters, result.smaller) == (None, None)
    assert "parameters" not in describe(result)[0]


def test_columns_without_a_figure_are_left_out():
    header, cells = without_empty(("", "a", "b"), [("x", "", "1"), ("y", "", "")])
    assert (header, cells) == (["", "b"], [["x", "1"], ["y", ""]])


def test_what_was_not_measured_is_not_told(report):
    rows = [replace(row, words_per_second=None) for row in report.rows]
    text = report_markdown(replace(report, rows=rows, rounds=0))
    assert "Words/s" not in text


def test_the_worst_passages(report):
    other, worst = report.find_worst()
    assert other == "teacher"
    assert worst == report.agreement["student"].worst
    alone = replace(report, agreement={})
    other, worst = alone.find_worst()
    assert other == "the soft labels"
    assert worst == report.soft_agreement["student"].worst
    assert "## Where student differs most from the soft labels" in report_markdown(
        alone
    )
    assert replace(alone, soft_agreement={}).find_worst() == ("", [])


def test_the_report_of_a_pipeline(report, tmp_path):
    facts = TrainingFacts(gold=True, soft_labels=True, alpha=0.5, temperature=2.0)
    report = replace(report, training={"student": facts})
    nlp = spacy.blank("en")
    assert get_report(nlp) is None
    attach_report(nlp, report)
    nlp.to_disk(tmp_path)
    assert get_report(nlp).rows == report.rows
    assert get_report(nlp).comparison == report.comparison
    found = get_report(spacy.load(tmp_path))
    assert [row.name for row in found.rows] == ["teacher", "student"]
    # spaCy rounds the numbers of meta.json.
    assert found.rows[0].f1 == pytest.approx(report.rows[0].f1)
    assert found.training == {"student": facts}
    assert found.references.entities == report.references.entities


def test_the_report_of_a_pipeline_has_no_texts_and_no_paths(report):
    """It is published with the pipeline; texts and paths may be private."""
    assert report.agreement["student"].worst
    assert report.soft_agreement["student"].worst
    assert report.soft_labels.dropped_first
    nlp = spacy.blank("en")
    attach_report(nlp, report)
    found = get_report(nlp)
    assert (found.sources, found.references.path) == ({}, "")
    assert found.soft_labels.dropped == 30
    assert found.soft_labels.dropped_first == []
    for name in ("agreement", "soft_agreement"):
        agreement = getattr(found, name)["student"]
        assert agreement == replace(getattr(report, name)["student"], worst=[])
    written = json.dumps(nlp.meta[META_KEY])
    for private in (*report.sources.values(), report.references.path, "Bob", "New"):
        assert private in json.dumps(report.to_json())
        assert private not in written


def test_a_report_of_an_earlier_version_is_read(report, tmp_path):
    """Version 0.1.0 wrote format 3 too, with fewer fields and proud ratios."""
    report.write(tmp_path / "report.json")
    msg = json.loads((tmp_path / "report.json").read_text())
    for name in ("labels", "development", "quantization"):
        del msg[name]
    del msg["references"]["trimmed"]
    for passage in msg["agreement"]["student"]["worst"]:
        del passage["gold"]
    msg["rows"][0]["f1"] = 0.01
    msg["comparison"]["f1_share"] = 100.0
    (tmp_path / "report.json").write_text(json.dumps(msg))
    read = Report.read(tmp_path / "report.json")
    assert read.references == report.references
    assert (read.labels, read.development, read.quantization) == ({}, None, None)
    assert [p.gold for p in read.agreement["student"].worst] == [None, None]
    assert read.comparison.f1_share is None
    assert "of its F1" not in report_markdown(read)


def test_labels_of_pipelines_are_noted(report):
    assert report.labels == {"teacher": ["LOC", "PER"], "student": ["LOC", "PER"]}
    assert [report.missing_labels(row) for row in report.rows] == [[], []]
    assert [report.extra_labels(row) for row in report.rows] == [[], []]


def test_a_report_of_another_version_in_a_pipeline(report):
    nlp = spacy.blank("en")
    nlp.meta[META_KEY] = {**report.to_json(), "format": 2}
    with pytest.raises(DistillError, match="format 3 in the pipeline's meta"):
        get_report(nlp)


def test_scores_of_characters(report, tmp_path):
    assert "Character F1" not in report_markdown(report)
    means = CharacterScores(TypeScore(0.9, 0.6, 0.72), TypeScore(0.5, 0.5, 0.5))
    with_them = replace(
        report, rows=[report.rows[0], replace(report.rows[1], characters=means)]
    )
    text = report_markdown(with_them)
    assert "Character F1" in text
    assert "## Single characters" in text
    assert "| student | 72.00 | 90.00 | 60.00 | 50.00 |" in " ".join(text.split())
    with_them.write(tmp_path / "report.json")
    read = Report.read(tmp_path / "report.json")
    assert [row.characters for row in read.rows] == [None, means]
