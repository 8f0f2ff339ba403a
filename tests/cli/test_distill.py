"""`python -m spacy distill`, from a teacher and texts to a trained student."""

import os
import subprocess
import sys

import pytest
import spacy
from small import TEXTS
from spacy.util import registry
from thinc.api import NumpyOps, get_current_ops, require_cpu, set_current_ops
from tiny_distillation import (
    CONFIG,
    arguments,
    distill,
    overrides,
    run_spacy,
    told,
    write_files,
    write_round_teacher,
)
from tiny_teachers import make_bert_teacher

from spacy_distill.evaluation.comparison import is_untrained
from spacy_distill.files import sha256_folder
from spacy_distill.soft_labels.store import SoftLabels


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    return write_files(tmp_path_factory.mktemp("distill"))


@pytest.fixture(scope="module")
def soft_labels(files):
    """Soft labels of the teacher, as an earlier run has left them."""
    distill(files, **{"paths.soft_labels": files / "soft_labels"})
    return files / "soft_labels"


def times(folder):
    return {path.name: path.stat().st_mtime_ns for path in folder.iterdir()}


def test_annotates_and_trains_and_sums_up(files, tmp_path):
    result = distill(files, "-o", tmp_path / "out")
    assert result.exit_code == 0, result.output
    # Without a place of their own the soft labels go beside the student.
    store = SoftLabels(tmp_path / "out" / "soft_labels")
    assert store.manifest.counts.docs == 3 * len(TEXTS)
    assert store.manifest.teacher == "teacher"
    best = tmp_path / "out" / "model-best"
    nlp = spacy.load(best)
    assert nlp.get_pipe("ner").labels == ("LOC", "PER")
    nlp(TEXTS[0])
    assert (tmp_path / "out" / "model-last").is_dir()
    words = " ".join(result.output.split())
    scores = [nlp.meta["performance"][f"ents_{key}"] for key in "prf"]
    assert f"distilled {' '.join(f'{100 * s:.2f}' for s in scores)}" in words
    assert "Measured on the development data: 8 documents" in words
    assert f'nlp = spacy.load("{best}")' in words


def test_a_transformer_teacher_and_the_words_it_has(tmp_path):
    write_files(tmp_path)
    make_bert_teacher(tmp_path / "weights").to_disk(tmp_path / "bert")
    settings = {"teacher": tmp_path / "bert", "initialize.before_init.source": None}
    result = distill(tmp_path, "-o", tmp_path / "out", **settings)
    assert result.exit_code == 0, result.output
    assert (tmp_path / "out" / "soft_labels" / "word_pieces.msgpack").is_file()
    student = spacy.load(tmp_path / "out" / "model-best").get_pipe("ner").model
    assert student.get_ref("tok2vec").has_param("piece_vectors")


def test_soft_labels_that_are_there_are_used(files, soft_labels, tmp_path):
    before = times(soft_labels)
    given = {"paths.soft_labels": soft_labels}
    for unlabelled in (files / "texts.jsonl", "null", '""'):
        settings = {**given, "paths.unlabelled": unlabelled}
        result = distill(files, "-o", tmp_path / "out", **settings)
        assert result.exit_code == 0, result.output
    assert times(soft_labels) == before
    assert not (tmp_path / "out" / "soft_labels").exists()


@pytest.mark.parametrize("with_texts", [True, False])
def test_soft_labels_of_another_teacher(files, soft_labels, with_texts):
    before = times(soft_labels)
    settings = {"paths.soft_labels": soft_labels, "teacher": files / "other_teacher"}
    if not with_texts:
        settings["paths.unlabelled"] = None
    line = told(distill(files, **settings))
    assert "Expected soft labels of" in line
    assert str(soft_labels) in line
    assert "choose another" in line
    assert times(soft_labels) == before


