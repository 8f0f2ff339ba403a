"""The grid's commands, as the project's own command line and configs read them."""

import subprocess
from itertools import product
from pathlib import Path

import pytest
import spacy.cli  # noqa: F401 - registers spaCy's own commands
import typer.main
from hypothesis import example, given
from hypothesis import strategies as st
from low_resource.commands import (
    annotate_command,
    as_arguments,
    corpus_command,
    evaluate_command,
    relabel_command,
    stock_command,
    stock_config_command,
    student_command,
    teacher_command,
)
from low_resource.corpus import Corpus
from low_resource.grid import CLASSIFIERS, ENCODERS, STUDENTS, WORD_INITS, Variant
from low_resource.settings import read_settings
from low_resource.steps import Steps
from low_resource.students import student_config
from spacy.cli._util import app as spacy_app
from spacy.util import load_config, registry

from spacy_distill.cli.app import app
from spacy_distill.cli.common import parse_overrides

SETTINGS = read_settings()
PLAN = Steps(steps=40, every=10)
WORK = Path("work")
GOLD = WORK / "corpus"


def parse(words):
    """Let typer parse a command. RETURNS: its name, values, settings of a config."""
    if words[0] == "spacy-distill":
        group, rest = typer.main.get_command(app), words[1:]
    else:
        assert words[1:3] == ["-m", "spacy"]
        registry.cli.get_all()
        group, rest = typer.main.get_command(spacy_app), words[3:]
    context = group.commands[rest[0]].make_context(rest[0], rest[1:])
    return rest[0], context.params, parse_overrides(context.args)


def student(variant, config, settings=SETTINGS):
    command = student_command(
        settings,
        variant,
        config=config,
        gold=GOLD,
        soft_labels=WORK / "soft",
        out=WORK / "out",
        steps=PLAN,
        seed=3,
    )
    name, values, overrides = parse(command)
    assert name == "train"
    assert values["config_path"] == config
    return load_config(config, overrides=overrides, interpolate=True)


# What looks like an option is none of ours.
texts = st.from_regex(r"[ !\"#-,.-~][ -~]*", fullmatch=True)
plain = (
    st.none()
    | st.booleans()
    | st.integers(-1_000_000, 1_000_000)
    | st.integers(-1000, 1000).map(lambda n: n / 8)
    | texts
)


@given(st.lists(plain | st.lists(plain)))
@example(["1", "1e5", "null", "true", "[1]", '"x"', "1.", "01", " 1", "NaN"])
def test_settings_arrive_as_they_are(values):
    settings = {f"training.x{i}": value for i, value in enumerate(values)}
    assert parse_overrides(as_arguments(settings)) == settings


@pytest.mark.parametrize(
    ("encoder", "classifier", "word_init"),
    list(product(ENCODERS, CLASSIFIERS, WORD_INITS)),
)
def test_students(tmp_path, encoder, classifier, word_init):
    blocks = {}
    for system in STUDENTS:
        variant = Variant(system, encoder, classifier, word_init)
        config = student_config(SETTINGS, variant, tmp_path)
        read = student(variant, config)
        ner = read["components"]["ner"]
        assert ner["model"]["output"] == classifier
        assert (
            ner["model"]["tok2vec"]["@architectures"]
            == {
                "qrnn": "spacy_distill.CharCNNQRNN.v1",
                "bilstm": "spacy_distill.CharCNNBiLSTM.v1",
                "dilated_cnn": "spacy_distill.DilatedCNN.v1",
            }[encoder]
        )
        registry.resolve({"model": ner["model"]})
        source = read["initialize"]["before_init"]["source"]
        assert (source is None) == (word_init == "random")
        assert read["system"]["seed"] == read["training"]["seed"] == 3
        assert read["training"]["max_steps"] == 40
        assert read["training"]["eval_frequency"] == 10
        gold_only = read["training"]["train_corpus"] == "corpora.gold"
        assert gold_only == (system == "gold")
        assert read["corpora"]["train"]["gold"] == str(GOLD / "train.spacy")
        assert read["corpora"]["train"]["soft_labels"] == str(WORK / "soft")
        assert read["corpora"]["dev"]["path"] == str(GOLD / "dev.spacy")
        blocks[system] = ner["loss"]
    assert [blocks[s]["alpha"] for s in STUDENTS[1:]] == [1.0, 0.0, 0.5, 1.0]
    registry.resolve(blocks)


