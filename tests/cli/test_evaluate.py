import pytest
import spacy
from rule_teacher import make_rule_teacher
from small import trained, write_gold
from spacy.tokens import DocBin
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.reports import speed
from spacy_distill.reports.report import Report


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
