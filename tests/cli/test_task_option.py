"""`--task`: what is taught of a file of annotations with both spans and categories."""

import pytest
import spacy
from annotated import CITY, PERSON, TEXT, line, write_lines
from small import SENTENCES
from tiny_distillation import SMALL, distill, overrides, told, write_files
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.soft_labels.store import SoftLabels

TEXTCAT = {
    "training.max_steps": 2,
    "training.eval_frequency": 2,
    "components.textcat.model.tok2vec.word_width": 8,
    "components.textcat.model.tok2vec.hidden_width": 8,
    "components.textcat.model.tok2vec.char_width": 4,
    "initialize.before_init.source": "null",
}


@pytest.fixture
def both(tmp_path):
    rows = [
        line(text, *spans, cats={"odd": i % 2, "even": (i + 1) % 2})
        for i, (text, spans) in enumerate(SENTENCES)
    ]
    return write_lines(tmp_path / "both.jsonl", *rows)


def run(command, teacher, *args, **settings):
    words = [command, teacher, *args, *overrides(**settings)]
    return CliRunner().invoke(app, [*map(str, words)])


def test_annotate(both, tmp_path):
    line_told = told(run("annotate", both, both, "-o", tmp_path / "out"))
    assert "choose with --task ner or --task textcat" in line_told
    for task, labels in (("ner", {"PER", "LOC"}), ("textcat", {"odd", "even"})):
        out = tmp_path / task
        result = run("annotate", both, both, "-o", out, "--task", task)
        assert result.exit_code == 0, result.output
        manifest = SoftLabels(out).manifest
        assert manifest.task == task
        assert manifest.counts.labels.keys() == labels
        assert manifest.counts.docs == len(SENTENCES)


def test_annotate_with_several_teachers(both, tmp_path):
    other = write_lines(
        tmp_path / "other.jsonl",
        *(line(text, *spans, cats={"odd": 1, "even": 0}) for text, spans in SENTENCES),
    )
    args = (both, "-o", tmp_path / "out", "--also", other, "--task", "textcat")
    result = run("annotate", both, *args)
    assert result.exit_code == 0, result.output
    assert SoftLabels(tmp_path / "out").manifest.task == "textcat"


def test_annotate_beside_a_pipeline(tmp_path):
    write_files(tmp_path)
    file = write_lines(
        tmp_path / "both.jsonl",
        line(TEXT, PERSON, CITY, cats={"odd": 1, "even": 0}),
    )
    for teacher, also in (("teacher", file), (file, tmp_path / "teacher")):
        out = tmp_path / f"of_{also.stem}"
        args = (file, "-o", out, "--also", also, "--task", "ner")
        result = run("annotate", tmp_path / teacher, *args)
        assert result.exit_code == 0, result.output
        assert SoftLabels(out).manifest.task == "ner"


@pytest.mark.parametrize("command", ["annotate", "distill"])
def test_what_is_no_choice(both, tmp_path, command):
    write_files(tmp_path)
    for teacher, task, expected in (
        (both, "cats", "Expected a task out of ner, textcat"),
        (tmp_path / "teacher", "ner", "a task with a function, a file of annotations"),
    ):
        args = (both, "-o", tmp_path / "out", "--task", task)
        assert expected in told(run(command, teacher, *args))
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("task", "labels", "settings"),
    [("ner", ("PER", "LOC"), SMALL), ("textcat", ("odd", "even"), TEXTCAT)],
)
def test_distill(both, tmp_path, task, labels, settings):
    out = tmp_path / "out"
    result = run(
        *("distill", both, both, "-o", out, "--task", task, "--held-out", 2), **settings
    )
    assert result.exit_code == 0, result.output
    nlp = spacy.load(out / "model-best")
    assert nlp.get_pipe(task).labels == labels


def test_distill_through_spacy(both, tmp_path):
    write_files(tmp_path)
    settings = {"teacher": both, "paths.unlabelled": both}
    assert "choose with --task ner" in told(distill(tmp_path, **settings))
    out = tmp_path / "out"
    result = distill(tmp_path, "-o", out, "--task", "ner", **settings)
    assert result.exit_code == 0, result.output
    assert spacy.load(out / "model-best").get_pipe("ner").labels == ("PER", "LOC")
