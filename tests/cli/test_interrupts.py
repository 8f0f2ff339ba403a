"""Ctrl-C: the status is 130, the line says what is done, the same command goes on."""

import os
import subprocess
import sys

import pytest
import spacy
from small import TEXTS, write_gold
from tiny_distillation import SMALL, overrides
from tiny_teachers import write_jsonl

from spacy_distill.files import sha256_folder

# Teacher and callback that send the signal of Ctrl-C to their own process.
CODE = """
import os
import signal
from pathlib import Path
from spacy.util import registry
from spacy_distill import load_teacher

HERE = Path(__file__).parent

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)

def names(texts):
    if (HERE / "interrupt_annotation").exists() and any("7" in t for t in texts):
        interrupt()
    return [[(0, 4, "PER")] for _ in texts]

@registry.misc("test_interrupts.Names.v1")
def names_v1():
    return load_teacher(names, labels=["LOC", "PER"])

@registry.callbacks("test_interrupts.interrupt.v1")
def interrupt_v1(file: str):
    def before_update(nlp, args):
        if (HERE / file).exists() and str(args["step"]) == (HERE / file).read_text():
            interrupt()

    return before_update
"""
CALLBACK = '\n[training.before_update]\n@callbacks = "test_interrupts.interrupt.v1"\n'


@pytest.fixture
def files(tmp_path):
    (tmp_path / "code.py").write_text(CODE, encoding="utf-8")
    (tmp_path / "teacher.cfg").write_text(
        '[teacher]\n@misc = "test_interrupts.Names.v1"\n', encoding="utf-8"
    )
    write_jsonl(tmp_path / "texts.jsonl", [f"Anna has {i} dogs" for i in range(10)])
    write_gold(tmp_path / "gold.spacy", spacy.blank("en"))
    return tmp_path


def run(files, command, *args):
    script = "from spacy_distill.cli.app import main; main()"
    given = ["--code", "code.py", *map(str, args)]
    return subprocess.run(
        [sys.executable, "-c", script, command, "teacher.cfg", "texts.jsonl", *given],
        capture_output=True,
        text=True,
        check=False,
        cwd=files,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
    )


def interrupted(done):
    assert done.returncode == 130, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    (line,) = [row for row in done.stdout.splitlines() if "Interrupted" in row]
    return line


def test_annotation_goes_on(files):
    options = ["--shard-size", 3]
    (files / "interrupt_annotation").touch()
    line = interrupted(run(files, "annotate", "-o", "out", *options))
    assert line == (
        "Interrupted. 6 documents are annotated and stored in out, in 2 shards. The"
        " same command goes on from there."
    )
    (files / "interrupt_annotation").unlink()
    for out in ("out", "undisturbed"):
        done = run(files, "annotate", "-o", out, *options)
        assert done.returncode == 0, done.stdout
    assert sha256_folder(files / "out") == sha256_folder(files / "undisturbed")


def test_distillation_goes_on(files):
    (files / "interrupt_annotation").touch()
    (files / "interrupt_training").write_text("0")
    config = files / "student.cfg"
    subprocess.run(
        [sys.executable, "-m", "spacy_distill", "init-config", config], check=True
    )
    config.write_text(
        config.read_text("utf-8") + CALLBACK + 'file = "interrupt_training"\n', "utf-8"
    )
    args = ["-o", "out", "--config", "student.cfg", *overrides(**SMALL)]
    # All documents are in one shard.
    assert "No shard is annotated yet" in interrupted(run(files, "distill", *args))
    (files / "interrupt_annotation").unlink()
    assert interrupted(run(files, "distill", *args)) == (
        "Interrupted. The annotation in out/soft_labels is complete. The same command"
        " begins the training again."
    )
    every = SMALL["training.eval_frequency"]
    (files / "interrupt_training").write_text(str(every + 1))
    assert interrupted(run(files, "distill", *args)) == (
        "Interrupted. The annotation in out/soft_labels is complete. The same command"
        " goes on from the last evaluation."
    )
    (files / "interrupt_training").unlink()
    done = run(files, "distill", *args)
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Going on from step {every}" in done.stdout
    spacy.load(files / "out" / "model-best")(TEXTS[0])
