"""The shipped config of the transformer student, made small."""

from pathlib import Path

import pytest
import spacy
from small import TEXTS, entities
from spacy.cli.train import train as spacy_train
from spacy.util import load_config
from tiny_transformer_students import SMALL, shim_of, write_data

from spacy_distill.errors import DistillError
from spacy_distill.evaluation.report import get_report
from spacy_distill.training.checks import check_config
from spacy_distill.training.config import CONFIGS
from spacy_distill.training.distill import distill

CONFIG = CONFIGS / "transformer_student.cfg"
ENCODER = "components.ner.model.tok2vec."


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    return write_data(tmp_path_factory.mktemp("data"))


def settings(data, source="source", **more):
    paths = {"train": "gold.spacy", "dev": "gold.spacy", "transformer": source}
    given = {f"paths.{name}": str(data / path) for name, path in paths.items()}
    return {**SMALL, **given, **more}


def test_spacy_train(data, tmp_path):
    gold = [entities(doc) for doc in spacy.load(data / "teacher").pipe(TEXTS)]
    given = settings(
        data,
        **{
            "training.optimizer.use_averages": True,
            "initialize.before_init.prune_vocabulary": True,
        },
    )
    spacy_train(CONFIG, tmp_path, overrides=given)
    for name in ("model-best", "model-last"):
        nlp = spacy.load(tmp_path / name)
        assert [entities(doc) for doc in nlp.pipe(TEXTS)] == gold
    # Fewer pieces, and embeddings that stayed as they were.
    assert shim_of(nlp).cfg["vocab_size"] < 70
    assert any("[onnx]" in line for line in nlp.meta["requirements"])
    # With more steps from there.
    again = tmp_path / "again.cfg"
    config = load_config(CONFIG)
    config["components"]["ner"] = {"source": str(tmp_path / "model-best")}
    config["initialize"].update(before_init=None, after_init=None)
    config.to_disk(again)
    more = {name: v for name, v in given.items() if not name.startswith("components")}
    more.pop("training.optimizer.use_averages")
    more.pop("initialize.before_init.prune_vocabulary")
    spacy_train(
        again, tmp_path / "second", overrides={**more, "training.max_steps": 20}
    )
    nlp = spacy.load(tmp_path / "second" / "model-best")
    assert [entities(doc) for doc in nlp.pipe(TEXTS)] == gold


@pytest.mark.parametrize("source", ["source", "teacher"])
def test_distill(data, tmp_path, source):
    given = settings(data, source, **{"training.max_steps": 400})
    del given["paths.train"]
    nlp = distill(
        data / "teacher",
        data / "texts.jsonl",
        output=tmp_path,
        config=CONFIG,
        overrides=given,
        progress=False,
    )
    teacher = spacy.load(data / "teacher")
    assert [entities(doc) for doc in nlp.pipe(TEXTS)] == [
        entities(doc) for doc in teacher.pipe(TEXTS)
    ]
    row = get_report(nlp).rows[-1]
    assert row.parameters > 5_000
    # The config keeps all pieces.
    assert shim_of(nlp).cfg["vocab_size"] == 70


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ({f"{ENCODER}width": 32}, "Expected width = 16"),
        ({f"{ENCODER}layers": 9}, "Expected a student of at most 4 layers"),
        ({"paths.transformer": "./nowhere"}, "nothing there"),
        ({"initialize.before_init.start": "twice"}, "Expected start"),
    ],
)
def test_a_source_that_does_not_fit_is_told_before_the_teacher_runs(
    data, tmp_path, more, message
):
    with pytest.raises(DistillError, match=message):
        distill(
            "no_such_teacher",
            data / "texts.jsonl",
            output=tmp_path,
            config=CONFIG,
            overrides=settings(data, **more),
            progress=False,
        )


def test_missing_libraries_are_told(data, monkeypatch):
    config = load_config(CONFIG, overrides=settings(data))
    real = "spacy_distill.training.checks.find_spec"
    monkeypatch.setattr(real, lambda name: None if name == "onnx" else True)
    with pytest.raises(
        DistillError, match=r"Expected onnx, .* pip install .*\[train\]"
    ):
        check_config(config, Path("x.cfg"))
