import json
import shlex

import pytest
import spacy
from rule_teacher import make_rule_teacher
from small import SENTENCES, trained, write_gold
from spacy.language import Language
from spacy.tokens import DocBin, Span
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
    assert "teacher 76.92 83.33 71.43 0.0 k" in output
    assert "student 100.00 100.00 100.00" in output
    assert "F1 of student in points: +23.08 against teacher." in output
    table = (folder / "report.md").read_text(encoding="utf-8")
    assert "| teacher | 76.92 | 83.33 | 71.43 |  | 0.0 k |" in table
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert "<h2>Where student and teacher disagree most</h2>" in page
    assert f"and {folder / 'report.html'}" in result.output.replace("\n", " ")


def test_a_teacher_that_is_no_pipeline(folder):
    write_annotations(folder / "teacher.jsonl")
    pipelines = [f"teacher={folder / 'teacher.jsonl'}", f"student={folder / 'student'}"]
    result, output = run(folder, pipelines, output="file.json")
    assert result.exit_code == 0, output
    assert "teacher 80.00 75.00 85.71" in output
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
        ({"gold": "teacher/meta.json"}, "Expected a .spacy file, got"),
        ({"output": "report.txt"}, "ends in .json"),
        ({"more": ["--soft-labels", "none"]}, "Expected soft labels in none"),
        ({"more": ["--dev", "none.spacy"]}, "Expected gold annotation at none.spacy"),
        ({"more": ["--label-map", "PER=X"]}, "Expected a label map in JSON"),
        ({"more": ["--label-map", '{"X": "PER"}']}, "are LOC, PER, got 'X' too"),
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


@pytest.fixture(scope="module")
def people(folder):
    """A ruler with the labels of OntoNotes."""
    nlp = spacy.blank("en")
    ruler = nlp.add_pipe("entity_ruler")
    names = {"PERSON": "Anna", "GPE": "Paris", "DATE": "note"}
    ruler.add_patterns([{"label": x, "pattern": name} for x, name in names.items()])
    nlp.to_disk(folder / "people")
    return f"people={folder / 'people'}"


def test_other_labels_are_an_error_before_work_with_a_map_to_paste(folder, people):
    student = f"student={folder / 'student'}"
    result, output = run(folder, [people, student], output="never.json")
    assert result.exit_code == 1
    assert (
        "Expected people to share labels with the gold annotation, which has LOC, PER,"
        " got DATE, GPE, PERSON: add --label-map "
    ) in output
    assert not (folder / "never.json").exists()
    pasted = output.partition(": add ")[2].rpartition(", with null")[0]
    more = shlex.split(pasted)
    assert json.loads(more[1]) == {"DATE": None, "GPE": "LOC", "PERSON": "PER"}
    result, output = run(folder, [people, student], output="mapped.json", more=more)
    assert result.exit_code == 0, output
    report = Report.read(folder / "mapped.json")
    # Anna and both of Paris, of seven; "Anna Smith" is wrong as "Anna".
    assert report.rows[0].precision == pytest.approx(3 / 4)
    assert report.rows[0].recall == pytest.approx(3 / 7)
    assert report.labels["people"] == ["LOC", "PER"]
    assert "shares" not in output


def test_labels_that_are_shared_in_part_are_told(folder):
    nlp = make_rule_teacher()
    patterns = [{"label": "THING", "pattern": "note"}]
    nlp.get_pipe("entity_ruler").add_patterns(patterns)
    nlp.to_disk(folder / "things")
    pipelines = [f"things={folder / 'things'}", f"student={folder / 'student'}"]
    result, output = run(folder, pipelines, output="part.json")
    assert result.exit_code == 0, output
    assert "things shares LOC, PER with the gold annotation." in output
    assert "things also predicts THING: counted as wrong" in output
    assert "of its F1" not in output
    assert "in points" not in output
    (line,) = [x for x in result.output.splitlines() if x.startswith("--label-map")]
    table = (folder / "part.md").read_text(encoding="utf-8")
    assert "|  | LOC | PER | THING |" in table
    assert line in table
    more = shlex.split(line)
    result, output = run(folder, pipelines, output="part.json", more=more)
    assert result.exit_code == 0, output
    assert "130.0 % of its F1" in output
    assert "counted as wrong" not in output


@Language.component("test_evaluate_shouts")
def shouts(doc):
    doc.ents = [Span(doc, 0, 1, label="SHOUT")]
    return doc


def test_labels_that_are_known_only_from_predictions(folder):
    nlp = spacy.blank("en")
    nlp.add_pipe("test_evaluate_shouts")
    nlp.to_disk(folder / "shouts")
    pipelines = [f"shouts={folder / 'shouts'}"]
    result, output = run(folder, pipelines, output="never.json")
    assert result.exit_code == 1
    assert "which has LOC, PER, got SHOUT: add --label-map" in output
    assert "one of the gold annotation's labels in place of" in output
    more = ["--label-map", '{"SHOUT": "PER"}']
    result, output = run(folder, pipelines, output="loud.json", more=more)
    assert result.exit_code == 0, output
    assert Report.read(folder / "loud.json").rows[0].per_type["PER"].recall > 0


def test_development_data_beside_test_data(folder):
    pipelines = [f"student={folder / 'student'}"]
    more = ["--dev", str(folder / "gold.spacy")]
    result, output = run(folder, pipelines, output="dev.json", more=more)
    assert result.exit_code == 0, output
    assert "Test F1 Dev F1" in output
    assert "On the development data: 4 documents, 24 words" in output


def test_a_broken_teacher_is_told_and_not_compared_with(folder):
    nlp = spacy.blank("en")
    pattern = {"label": "PER", "pattern": "Zoe"}
    nlp.add_pipe("entity_ruler").add_patterns([pattern])
    nlp.to_disk(folder / "broken")
    pipelines = [f"teacher={folder / 'broken'}", f"student={folder / 'student'}"]
    more = ["--label-map", '{"LOC": null}']
    result, output = run(folder, pipelines, output="broken.json", more=more)
    assert result.exit_code == 0, output
    assert "teacher is hardly better than nothing: its F1 is 0.00." in output
    for part in ("times", "of its F1", "in points"):
        assert part not in output
