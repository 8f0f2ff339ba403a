"""`evaluate`, `summary` and `visualize` with text classifiers."""

from xml.etree import ElementTree

import pytest
import spacy
from rule_teacher import make_rule_teacher
from small_classifiers import topic_classifier
from spacy.tokens import DocBin
from texts_with_categories import make_docs, make_topics
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.evaluation import speed
from spacy_distill.evaluation.report import Report
from spacy_distill.reports.table import percent


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("classifiers")
    topic_classifier(steps=20).to_disk(folder / "teacher")
    topic_classifier("compact_textcat").to_disk(folder / "student")
    make_rule_teacher().to_disk(folder / "rules")
    docs = make_docs(make_topics(40, seed=3), spacy.blank("en"))
    DocBin(docs=docs).to_disk(folder / "gold.spacy")
    return folder


@pytest.fixture(autouse=True)
def _quick(monkeypatch):
    monkeypatch.setattr(speed, "_SECONDS_A_PASS", 0.0)


def run(*args):
    result = CliRunner().invoke(app, [*map(str, args)], terminal_width=200)
    return result.exit_code, " ".join(result.output.split())


def evaluate(folder, names, *more):
    pipelines = [f"--pipeline={name}={folder / name}" for name in names]
    return run(
        *("evaluate", "--gold", folder / "gold.spacy", "--rounds", "1"),
        *("-o", folder / "report.json", *pipelines, *more),
    )


def test_report_and_table(folder, tmp_path):
    code, output = evaluate(folder, ["teacher", "student"])
    assert code == 0, output
    report = Report.read(folder / "report.json")
    assert "Acc Macro F1 ECE Params On disk Docs/s Words/s" in output
    assert f"student {percent(report.rows[1].accuracy)}" in output
    assert "40 documents, 340 words, 3 categories" in output
    for suffix in (".md", ".html"):
        assert (folder / "report.json").with_suffix(suffix).is_file()
    dist = tmp_path / "en_reviews-1.0" / "dist"
    dist.mkdir(parents=True)
    (dist / "en_reviews-1.0-py3-none-any.whl").write_bytes(bytes(1_000))
    code, output = run("summary", folder / "report.json", "--packages", tmp_path)
    assert code == 0, output
    assert "Acc Macro F1" in output


def test_a_label_map(folder):
    rest = '{"sport": "rest", "travel": "rest"}'
    code, output = evaluate(folder, ["student"], "--label-map", rest)
    assert code == 0, output
    assert "2 categories" in output
    code, output = evaluate(
        folder, ["student"], "--label-map", '{"sport": "s", "x": ""}'
    )
    assert code == 1
    assert "null for no category" in output


def test_pipelines_of_different_tasks(folder):
    code, output = evaluate(folder, ["teacher", "rules"])
    assert code == 1
    assert "Expected pipelines that do the same" in output


def test_pictures(folder, tmp_path):
    (tmp_path / "texts.txt").write_text(
        "\n".join(text for text, _ in make_topics(12, seed=3)), encoding="utf-8"
    )
    code, output = run(
        *("visualize", folder / "teacher", folder / "student", "-o", tmp_path / "out"),
        *("--texts", tmp_path / "texts.txt"),
    )
    assert code == 0, output
    page = (tmp_path / "out" / "comparison.html").read_text(encoding="utf-8")
    svg = (tmp_path / "out" / "comparison.svg").read_text(encoding="utf-8")
    ElementTree.fromstring(svg)
    assert (page.count("<section"), svg.count(">TEACHER<")) == (12, 4)
    teacher, student = (spacy.load(folder / x) for x in ("teacher", "student"))
    same = 0
    for text, _ in make_topics(12, seed=3):
        found = [nlp(text).cats for nlp in (teacher, student)]
        same += len({max(cats, key=cats.get) for cats in found}) == 1
    assert f"12 texts: the same category in {same}" in output
    assert f"the same category in {same}, differences in {12 - same}" in page


def test_pictures_of_different_tasks(folder, tmp_path):
    code, output = run(
        *("visualize", folder / "rules", folder / "student", "-o", tmp_path / "out"),
        *("--text", "some bread"),
    )
    assert code == 1
    assert "got text classification by student and none by teacher" in output
