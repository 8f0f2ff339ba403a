"""`spacy-distill init-config`, and what is done with its file."""

import pytest
import spacy
from small import write_gold
from spacy.util import load_config
from tiny_distillation import SMALL, overrides, told
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.training.config import CONFIGS, STUDENT_CONFIG, TEACHER_CONFIG


def run(*args):
    return CliRunner().invoke(app, ["init-config", *map(str, args)])


@pytest.mark.parametrize(
    ("options", "config"), [([], STUDENT_CONFIG), (["--teacher"], TEACHER_CONFIG)]
)
def test_the_shipped_configs(tmp_path, options, config):
    path = tmp_path / "deep" / "mine.cfg"
    result = run(path, *options)
    assert result.exit_code == 0, result.output
    assert f"Wrote {path}" in " ".join(result.output.split())
    assert path.read_bytes() == config.read_bytes()
    assert run("-", *options).output == config.read_text(encoding="utf-8")


@pytest.mark.parametrize("config", sorted(CONFIGS.glob("*.cfg")), ids=lambda c: c.stem)
def test_any_of_them_by_its_name(tmp_path, config):
    path = tmp_path / "mine.cfg"
    result = run(path, "--name", config.stem)
    assert result.exit_code == 0, result.output
    assert path.read_bytes() == config.read_bytes()
    # The help names all of them.
    assert config.stem in " ".join(run("--help").output.split())


def test_no_such_name(tmp_path):
    line = told(run(tmp_path / "mine.cfg", "--name", "textcat"))
    assert "Expected a shipped config as --name, got 'textcat': choose one of" in line
    for config in CONFIGS.glob("*.cfg"):
        assert config.stem in line
    line = told(run(tmp_path / "mine.cfg", "--name", "student", "--teacher"))
    assert "Expected one of --teacher and --name, got both" in line
    assert not (tmp_path / "mine.cfg").exists()


def test_no_file_is_overwritten_unasked(tmp_path):
    path = tmp_path / "mine.cfg"
    path.write_text("kept", encoding="utf-8")
    assert "choose another name, or add --force" in told(run(path))
    assert path.read_text(encoding="utf-8") == "kept"
    assert run(path, "--force").exit_code == 0
    assert path.read_bytes() == STUDENT_CONFIG.read_bytes()


def test_spacy_train_takes_it(tmp_path):
    path = tmp_path / "student.cfg"
    run(path)
    gold = write_gold(tmp_path / "gold.spacy", spacy.blank("en"))
    settings = {
        **SMALL,
        "paths.train": gold,
        "paths.dev": gold,
        "training.train_corpus": "corpora.gold",
    }
    args = ["train", path, "-o", tmp_path / "out", *overrides(**settings)]
    from spacy.cli._util import app as spacy_app

    result = CliRunner().invoke(spacy_app, list(map(str, args)))
    assert result.exit_code == 0, result.output
    trained = spacy.load(tmp_path / "out" / "model-best").config
    assert trained["training"]["dropout"] == load_config(path)["training"]["dropout"]
