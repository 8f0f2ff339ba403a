from xml.etree import ElementTree

import pytest
from rule_teacher import make_rule_teacher
from small import TEXTS, trained
from typer.testing import CliRunner

from spacy_distill.cli.app import app


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("pictures")
    make_rule_teacher().to_disk(folder / "teacher")
    trained().to_disk(folder / "student")
    (folder / "texts.txt").write_text("\n".join(TEXTS), encoding="utf-8")
    return folder


def run(folder, *more, teacher="teacher", student="student"):
    args = ["visualize", str(folder / teacher), str(folder / student)]
    args += ["-o", str(folder / "out"), *more]
    result = CliRunner().invoke(app, args, terminal_width=200)
    return result, " ".join(result.output.split())


def pictures(folder):
    page = (folder / "out" / "comparison.html").read_text(encoding="utf-8")
    svg = (folder / "out" / "comparison.svg").read_text(encoding="utf-8")
    ElementTree.fromstring(svg)
    return page.count("<section"), svg.count(">TEACHER<")


def test_texts_from_a_file(folder):
    result, output = run(folder, "--texts", str(folder / "texts.txt"))
    assert result.exit_code == 0, output
    assert "4 texts: the same entities in 2" in output
    # The picture leaves out the text without entities.
    assert pictures(folder) == (4, 3)


def test_given_texts_come_first_and_limits_hold(folder):
    texts = ["--texts", str(folder / "texts.txt"), "--text", "A & B", "--text", "C"]

    def draw(*limits):
        # Rules on both sides: neither finds anything in the given texts.
        result, output = run(folder, *texts, *limits, student="teacher")
        assert result.exit_code == 0, output

    draw()
    assert pictures(folder) == (6, 3)
    draw("--limit", "3", "--svg-limit", "1")
    assert pictures(folder) == (3, 1)
    draw("--limit", "1")
    # With no entities anywhere there is still a picture.
    assert pictures(folder) == (1, 1)


def test_a_teacher_that_is_no_pipeline(folder):
    spans = '[{"start": 0, "end": 4, "label": "PER"}]'
    line = f'{{"text": "{TEXTS[0]}", "spans": {spans}}}\n'
    (folder / "teacher.jsonl").write_text(line, encoding="utf-8")
    result, output = run(folder, "--text", TEXTS[0], teacher="teacher.jsonl")
    assert result.exit_code == 0, output
    page = (folder / "out" / "comparison.html").read_text(encoding="utf-8")
    assert "<b>only student:</b> Paris (LOC)" in page
    assert "only teacher" not in page


@pytest.mark.parametrize(
    ("options", "teacher", "message"),
    [
        ([], "teacher", "Expected --texts FILE or --text"),
        (["--texts", "none.txt"], "teacher", "Expected a file or folder of texts"),
        (["--text", "x"], "nobody", "Expected a pipeline, installed or in a folder"),
    ],
)
def test_a_fault_is_one_message_and_a_failure(folder, options, teacher, message):
    result, output = run(folder, *options, teacher=teacher)
    assert result.exit_code == 1
    assert message in output
    assert len(result.output.strip().splitlines()) == 1
