import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from tiny_transformer_students import WORDS, write_source

from spacy_distill.errors import DistillError

torch = pytest.importorskip("torch")
transformers = pytest.importorskip("transformers")

from safetensors.torch import load_file  # noqa: E402

from spacy_distill.training.general_distillation.distill_encoder import (  # noqa: E402
    RECORD,
    distill_encoder,
)

TEXTS = [f"{a} {b} {c}" for a in WORDS[:5] for b in WORDS[3:8] for c in WORDS[5:]]
SETTINGS = {
    "encoder.layers": 2,
    "encoder.width": 16,
    "encoder.feed_forward_width": 32,
    "encoder.heads": 2,
    "encoder.max_length": 16,
    "training.batch_size": 8,
    "training.max_steps": 30,
    "training.warmup_steps": 5,
    "training.learn_rate": 0.01,
    "training.checkpoint_frequency": 4,
}


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    return write_source(tmp_path_factory.mktemp("teacher"))


def run(teacher, output, texts=TEXTS, **settings):
    overrides = {**SETTINGS, **{k.replace("__", "."): v for k, v in settings.items()}}
    return distill_encoder(teacher, texts, output, overrides=overrides, progress=False)


def weights(folder):
    return load_file(folder / "model.safetensors")


def distance(folder, teacher):
    """The mean square of the difference between last hidden states."""
    tokenizer = transformers.AutoTokenizer.from_pretrained(teacher)
    inputs = tokenizer(TEXTS[:20], return_tensors="pt", padding=True)
    inputs.pop("token_type_ids", None)
    with torch.no_grad():
        own, target = (
            transformers.AutoModel.from_pretrained(path)(**inputs).last_hidden_state
            for path in (folder, teacher)
        )
    return float(((own - target) ** 2)[inputs["attention_mask"].bool()].mean())


@pytest.mark.parametrize("start", ["source", "random"])
def test_the_student_comes_near_to_its_teacher(teacher, tmp_path, start):
    begun = run(
        teacher,
        tmp_path / "begun",
        encoder__start=start,
        training__max_steps=1,
        training__learn_rate=1e-9,
    )
    # The projection of hidden states starts as the identity, since widths are equal.
    done = run(
        teacher, tmp_path / "done", encoder__start=start, training__max_steps=150
    )
    assert distance(done, teacher) < 0.7 * distance(begun, teacher)
    record = json.loads((done / RECORD).read_bytes())
    assert record["steps"] == 150
    assert set(record["losses"]) == {"attention", "hidden"}


def test_another_shape(teacher, tmp_path):
    settings = {"encoder__width": 8, "encoder__heads": 1, "encoder__layers": 3}
    folder = run(teacher, tmp_path, encoder__start="random", **settings)
    config = transformers.AutoConfig.from_pretrained(folder)
    assert (config.hidden_size, config.num_hidden_layers) == (8, 3)
    assert config.max_position_embeddings == 16


def test_layers_that_are_copied(teacher, tmp_path):
    folder = run(
        teacher,
        tmp_path,
        encoder__source_layers=[1, 4],
        training__max_steps=1,
        training__learn_rate=1e-9,
    )
    own, given = weights(folder), weights(teacher)
    name = "encoder.layer.{}.attention.self.query.weight"
    torch.testing.assert_close(own[name.format(1)], given[name.format(3)])
    torch.testing.assert_close(own[name.format(0)], given[name.format(0)])


def test_a_complete_run_is_not_repeated(teacher, tmp_path):
    folder = run(teacher, tmp_path)
    before = (folder / "model.safetensors").stat().st_mtime_ns
    assert run(teacher, tmp_path) == folder
    assert (folder / "model.safetensors").stat().st_mtime_ns == before
    with pytest.raises(DistillError, match="choose another output"):
        run(teacher, tmp_path, training__seed=1)


_CHILD = """
import sys
from spacy_distill.training.general_distillation.distill_encoder import distill_encoder
teacher, output, settings, texts = sys.argv[1:]
import json
distill_encoder(teacher, json.loads(texts), output, overrides=json.loads(settings))
"""


@pytest.mark.slow
def test_a_killed_run_goes_on_to_the_same_weights(teacher, tmp_path):
    settings = {**SETTINGS, "training.max_steps": 400}
    arguments = [str(teacher), str(tmp_path / "killed"), json.dumps(settings)]
    checkpoint = tmp_path / "killed" / "checkpoint.pt"
    process = subprocess.Popen(
        [sys.executable, "-c", _CHILD, *arguments, json.dumps(TEXTS)],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3])},
    )
    deadline = time.monotonic() + 120
    while not checkpoint.exists() and time.monotonic() < deadline:
        assert process.poll() is None
        time.sleep(0.005)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert checkpoint.exists()
    assert not (tmp_path / "killed" / RECORD).exists()
    overrides = {"training__max_steps": 400}
    killed = run(teacher, tmp_path / "killed", **overrides)
    whole = run(teacher, tmp_path / "whole", **overrides)
    expected = weights(whole)
    for name, weight in weights(killed).items():
        assert torch.equal(weight, expected[name]), name
    assert not checkpoint.exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"encoder__layers": 5}, "at most 4 layers"),
        ({"encoder__width": 18, "encoder__heads": 3}, "Expected width = 16"),
        ({"encoder__heads": 3}, "multiple of encoder.heads"),
        ({"encoder__start": "zero"}, "encoder.start out of source, random"),
        ({"encoder__source_layers": [1, 9]}, "source_layers from 1 to 4"),
        (
            {"encoder__source_layers": [1, 2], "encoder__start": "random"},
            "leave it out",
        ),
        ({"encoder__layres": 2}, "did you mean layers"),
        ({"encoder__layers": "two"}, "encoder.layers to be a whole number"),
        ({"training__learn_rate": 0.0}, "training.learn_rate above 0"),
        ({"training__max_steps": 0}, "training.max_steps of at least 1"),
        ({"loss__losses__attention__layer_map": [1, 7]}, "teacher layers from 1 to 4"),
        ({"encoder__max_length": 64}, "at most 32, the positions"),
        (
            {"encoder__max_length": 64, "encoder__start": "random"},
            "at most 32, the positions",
        ),
    ],
)
def test_settings_that_do_not_fit(teacher, tmp_path, settings, message):
    with pytest.raises(DistillError, match=message):
        run(teacher, tmp_path, **settings)
    assert not list(tmp_path.iterdir())
