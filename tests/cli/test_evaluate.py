import json

import pytest
import spacy
from rule_teacher import make_rule_teacher
from small import SENTENCES, trained, write_gold
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.evaluation import speed
from spacy_distill.evaluation.report import Report


def write_annotations(path, sentences=SENTENCES):
    """All that is right, and one entity too many."""
    lines = []
    for text, entities in sentences:
        spans = [{"start": s, "end": e, "label": x} for s, e, x in entities]
        if text.startswith("nothing"):
            spans.append({"start": 0, "end": 7, "label": "PER"})
        elif text.startswith("Bob"):
            spans[0]["end"] -= 6
        lines.append(json.dumps({"text": text, "spans": spans}))
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pipelines")
    make_rule_teacher().to_disk(folder / "teacher")
    trained().to_disk(folder / "student")
    write_gold(folder / "gold.spacy", spacy.blank("en"))
    DocBin().to_disk(folder / "empty.spacy")
    return folder


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(speed, "_SECONDS_A_PASS", 0.0)


def run(folder, pipelines, gold="gold.spacy", output="report.json", more=()):
    args = ["evaluate", "--gold", str(folder / gold), "--rounds", "1"]
    args += ["-o", str(folder / output), *more]
    for pipeline in pipelines:
        args += ["--pipeline", pipeline]
    result = CliRunner().invoke(app, args, terminal_width=200)
    return result, " ".join(result.output.split())


def test_report_and_table(folder):
    pipelines = [f"{name}={folder / name}" for name in ("teacher", "student")]
    result, output = run(folder, pipelines)
    assert result.exit_code == 0, output
    report = Report.read(folder / "report.json")
    assert [row.name for row in report.rows] == ["teacher", "student"]
    assert report.rows[0].ece is None
    assert report.rows[1].f1 == 1.0
    assert "teacher 83.33 71.43 76.92 0.0 k" in output
    assert "student 100.00 100.00 100.00" in output
    assert "F1 of student in points: +23.08 against teacher." in output
    table = (folder / "report.md").read_text(encoding="utf-8")
    assert "| teacher | 83.33 | 71.43 | 76.92 |  | 0.0 k |" in table
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<h2>Where student and teacher disagree most</h2>" in page
    assert f"and {folder / 'report.html'}" in result.output.replace("\n", " ")


def test_a_teacher_that_is_no_pipeline(folder):
    write_annotations(folder / "teacher.jsonl")
    pipelines = [f"teacher={folder / 'teacher.jsonl'}", f"student={folder / 'student'}"]
    result, output = run(folder, pipelines, output="file.json")
    assert result.exit_code == 0, output
    assert "teacher 75.00 85.71 80.00" in output
    report = Report.read(folder / "file.json")
    teacher = report.find_row("teacher")
    assert (teacher.parameters, teacher.size) == (None, None)
    assert report.agreement["student"].f1 == pytest.approx(0.8)
    assert report.comparison.f1_share == pytest.approx(1 / 0.8)


def test_texts_that_the_teacher_cannot_label(folder):
    write_annotations(folder / "few.jsonl", SENTENCES[1:])
    result, output = run(folder, [f"teacher={folder / 'few.jsonl'}"])
    assert result.exit_code == 1
    assert "Expected annotations of every document" in output
    assert "got none of 1: 'Anna went to Paris .'" in output


def test_one_pipeline_alone_is_compared_with_nothing(folder):
    result, output = run(folder, [f"student={folder / 'student'}"], output="one.json")
    assert result.exit_code == 0, output
    assert "against" not in output
    assert Report.read(folder / "one.json").comparison is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pipelines": ["student"]}, "Expected --pipeline NAME=PIPELINE"),
        ({"pipelines": ["=student"]}, "Expected --pipeline NAME=PIPELINE"),
        ({"pipelines": ["a=x", "a=y"]}, "got 'a' twice"),
        ({"pipelines": ["a=no_such"]}, "Expected a pipeline, installed or in a folder"),
        ({"gold": "none.spacy"}, "Expected gold annotation at"),
        ({"gold": "empty.spacy"}, "got no Docs"),
        ({"gold": "teacher/meta.json"}, "got no Docs"),
        ({"output": "report.txt"}, "ends in .json"),
        ({"more": ["--soft-labels", "none"]}, "Expected soft labels in none"),
    ],
)
@pytest.mark.filterwarnings("ignore:.*W090")
def test_a_fault_is_one_message_and_a_failure(folder, options, message):
    options = {"pipelines": [f"student={folder / 'student'}"], **options}
    result, output = run(folder, **options)
    assert result.exit_code == 1
    assert message in output
    assert len(result.output.strip().splitlines()) == 1


def test_speed_may_be_left_out(folder):
    pipelines = [f"student={folder / 'student'}"]
    more = ("--rounds", "0")
    result, output = run(folder, pipelines, output="slow.json", more=more)
    assert result.exit_code == 0, output
    (row,) = Report.read(folder / "slow.json").rows
    assert row.words_per_second is None
    assert row.f1 == 1.0
    assert "rounds" not in (folder / "slow.md").read_text(encoding="utf-8")
