"""`spacy-distill distill`, which runs what `python -m spacy distill` runs."""

import pytest
import spacy
from small import TEXTS
from tiny_distillation import CONFIG, SMALL, distill, overrides, told, write_files
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.evaluation.report import Report
from spacy_distill.files import sha256_folder
from spacy_distill.soft_labels.store import SoftLabels


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("distill_command"))


def run(*args, **settings):
    args = ["distill", *args, *overrides(**{**SMALL, **settings})]
    return CliRunner().invoke(app, list(map(str, args)))


@pytest.fixture(scope="module")
def finished(files):
    """The output folder of a run, and what the run printed."""
    out = files / "out"
    gold = files / "gold.spacy"
    texts = files / "texts.jsonl"
    result = run(files / "teacher", texts, "--gold", gold, "--dev", gold, "-o", out)
    assert result.exit_code == 0, result.output
    return out, " ".join(result.output.split())


def test_teacher_texts_and_gold(finished):
    out, output = finished
    assert f'nlp = spacy.load("{out / "model-best"}")' in output
    assert f"Wrote {out / 'report.json'}" in output
    assert [row.name for row in Report.read(out / "report.json").rows] == [
        "teacher",
        "distilled",
    ]
    assert SoftLabels(out / "soft_labels").manifest.counts.docs == 3 * len(TEXTS)


def test_the_same_as_through_spacy(files, finished, tmp_path):
    out, _ = finished
    result = distill(files, "-o", tmp_path, config=None)
    assert result.exit_code == 0, result.output
    for name in ("ner", "vocab"):
        folders = [path / "model-best" / name for path in (out, tmp_path)]
        assert len({sha256_folder(folder) for folder in folders}) == 1


def test_soft_labels_config_and_no_texts(files, finished, tmp_path):
    out, _ = finished
    result = run(
        *(files / "teacher", "-o", tmp_path / "out", "--config", CONFIG),
        *("--soft-labels", out / "soft_labels", "--held-out", 4),
    )
    assert result.exit_code == 0, result.output
    report = Report.read(tmp_path / "out" / "report.json")
    assert report.is_agreement
    assert report.references.documents == 4
    assert not (tmp_path / "out" / "soft_labels").exists()


@pytest.mark.parametrize(
    ("given", "name", "option"),
    [
        ([], "paths.unlabelled", "TEXTS"),
        (["--gold", "a.spacy"], "paths.train", "--gold"),
        (["--dev", "a.spacy"], "paths.dev", "--dev"),
        (["--soft-labels", "a"], "paths.soft_labels", "--soft-labels"),
    ],
)
def test_the_same_setting_twice(files, tmp_path, given, name, option):
    out = tmp_path / "out"
    args = [files / "teacher", files / "texts.jsonl", *given, "-o", out]
    line = told(run(*args, **{name: "b"}))
    assert f"Expected one of {option} and --{name}" in line
    assert not out.exists()


def test_an_output_is_required(files):
    result = run(files / "teacher", files / "texts.jsonl")
    assert result.exit_code == 2
    assert "--output" in result.output


@pytest.mark.parametrize("arguments", [["more"], ["--system.seed", "1", "more"]])
def test_further_arguments_are_settings(files, tmp_path, arguments):
    args = [files / "teacher", files / "texts.jsonl", "-o", tmp_path / "out"]
    result = CliRunner().invoke(app, list(map(str, ["distill", *args, *arguments])))
    assert "as in --training.max_steps 1000, got 'more': see --help." in told(result)


def test_passes_and_steps(files, finished, tmp_path):
    """The number of steps counts, and the run says so."""
    out, _ = finished
    given = {"schedule.passes": 3, "training.max_steps": 2}
    soft_labels = ["--soft-labels", out / "soft_labels"]
    result = run(files / "teacher", "-o", tmp_path, *soft_labels, **given)
    assert result.exit_code == 0, result.output
    assert "schedule.passes has no effect" in " ".join(result.output.split())
    config = spacy.load(tmp_path / "model-best").config
    assert config["training"]["max_steps"] == 2
