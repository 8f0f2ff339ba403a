"""`spacy-distill distill` and `python -m spacy distill` with a text classifier."""

import pytest
import spacy
from small_classifiers import accuracy, make_stock_teacher
from texts_with_categories import make_data, write_categories
from tiny_distillation import overrides, run_spacy, told
from tiny_teachers import write_jsonl
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.training.config import CONFIGS

TEST = make_data(60, seed=8)
TRAINING = {
    "training.max_steps": 60,
    "training.eval_frequency": 20,
    "training.batcher.size": 16,
    "training.optimizer.learn_rate.initial_rate": 0.03,
    "training.optimizer.learn_rate.warmup_steps": 5,
}
QRNN = {
    **TRAINING,
    "training.max_steps": 100,
    "training.dropout": 0.1,
    "components.textcat.model.tok2vec.word_width": 8,
    "components.textcat.model.tok2vec.hidden_width": 8,
    "components.textcat.model.tok2vec.char_width": 4,
    "initialize.before_init.source": "null",
}
STOCK = {**TRAINING, "components.textcat.model.length": 2048}


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("distill")
    make_stock_teacher().to_disk(folder / "teacher")
    make_stock_teacher(exclusive=False).to_disk(folder / "several")
    write_jsonl(folder / "texts.jsonl", [text for text, _ in make_data(120, seed=3)])
    write_categories(folder / "gold.spacy", make_data(30, seed=4))
    write_categories(folder / "several.spacy", make_data(30, seed=4, exclusive=False))
    return folder


def distill(files, *args, teacher="teacher", settings=QRNN):
    words = ["distill", files / teacher, files / "texts.jsonl", *args]
    return CliRunner().invoke(app, [*map(str, words), *overrides(**settings)])


def test_without_gold_annotation(files, tmp_path):
    result = distill(files, "-o", tmp_path)
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "12 of 120 documents are held out" in output
    assert f'nlp = spacy.load("{tmp_path / "model-best"}")' in result.output
    nlp = spacy.load(tmp_path / "model-best")
    assert accuracy(nlp, TEST) > 0.95
    assert nlp.get_pipe_meta("textcat").factory == "compact_textcat"


def test_with_gold_annotation_and_a_stock_student(files, tmp_path):
    gold = ["--gold", files / "gold.spacy", "--dev", files / "gold.spacy"]
    config = ["--config", CONFIGS / "textcat_spacy.cfg"]
    result = distill(files, *gold, *config, "-o", tmp_path, settings=STOCK)
    assert result.exit_code == 0, result.output
    nlp = spacy.load(tmp_path / "model-best")
    assert accuracy(nlp, TEST) > 0.95
    assert nlp.get_pipe_meta("textcat").factory == "textcat"


def test_as_a_command_of_spacy(files, tmp_path):
    settings = {**QRNN, "paths.unlabelled": files / "texts.jsonl"}
    args = ["distill", files / "teacher", "-o", tmp_path, *overrides(**settings)]
    result = run_spacy(*args)
    assert result.exit_code == 0, result.output
    assert accuracy(spacy.load(tmp_path / "model-best"), TEST) > 0.95


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            {"args": ["--gold", "several.spacy"]},
            "Expected one category for each document, got",
        ),
        (
            {"settings": {**QRNN, "components.textcat.exclusive": "false"}},
            "Expected components.textcat.exclusive as the teacher has it",
        ),
        (
            {
                "teacher": "several",
                "settings": STOCK,
                "args": ["--config", CONFIGS / "textcat_spacy.cfg"],
            },
            "Expected a component for several categories, which the teacher predicts",
        ),
        (
            {"settings": TRAINING, "args": ["--config", CONFIGS / "student.cfg"]},
            "got one that classifies texts: leave the config out, or start from",
        ),
    ],
)
def test_a_fault_is_one_line_before_any_work(
    files, tmp_path, monkeypatch, options, message
):
    monkeypatch.chdir(files)
    args = [*options.pop("args", []), "-o", tmp_path / "out"]
    line = told(distill(files, *args, **options))
    assert message in line
    assert not (tmp_path / "out" / "soft_labels").exists()