def test_neither_soft_labels_nor_texts(files, tmp_path):
    line = told(distill(files, "-o", tmp_path / "out", **{"paths.unlabelled": None}))
    assert "got neither: add --paths.unlabelled TEXTS" in line
    assert not (tmp_path / "out").exists()


def test_without_output_no_work_starts(files, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    settings = {"paths.soft_labels": tmp_path / "soft_labels"}
    args = arguments(files, "-o", "none", **settings)
    args.remove("-o")
    args.remove("none")
    assert "got none: add --output FOLDER (-o)." in told(run_spacy(*args))
    assert not list(tmp_path.iterdir())


class TeacherOps(NumpyOps):
    """Ops of the teacher, as on a GPU."""


OPS = []


@registry.callbacks("test_distill.note_ops.v1")
def make_note_ops():
    return lambda nlp, args: OPS.append(type(get_current_ops()))


def test_the_student_trains_in_numpy_and_the_device_stays(files, soft_labels, tmp_path):
    """The encoders compute in numpy, wherever the teacher ran."""
    block = '[training.before_update]\n@callbacks = "test_distill.note_ops.v1"\n'
    config = tmp_path / "student.cfg"
    config.write_text(f"{CONFIG.read_text(encoding='utf-8')}\n{block}", "utf-8")
    OPS.clear()
    set_current_ops(TeacherOps())
    try:
        settings = {"config": config, "paths.soft_labels": soft_labels}
        result = distill(files, **settings)
        assert result.exit_code == 0, result.output
        assert set(OPS) == {NumpyOps}
        assert isinstance(get_current_ops(), TeacherOps)
    finally:
        require_cpu()


def trained_config(files, soft_labels, out, *more, **settings):
    settings = {"paths.soft_labels": soft_labels, **settings}
    result = distill(files, "-o", out, *more, **settings)
    assert result.exit_code == 0, result.output
    return spacy.load(out / "model-best").config


def test_overrides_reach_the_config(files, soft_labels, tmp_path):
    changes = {"training.max_steps": 2, "components.ner.loss.temperature": 2.5}
    config = trained_config(files, soft_labels, tmp_path, **changes)
    assert config["training"]["max_steps"] == 2
    assert config["components"]["ner"]["loss"]["temperature"] == 2.5
    assert config["components"]["ner"]["model"]["tok2vec"]["hidden_width"] == 8
    assert config["paths"]["soft_labels"] == str(soft_labels)


def test_overrides_from_the_environment_win(files, soft_labels, tmp_path, monkeypatch):
    overridden = " ".join(overrides(**{"training.max_steps": 2, "system.seed": 7}))
    monkeypatch.setenv("SPACY_CONFIG_OVERRIDES", overridden)
    settings = {"training.max_steps": 3, "training.eval_frequency": 1}
    config = trained_config(files, soft_labels, tmp_path, **settings)
    assert config["training"]["max_steps"] == 2
    assert config["training"]["eval_frequency"] == 1
    assert config.interpolate()["training"]["seed"] == 7


def test_the_end_of_a_short_training_is_evaluated(files, soft_labels, tmp_path):
    """Else model-best would be the student of step 0."""
    given = {"training.max_steps": 3, "training.eval_frequency": 200}
    settings = {"paths.soft_labels": soft_labels, **given}
    result = distill(files, "-o", tmp_path, **settings)
    assert result.exit_code == 0, result.output
    assert "evaluated at its end, after 3 steps" in " ".join(result.output.split())
    config = spacy.load(tmp_path / "model-best").config
    assert config["training"]["eval_frequency"] == 3
    assert config["training"]["max_steps"] == 3


@pytest.mark.parametrize("steps", [1, 120])
def test_a_student_that_learned_nothing_is_told(files, soft_labels, tmp_path, steps):
    settings = {
        "paths.soft_labels": soft_labels,
        "training.max_steps": steps,
        "training.eval_frequency": steps,
        "training.train_corpus": "corpora.gold",
        "training.optimizer.learn_rate.initial_rate": 0.05,
    }
    result = distill(files, "-o", tmp_path, **settings)
    assert result.exit_code == 0, result.output
    f1 = spacy.load(tmp_path / "model-best").meta["performance"]["ents_f"]
    assert is_untrained(f1) == (steps == 1)
    output = " ".join(result.output.split())
    assert ("The student has learned next to nothing (F1" in output) == (steps == 1)
    # The teacher of these tests was never trained.
    assert "The teacher finds next to nothing in the development data" in output


def test_a_teacher_that_finds_nothing(files, tmp_path):
    (tmp_path / "none.jsonl").write_text(
        "".join(f'{{"text": "{text}", "spans": []}}\n' for text in TEXTS * 3)
    )
    config = tmp_path / "none.cfg"
    config.write_text(
        '[teacher]\n@misc = "spacy_distill.AnnotationsTeacher.v1"\n'
        f'path = "{tmp_path / "none.jsonl"}"\nlabels = ["LOC", "PER"]\n'
    )
    settings = {"teacher": config, "paths.train": None, "paths.dev": None}
    line = told(distill(files, "-o", tmp_path / "out", **settings))
    assert "Expected entities among the predictions" in line
    assert f"got none in {3 * len(TEXTS)} documents" in line
    result = distill(files, "-o", tmp_path / "out", teacher=config)
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "The student learns from gold annotation alone." in output


CODE = """
from pathlib import Path
from spacy.util import registry
from spacy_distill.losses.distillation import distillation_loss_v1

@registry.misc("test_code.loss.v1")
def make(alpha: float, temperature: float):
    (Path(__file__).parent / "called").touch()
    return distillation_loss_v1(alpha=alpha, temperature=temperature)
"""


def test_code_is_imported(files, soft_labels, tmp_path):
    (tmp_path / "code.py").write_text(CODE, encoding="utf-8")
    settings = {
        "paths.soft_labels": soft_labels,
        "components.ner.loss.@misc": "test_code.loss.v1",
    }
    assert distill(files, **settings).exit_code != 0
    code = ["--code", tmp_path / "code.py"]
    config = trained_config(files, soft_labels, tmp_path / "out", *code, **settings)
    assert config["components"]["ner"]["loss"]["@misc"] == "test_code.loss.v1"
    assert (tmp_path / "called").exists()


def test_same_seed_same_bytes(files, soft_labels, tmp_path):
    students = {}
    for name, seed in (("one", 3), ("two", 3), ("three", 4)):
        settings = {"system.seed": seed}
        trained_config(files, soft_labels, tmp_path / name, **settings)
        students[name] = sha256_folder(tmp_path / name / "model-last" / "ner")
    assert students["one"] == students["two"] != students["three"]
    assert sha256_folder(tmp_path / "one") == sha256_folder(tmp_path / "two")


@pytest.mark.slow
def test_same_seed_same_bytes_in_other_processes(files, soft_labels, tmp_path):
    """Sets of strings have another order in each."""
    settings = {"paths.soft_labels": soft_labels}
    for name, hash_seed in (("here", "1"), ("there", "12345")):
        args = arguments(files, "-o", tmp_path / name, **settings)
        subprocess.run(
            [sys.executable, "-m", "spacy", *args],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            check=True,
        )
    assert sha256_folder(tmp_path / "here") == sha256_folder(tmp_path / "there")


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (
            {"teacher": "no_such_teacher"},
            "Expected a pipeline, installed or in a folder, at 'no_such_teacher'",
        ),
        ({"paths.train": "none.spacy"}, "Expected gold annotation at none.spacy"),
        ({"paths.dev": "none.spacy"}, "Expected gold annotation at none.spacy"),
        ({"paths.unlabelled": "none"}, "Expected a file or folder of texts at none"),
        ({"system.sede": 1}, "got system.sede, which nothing reads: did you mean sys"),
        ({"system.sede.x": 1}, "got system.sede.x, which nothing reads"),
        ({"training.max_stepz": 9}, "did you mean training.max_steps?"),
        ({"training.max_steps": "ten"}, "as training.max_steps, got 'ten'"),
        ({"training.max_steps": -5}, "0 or more as training.max_steps, got -5"),
        ({"training.max_steps": 0}, "Expected training that ends"),
        ({"training.batcher.size": 0}, "1 or more as training.batcher.size, got 0"),
        ({"schedule.passes": -1}, "above 0, or null, as schedule.passes, got -1"),
        ({"components.ner.model.tok2vec.char_width": 0}, "tok2vec.char_width, got 0"),
        (
            {"components.ner.model.@architectures": "spacy_distill.TokenClasifier.v1"},
            "did you mean 'spacy_distill.TokenClassifier.v1'?",
        ),
        ({"components.ner.factory": "compact_nr"}, "did you mean 'compact_ner'?"),
        ({"components.ner.storage": "int3"}, "Expected storage = float32, float16"),
        ({"nlp.lang": "xq"}, "got 'xq'"),
        ({"nonsense": 1}, "got --nonsense: see --help"),
        ({"ouput": 1}, "got --ouput: did you mean --output?"),
        ({"held-out": 3}, "without gold annotation for development only"),
        ({"gpu-id": 99}, "Expected GPU 99 to be usable"),
    ],
)
def test_a_fault_is_one_line_and_a_failure(files, tmp_path, settings, message):
    line = told(distill(files, "-o", tmp_path / "out", **settings))
    assert message in line
    # Before any work.
    assert not (tmp_path / "out").exists()


