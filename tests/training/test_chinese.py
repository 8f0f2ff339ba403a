"""Chinese, character by character: configs, distilling, evaluation."""

import re

import pytest
from chinese import ASSETS, as_bmes, sample_docs
from spacy.tokens import DocBin
from spacy.util import load_config
from typer.testing import CliRunner

from spacy_distill import distill, get_report
from spacy_distill.cli.app import app
from spacy_distill.training.config import CONFIGS

SIZE = "components.ner.model.tok2vec"
# So narrow a network needs larger steps, and no dropout.
TINY = {
    f"{SIZE}.word_width": 24,
    f"{SIZE}.hidden_width": 32,
    "training.dropout": 0.0,
    "training.optimizer.learn_rate.initial_rate": 0.02,
    "training.optimizer.learn_rate.warmup_steps": 10,
    "training.max_steps": 120,
    "training.eval_frequency": 60,
}


def flat(config, prefix=""):
    found = {}
    for key, value in config.items():
        name = f"{prefix}{key}"
        if isinstance(value, dict):
            found.update(flat(value, f"{name}."))
        else:
            found[name] = value
    return found


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("student", set()),
        (
            "teacher",
            {
                "paths.transformer",
                "components.transformer.model.@architectures",
                "components.transformer.model.get_spans.window",
                "components.transformer.model.get_spans.stride",
            },
        ),
    ],
)
def test_the_chinese_config_is_the_usual_one_but_for_what_it_names(name, others):
    usual = flat(load_config(CONFIGS / f"{name}.cfg"))
    chinese = flat(load_config(CONFIGS / f"{name}_zh.cfg"))
    differing = {k for k in usual | chinese if usual.get(k) != chinese.get(k)}
    assert differing == others | {
        "nlp.lang",
        "nlp.tokenizer.@tokenizers",
        "nlp.tokenizer.segmenter",
        "training.score_weights.spans_characters_f",
    }


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("zh")
    (folder / "train.bmes").write_text(as_bmes(sample_docs("train")), encoding="utf-8")
    for name in ("train", "dev"):
        DocBin(docs=sample_docs(name)).to_disk(folder / f"{name}.spacy")
    return folder


@pytest.mark.parametrize("config", ["student", "student_zh"])
def test_a_column_file_teaches_a_student_of_characters(files, tmp_path, config):
    source = files / "train.bmes"
    nlp = distill(
        source,
        source,
        train=files / "train.spacy",
        # The best step by what it learns from: eight others tell little.
        dev=files / "train.spacy",
        config=CONFIGS / f"{config}.cfg",
        overrides={**TINY, "nlp.lang": "zh"},
        output=tmp_path / "out",
        progress=False,
    )
    assert nlp.config["nlp"]["tokenizer"]["segmenter"] == "char"
    doc = nlp("\u4e91\u6865\u5e02ABC\uff11 2")
    assert [t.text for t in doc] == [*"\u4e91\u6865\u5e02ABC\uff112"]
    assert doc.text == "\u4e91\u6865\u5e02ABC\uff11 2"
    row = get_report(nlp).rows[-1]
    assert row.f1 > 0.5
    assert row.characters.micro.f1 > 0.5
    assert (tmp_path / "out" / "report.md").read_text().count("Single characters") == 1


def test_unlabelled_text_and_reports(files, tmp_path):
    result = CliRunner().invoke(
        app,
        [
            *("train-teacher", str(CONFIGS / "student_zh.cfg")),
            *("-o", str(tmp_path / "teacher")),
            *("--paths.train", str(files / "train.spacy")),
            *("--paths.dev", str(files / "train.spacy")),
            *("--training.train_corpus", "corpora.gold"),
            *(x for k, v in TINY.items() for x in (f"--{k}", str(v))),
        ],
    )
    assert result.exit_code == 0, result.output
    teacher = str(tmp_path / "teacher" / "model-best")
    arguments = ["distill", teacher, str(ASSETS / "unlabelled.txt")]
    overrides = {**TINY, "training.max_steps": 4, "training.eval_frequency": 2}
    result = CliRunner().invoke(
        app,
        [
            *arguments,
            *("-o", str(tmp_path / "student"), "--nlp.lang", "zh"),
            *("--dev", str(files / "dev.spacy")),
            *(x for k, v in overrides.items() for x in (f"--{k}", str(v))),
        ],
    )
    assert result.exit_code == 0, result.output
    result = CliRunner().invoke(
        app,
        [
            *("evaluate", "-p", f"teacher={teacher}"),
            *("-p", f"student={tmp_path / 'student' / 'model-best'}"),
            *("--gold", str(files / "train.spacy"), "--rounds", "0"),
            *("-o", str(tmp_path / "report.json")),
        ],
    )
    assert result.exit_code == 0, result.output
    assert "Char F1" in result.output
    markdown = (tmp_path / "report.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| teacher .*", markdown, re.MULTILINE)
    assert len(rows) >= 3
