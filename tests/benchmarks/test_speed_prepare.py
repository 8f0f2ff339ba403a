"""What is made, and what is made again."""

import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from speed import prepare as module
from speed.prepare import prepare
from speed.systems import BERT_SIZES, Sources, System

from spacy_distill.errors import DistillError


@pytest.fixture
def made(tmp_path, monkeypatch):
    """Makes empty folders, except for those named `bad`, and says what it was asked."""
    asked = []

    def run(command, *, env, stdout, stderr, check):
        tasks = module.json.loads(command[-1])
        asked.append([task["name"] for task in tasks])
        for task in tasks:
            if task["name"] == "bad":
                print("some trouble", file=stdout, flush=True)
                return SimpleNamespace(returncode=1)
            Path(task["folder"]).mkdir(parents=True)
        return SimpleNamespace(returncode=0)

    monkeypatch.setattr(subprocess, "run", run)
    return SimpleNamespace(folder=tmp_path / "made", log=tmp_path / "log", asked=asked)


def systems(made, *names, fingerprint="a"):
    own = [System(n, "transformer", str(made.folder / n), fingerprint) for n in names]
    elsewhere = System("mine", "pipeline", str(made.folder.parent / "mine"), "b")
    return [*own, elsewhere, System("tokenizer", "blank", "", "c")]


def do(made, wanted):
    sources = Sources(None, {}, None, "en", BERT_SIZES)
    lines = []
    prepare(wanted, sources, made=made.folder, log=made.log, tell=lines.append)
    return lines


def test_once(made):
    assert do(made, systems(made, "bert_base", "x")) == ["making bert_base, x"]
    assert do(made, systems(made, "bert_base", "x")) == []
    assert made.asked == [["bert_base", "x"]]


def test_again(made):
    do(made, systems(made, "x", "y"))
    (made.folder / "y").rmdir()
    # One is gone; one is of another teacher.
    do(made, systems(made, "x", "y"))
    do(made, systems(made, "x", fingerprint="other"))
    assert made.asked == [["x", "y"], ["y"], ["x"]]


def test_failed(made):
    with pytest.raises(DistillError, match="make x, bad, but: some trouble .*log"):
        do(made, systems(made, "x", "bad"))
    # What was made before is kept.
    with pytest.raises(DistillError, match="make bad, but"):
        do(made, systems(made, "x", "bad"))