def test_no_such_component(files, tmp_path):
    line = told(distill(files, "-o", tmp_path, "--component", "tagger"))
    assert "Expected a component 'tagger'" in line


def test_no_such_config(files, tmp_path):
    line = told(distill(files, config=tmp_path / "none.cfg"))
    assert f"Could not read config file from {tmp_path / 'none.cfg'}" in line
    assert "Expected a config in UTF-8" in told(distill(files, config=tmp_path))


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"max_steps = 1\n", "no section headers"),
        (b"[a]\nx = 1\n[a]\ny = 2\n", "section 'a' already exists"),
        (b"[a]\nx = ${paths.none}\n", "${paths.none}"),
        (b"[a]\n# sch\xf6n\n", "Expected a config in UTF-8 at"),
    ],
)
def test_a_broken_config(files, tmp_path, content, message):
    config = tmp_path / "broken.cfg"
    config.write_bytes(content + CONFIG.read_bytes())
    line = told(distill(files, config=config))
    assert message in line


WITHOUT = """
import sys
for name in ("torch", "transformers", "spacy_transformers"):
    sys.modules[name] = None
from spacy.cli import setup_cli
sys.argv = ["spacy", *sys.argv[1:]]
setup_cli()
"""


@pytest.mark.parametrize("args", [["--help"], ["distill", "--help"]])
def test_help_without_torch(args):
    """spaCy imports the module for each of its commands: it must never fail."""
    command = [sys.executable, "-c", WITHOUT, *args]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Distill TEACHER into the student" in done.stdout


def test_rounds(files, tmp_path):
    round_teacher = write_round_teacher(tmp_path)
    out = tmp_path / "out"
    more = ("--rounds", 2, "--round-teacher", round_teacher, "-o", out)
    result = distill(files, *more)
    assert result.exit_code == 0, result.output
    assert "Round 2: training another teacher" in result.output
    for name in ("teacher, round 1", "distilled, round 1", "distilled"):
        assert name in result.output
    again = distill(files, *more)
    assert again.exit_code == 0, again.output
    assert "Round 1 is finished" in again.output
    assert "Round 2: training another teacher" not in again.output


def test_rounds_that_cannot_be(files):
    result = distill(files, "--rounds", 2, **{"paths.dev": None})
    assert result.exit_code == 1
    assert "gold annotation for development with 2 rounds" in told(result)