def test_the_config_s_own_encoder_stays_where_settings_name_none(tmp_path):
    variant = Variant("gold", "qrnn", "softmax", "random")
    config = student_config(SETTINGS, variant, tmp_path)
    assert config == SETTINGS.student_config
    assert not list(tmp_path.iterdir())


def test_random_words_take_a_source_s_settings_away(tmp_path):
    file = tmp_path / "mine.cfg"
    name = "initialize.before_init.source.soft_labels"
    file.write_text(
        f'[student]\n[student.overrides]\n{name} = "elsewhere"\n', encoding="utf-8"
    )
    settings = read_settings(file)
    sources = {}
    for word_init in WORD_INITS:
        variant = Variant("pseudo", "bilstm", "softmax", word_init)
        read = student(variant, settings.student_config, settings)
        sources[word_init] = read["initialize"]["before_init"]["source"]
    assert sources["teacher"]["soft_labels"] == "elsewhere"
    assert sources["random"] is None


@pytest.mark.parametrize("which", ["teacher", "second_teacher"])
def test_teachers(which):
    command = teacher_command(
        SETTINGS,
        name=which,
        train=WORK / "text",
        gold=GOLD,
        out=WORK / "teacher",
        steps=PLAN,
        seed=3,
        gpu_id=0,
    )
    name, values, overrides = parse(command)
    assert name == "train-teacher"
    assert values["transformer"] == SETTINGS.transformer
    assert values["use_gpu"] == 0
    read = load_config(values["config"], overrides=overrides, interpolate=True)
    assert read["training"]["seed"] == 3
    assert read["training"]["max_steps"] == 40
    assert read["initialize"]["after_init"]["bfloat16"] is True
    assert read["corpora"]["train"]["path"] == str(WORK / "text")
    assert read["corpora"]["dev"]["path"] == str(GOLD / "dev.spacy")


def test_relabel(tmp_path):
    gold, out = tmp_path / "corpus", tmp_path / "x.spacy"
    (gold / "unlabelled").mkdir(parents=True)
    command = relabel_command(student=WORK / "s", gold=gold, out=out)
    name, values, _ = parse(command)
    assert name == "apply"
    assert values["model"] == str(WORK / "s")
    assert values["data_path"] == gold / "unlabelled"
    assert values["output_file"] == out


def test_corpus():
    files = {s: Path(f"{s}.spacy") for s in ("train", "dev", "test")}
    corpus = Corpus(
        name="mine", unlabelled=None, labels=("A", "B"), sentences=9, **files
    )
    command = corpus_command(corpus, labels=5, seed=3, lang="de", out=GOLD)
    name, values, _ = parse(command)
    assert name == "corpus"
    assert values.items() >= {**files, "unlabelled": "", "n_labels": 5}.items()
    assert (values["labels"], values["lang"], values["seed"]) == ("A,B", "de", 3)


def test_annotate_and_evaluate():
    name, values, _ = parse(
        annotate_command(teacher=WORK / "t", gold=GOLD, out=WORK / "soft", gpu_id=1)
    )
    assert (name, values["texts"], values["gpu_id"]) == (
        "annotate",
        str(GOLD / "unlabelled"),
        1,
    )
    name, values, _ = parse(
        evaluate_command(name="gold", model=WORK, gold=GOLD, report=Path("r.json"))
    )
    assert name == "evaluate"
    assert list(values["pipeline"]) == [f"gold={WORK}"]
    assert values["gold"] == GOLD / "test.spacy"


@pytest.mark.slow
def test_stock(tmp_path):
    config = tmp_path / "config.cfg"
    begin = stock_config_command(SETTINGS, out=config)
    subprocess.run(begin, check=True, stdout=subprocess.DEVNULL)
    command = stock_command(
        SETTINGS, config=config, labelled=WORK / "l", gold=GOLD, out=WORK, seed=3
    )
    name, values, overrides = parse(command)
    assert name == "train"
    read = load_config(values["config_path"], overrides=overrides, interpolate=True)
    assert read["components"]["ner"]["factory"] == "ner"
    assert read["corpora"]["train"]["path"] == str(WORK / "l")
    assert read["corpora"]["dev"]["path"] == str(GOLD / "dev.spacy")
    assert read["training"]["seed"] == 3
    # Steps and patience are spaCy's own.
    assert not any(name.startswith("training") for name in overrides)
