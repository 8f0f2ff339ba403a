"""Annotation and prediction by workers: same bytes, also where they are killed."""

import os

import pytest
from killed_workers import CODE, TEACHER, finish, kill_driver, kill_workers, start
from small import TEXTS, trained
from spacy.util import import_file
from tiny_distillation import told
from tiny_teachers import write_jsonl
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.files import sha256_path

MANY = [f"{text} {number}" for number in range(60) for text in (*TEXTS, "Anna")]
# Set to kill as often as the documentation says.
DRIVERS = int(os.environ.get("KILLED_DRIVERS", "2"))
WORKERS = int(os.environ.get("KILLED_WORKERS", "3"))
COMMANDS = [("annotate", ""), ("predict", ".jsonl")]
RAY = ("--executor", "ray", "--workers", 2)
WAYS = [
    (),
    ("--n-process", 2),
    pytest.param(RAY, marks=pytest.mark.slow),
]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Texts, a teacher and a pipeline, and what both give without workers."""
    folder = tmp_path_factory.mktemp("workers")
    (folder / "code.py").write_text(CODE, encoding="utf-8")
    (folder / "teacher.cfg").write_text(TEACHER, encoding="utf-8")
    write_jsonl(folder / "texts.jsonl", [*MANY[:-1], "a bomb"])
    import_file("python_code", folder / "code.py")
    nlp = trained()
    nlp.add_pipe("killed_workers_pause")
    nlp.to_disk(folder / "student")
    for command, out in (("annotate", "whole"), ("predict", "whole.jsonl")):
        finish(start(folder, *arguments(command, out), pids=folder / "none", pause=0.0))
    assert '"a bomb", "error"' in (folder / "whole.jsonl").read_text("utf-8")
    return folder


def arguments(command, out, *options):
    model = {"annotate": "teacher.cfg", "predict": "student"}[command]
    shards = ("--shard-size", 5, "--code", "code.py")
    return [command, model, "texts.jsonl", "-o", out, *shards, *options]


def same(files, out):
    whole = files / ("whole.jsonl" if str(out).endswith(".jsonl") else "whole")
    return sha256_path(out) == sha256_path(whole)


def find_shards(command, out):
    """The folder in which a command writes shards."""
    return out if command == "annotate" else out.with_name(f"{out.name}.part")


def skip_without_ray(options):
    if "ray" in options:
        pytest.importorskip("ray")


@pytest.mark.parametrize("options", WAYS)
@pytest.mark.parametrize(
    ("command", "ending"), [("annotate", ""), ("predict", ".jsonl")]
)
def test_same_bytes(files, tmp_path, command, ending, options):
    skip_without_ray(options)
    out = tmp_path / f"out{ending}"
    args = arguments(command, out, *options)
    finish(start(files, *args, pids=tmp_path / "pids", pause=0.0))
    assert same(files, out)


@pytest.mark.slow
@pytest.mark.parametrize("options", WAYS)
@pytest.mark.parametrize(
    ("command", "ending"), [("annotate", ""), ("predict", ".jsonl")]
)
def test_drivers_are_killed(files, tmp_path, command, ending, options):
    skip_without_ray(options)
    out = tmp_path / f"out{ending}"
    done = find_shards(command, out)
    args = arguments(command, out, *options)
    killed = kill_driver(files, *args, pids=tmp_path / "pids", times=DRIVERS, done=done)
    assert killed == DRIVERS
    assert same(files, out)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("command", "ending"), [("annotate", ""), ("predict", ".jsonl")]
)
def test_workers_are_killed(files, tmp_path, command, ending):
    pytest.importorskip("ray")
    out = tmp_path / f"out{ending}"
    args = arguments(command, out, *RAY)
    done = find_shards(command, out)
    killed = kill_workers(
        files, *args, pids=tmp_path / "pids", times=WORKERS, done=done
    )
    assert killed == WORKERS
    assert same(files, out)


@pytest.mark.slow
def test_ray_goes_on_with_what_a_local_run_began(files, tmp_path):
    pytest.importorskip("ray")
    out = tmp_path / "out"
    kill_driver(
        files, *arguments("annotate", out), pids=tmp_path / "a", times=1, done=out
    )
    assert same(files, out)
    begun = tmp_path / "begun"
    driver = start(files, *arguments("annotate", begun), pids=tmp_path / "b")
    while not list(begun.glob("shard-*.json")):
        assert driver.poll() is None
    driver.kill()
    driver.communicate()
    finish(start(files, *arguments("annotate", begun, *RAY), pids=tmp_path / "c"))
    assert same(files, begun)


def test_workers_have_no_gpu(files):
    args = arguments("annotate", files / "out", "--n-process", 2, "--gpu-id", 0)
    line = told(CliRunner().invoke(app, list(map(str, args))))
    assert "Expected workers on CPUs" in line
