"""`spacy-distill train-teacher`, on a BERT of two tiny layers."""

import os
from pathlib import Path

import pytest
import spacy
from small import TEXTS, write_gold
from tiny_distillation import told
from tiny_teachers import make_bert_teacher
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.teachers.load import load_teacher

CONFIG = (
    Path(__file__).parent.parent.parent / "spacy_distill" / "configs" / "teacher.cfg"
)


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train_teacher")
    make_bert_teacher(folder / "weights")
    write_gold(folder / "gold.spacy", spacy.blank("en"))
    return folder


def train_teacher(files, *more, transformer="weights", config=CONFIG, **settings):
    settings = {
        "paths.train": files / "gold.spacy",
        "paths.dev": files / "gold.spacy",
        "training.max_steps": 2,
        "training.eval_frequency": 1,
        **settings,
    }
    overrides = [part for name in settings for part in (f"--{name}", settings[name])]
    given = [] if config is None else [config]
    args = ["train-teacher", *given, "--transformer", transformer, *more, *overrides]
    return CliRunner().invoke(app, list(map(str, args)))


def test_a_teacher_is_trained(files, tmp_path, monkeypatch):
    monkeypatch.chdir(files)
    # Set by the command, put back after the test.
    monkeypatch.setenv("HF_HUB_OFFLINE", "0")
    result = train_teacher(files, "-o", tmp_path, **{"training.dropout": 0.25})
    assert result.exit_code == 0, result.output
    # The weights are here, so no hub is asked.
    assert os.environ["HF_HUB_OFFLINE"] == "1"
    teacher = load_teacher(tmp_path / "model-best")
    assert teacher.nlp.pipe_names == ["transformer", "ner"]
    assert teacher.nlp.config["training"]["dropout"] == 0.25
    assert teacher.nlp.config["training"]["max_steps"] == 2
    (prediction,) = teacher.predict([teacher.nlp.make_doc(TEXTS[0])])
    assert prediction.logits.shape == (5, 9)
    assert teacher.word_pieces() is not None


def test_word_embeddings_keep_their_pretrained_values(files, tmp_path):
    weights = files / "weights"
    result = train_teacher(files, "-o", tmp_path, transformer=weights)
    assert result.exit_code == 0, result.output
    transformers = pytest.importorskip("transformers")
    before = transformers.BertModel.from_pretrained(weights)
    after = spacy.load(tmp_path / "model-last").get_pipe("transformer")
    after = after.model.transformer
    assert (word_embeddings(before) == word_embeddings(after)).all()
    assert (
        before.encoder.layer[0].output.dense.weight
        != after.encoder.layer[0].output.dense.weight
    ).any()


def word_embeddings(model):
    return model.get_input_embeddings().weight


def test_without_config_the_end_is_evaluated_and_nothing_learned_is_told(
    files, tmp_path
):
    given = {"training.eval_frequency": 100, "schedule.passes": "null"}
    result = train_teacher(
        files, "-o", tmp_path, config=None, transformer=files / "weights", **given
    )
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "evaluated at its end, after 2 steps" in output
    assert "The teacher has learned next to nothing (F1" in output
    config = spacy.load(tmp_path / "model-best").config
    assert config["training"]["eval_frequency"] == 2


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"transformer": "./none"}, "Expected a folder with a transformer at ./none"),
        ({"transformer": "numpy"}, "Expected a package that carries a transformer"),
        ({"transformer": "no-such/model"}, "that can be loaded as 'no-such/model'"),
        ({"config": "none.cfg"}, "[E053] Could not read config file from none.cfg"),
        ({"paths.train": "none.spacy"}, "Expected gold annotation at none.spacy"),
        ({"paths.dev": "none.spacy"}, "Expected gold annotation at none.spacy"),
        ({"paths.dev": "null"}, "[corpora.dev], got null"),
        ({"training.sede.x": 1}, "got training.sede.x, which nothing reads"),
        ({"training.max_stepz": 9}, "did you mean training.max_steps?"),
        ({"training.max_steps": -1}, "0 or more as training.max_steps, got -1"),
        ({"paths.transformer": "x"}, "one of --transformer and --paths.transformer"),
        ({"nonsense": 1}, "got --nonsense: see --help"),
        ({"gpu-id": 99}, "Expected GPU 99 to be usable"),
    ],
)
def test_a_fault_is_one_line_and_a_failure(
    files, tmp_path, monkeypatch, settings, message
):
    monkeypatch.chdir(files)
    line = told(train_teacher(files, "-o", tmp_path / "out", **settings))
    assert message in line
    assert not (tmp_path / "out" / "model-best").exists()


V3 = {
    "components.transformer.model.@architectures": (
        "spacy-transformers.TransformerModel.v3"
    )
}


def test_files_of_a_tokenizer_that_are_missing(files, tmp_path):
    """Told before training; with the file that is named, it trains."""
    from tiny_classifiers import make_xlm_roberta

    folder = make_xlm_roberta(tmp_path / "xlm", steps=0)
    options = {"transformer": folder, **V3, "nlp.batch_size": 1}
    line = told(train_teacher(files, "-o", tmp_path / "out", **options))
    assert f"Expected sentencepiece.bpe.model beside tokenizer.json in {folder}" in line
    assert not (tmp_path / "out").exists()
    (folder / "tokenizer.json").rename(folder / "kept.json")
    line = told(train_teacher(files, "-o", tmp_path / "out", **options))
    assert "tokenizer.json or sentencepiece.bpe.model, got none" in line
    (folder / "config.json").rename(tmp_path / "config.json")
    line = told(train_teacher(files, "-o", tmp_path / "out", **options))
    assert f"with a config.json in {folder}, got none" in line
    (tmp_path / "config.json").rename(folder / "config.json")
    (folder / "kept.json").rename(folder / "tokenizer.json")
    (folder / "sentencepiece.bpe.model").write_bytes(b"1")
    result = train_teacher(files, "-o", tmp_path / "out", **options)
    assert result.exit_code == 0, result.output
    assert load_teacher(tmp_path / "out" / "model-best").word_pieces() is not None
