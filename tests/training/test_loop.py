"""Training that is cut short goes on, and ends with the same weights."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from io import StringIO
from pathlib import Path

import pytest
import spacy
import srsly
from small import TEXTS, write_gold, write_soft_labels
from spacy.training.initialize import init_nlp
from spacy.training.loop import train as spacy_train
from spacy.util import registry
from texts_with_categories import make_data, write_categories
from tiny_transformer_students import SMALL, write_data
from wasabi import Printer

from spacy_distill.training.checkpoint import FILE_NAME
from spacy_distill.training.config import CONFIGS, read_config
from spacy_distill.training.loop import train
from spacy_distill.training.student import train_student
from spacy_distill.training.teacher import train_teacher

pytest.importorskip("torch")

STEPS = 23


class StoppedError(Exception):
    """By the test."""


@registry.callbacks("test.stop_at.v1")
def stop_at(step, folder):
    """Stop at a step, once."""
    marker = Path(folder) / "stopped"

    def before_update(nlp, args):
        # As components do that draw random numbers in an update.
        random.random()
        if args["step"] == step and not marker.exists():
            marker.touch()
            raise StoppedError

    return before_update


def stopped_at(step, folder):
    return {"@callbacks": "test.stop_at.v1", "step": step, "folder": str(folder)}


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    folder = write_data(tmp_path_factory.mktemp("data"))
    (folder / "labels").mkdir()
    write_soft_labels(folder / "labels", TEXTS * 4).rename(folder / "soft")
    write_categories(folder / "categories.spacy", make_data(40))
    return folder


def common(data, gold="gold.spacy"):
    return {
        "paths.train": str(data / gold),
        "paths.dev": str(data / gold),
        "training.max_steps": STEPS,
        "training.eval_frequency": 5,
        "training.batcher.size": 3,
        # An order of batches that takes random numbers as the training goes on.
        "training.batcher.buffer": 2,
    }


ADAPTIVE = {"@schedules": "spacy_distill.adaptive_alpha.v1", "step": 20}


def qrnn(data):
    return "student", {
        **common(data),
        "paths.soft_labels": str(data / "soft"),
        "components.ner.loss.alpha": ADAPTIVE,
        "training.optimizer.use_averages": True,
    }


def transformer_with_layers(data):
    return "transformer_layers", {
        **SMALL,
        **common(data),
        "paths.soft_labels": str(data / "soft"),
        "paths.teacher": str(data / "teacher"),
    }


def classifier_with_vectors(data):
    return "textcat_student", {
        **common(data, "categories.spacy"),
        "corpora.train.soft_labels": None,
        "paths.encoder": str(data / "source"),
    }


def train_it(name, settings, output):
    config = read_config(CONFIGS / f"{name}.cfg", settings, interpolate=False)
    train_student(config, output, is_kept=False, say=Printer(no_print=True))


def weights(folder):
    """The files of all weights."""
    found = {
        path.relative_to(folder): path.read_bytes()
        for path in (folder / "model-last").rglob("model")
    }
    assert found
    return found


@pytest.mark.parametrize(
    "make", [qrnn, transformer_with_layers, classifier_with_vectors]
)
def test_a_student_goes_on_to_the_same_weights(data, tmp_path, make):
    name, settings = make(data)
    settings["training.before_update"] = stopped_at(17, tmp_path)
    output = tmp_path / "cut"
    with pytest.raises(StoppedError):
        train_it(name, settings, output)
    assert (output / FILE_NAME).exists()
    train_it(name, settings, output)
    assert not (output / FILE_NAME).exists()
    # In one go: the marker of the first stop is there.
    train_it(name, settings, tmp_path / "whole")
    assert weights(output) == weights(tmp_path / "whole")


@pytest.mark.parametrize(
    "architecture",
    ["spacy-transformers.TransformerModel.v3", "spacy_distill.CaseAwareTransformer.v1"],
)
def test_a_teacher_goes_on_to_the_same_weights(data, tmp_path, architecture):
    settings = {
        **common(data),
        "training.before_update": stopped_at(17, tmp_path),
        "components.transformer.model.@architectures": architecture,
    }

    def run(output):
        train_teacher(
            None,
            output,
            transformer=str(data / "source"),
            overrides=settings,
            progress=False,
        )

    with pytest.raises(StoppedError):
        run(tmp_path / "cut")
    run(tmp_path / "cut")
    run(tmp_path / "whole")
    assert weights(tmp_path / "cut") == weights(tmp_path / "whole")


def test_the_loop_is_that_of_spacy(data, tmp_path):
    name, settings = qrnn(data)
    config = read_config(CONFIGS / f"{name}.cfg", settings, interpolate=False)
    printed = []
    for function, folder in ((spacy_train, "spacy"), (train, "own")):
        (tmp_path / folder).mkdir()
        stdout = StringIO()
        nlp = init_nlp(config, use_gpu=-1)
        function(nlp, tmp_path / folder, stdout=stdout, stderr=StringIO())
        printed.append(stdout.getvalue().replace(str(tmp_path / folder), ""))
    assert weights(tmp_path / "own") == weights(tmp_path / "spacy")
    assert printed[0] == printed[1]
    metas = [
        srsly.read_json(tmp_path / folder / "model-best" / "meta.json")["performance"]
        for folder in ("own", "spacy")
    ]
    assert metas[0] == metas[1]


def test_the_best_of_before_stays(data, tmp_path):
    """Later evaluations are worse: a made-up score falls with each."""
    name, settings = qrnn(data)
    settings["training.before_update"] = stopped_at(17, tmp_path)
    output = tmp_path / "student"
    calls = []

    def run():
        config = read_config(CONFIGS / f"{name}.cfg", settings, interpolate=False)
        nlp = init_nlp(config, use_gpu=-1)

        def evaluate(examples, **kwargs):
            calls.append(1)
            return {"ents_f": 1 / len(calls), "ents_p": 0.0, "ents_r": 0.0}

        nlp.evaluate = evaluate
        output.mkdir(exist_ok=True)
        stdout = StringIO()
        train(nlp, output, stdout=stdout, stderr=StringIO())
        return stdout.getvalue()

    with pytest.raises(StoppedError):
        run()
    best = (output / "model-best" / "ner" / "model").read_bytes()
    printed = run()
    assert "Going on from step 15" in printed
    # Rows of the table have the numbers of all steps.
    rows = [line.split() for line in printed.splitlines() if line[:3].strip().isdigit()]
    assert [row[1] for row in rows] == ["15", "20"]
    assert (output / "model-best" / "ner" / "model").read_bytes() == best
    assert best != (output / "model-last" / "ner" / "model").read_bytes()


@pytest.mark.parametrize("change", ["settings", "data", "corpus", "damaged"])
def test_another_run_begins_again(data, tmp_path, change, capsys):
    name, settings = qrnn(data)
    gold = tmp_path / "gold.spacy"
    gold.write_bytes((data / "gold.spacy").read_bytes())
    # A path of a corpus need not be a variable.
    where = "corpora.train.gold" if change == "corpus" else "paths.train"
    settings[where] = str(gold)
    settings["training.before_update"] = stopped_at(12, tmp_path)
    output = tmp_path / "student"
    with pytest.raises(StoppedError):
        train_it(name, settings, output)
    if change == "settings":
        settings["training.dropout"] = 0.1
    elif change in ("data", "corpus"):
        write_gold(gold, spacy.blank("en"), repeat=2)
    else:
        (output / FILE_NAME).write_bytes(b"damaged")
    config = read_config(CONFIGS / f"{name}.cfg", settings, interpolate=False)
    capsys.readouterr()
    train_student(config, output, is_kept=True, say=Printer())
    printed = capsys.readouterr().out
    assert "The training begins again" in printed
    assert "Going on" not in printed


_CHILD = """
import json, sys
from pathlib import Path
from wasabi import Printer
from spacy_distill.training.config import CONFIGS, read_config
from spacy_distill.training.student import train_student
name, settings, output = sys.argv[1:]
config = read_config(CONFIGS / f"{name}.cfg", json.loads(settings), interpolate=False)
train_student(config, Path(output), is_kept=False, say=Printer(no_print=True))
"""


@pytest.mark.slow
def test_a_killed_training_goes_on_to_the_same_weights(data, tmp_path):
    name, settings = transformer_with_layers(data)
    settings["training.max_steps"] = 400
    output = tmp_path / "killed"
    process = subprocess.Popen(
        [sys.executable, "-c", _CHILD, name, json.dumps(settings), str(output)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])},
    )
    deadline = time.monotonic() + 120
    while not (output / FILE_NAME).exists() and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert (output / FILE_NAME).exists()
    train_it(name, settings, output)
    train_it(name, settings, tmp_path / "whole")
    assert weights(output) == weights(tmp_path / "whole")
