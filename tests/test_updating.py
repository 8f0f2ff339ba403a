"""Saved pipelines go on learning in spaCy's own ways."""

import shutil

import pytest
import spacy
from small import SENTENCES, TEXTS, entities, gold_of, trained, write_gold
from spacy.cli.debug_data import debug_data
from spacy.cli.debug_model import debug_model_cli
from spacy.cli.train import train as spacy_train
from spacy.training import Example
from spacy.util import load_config
from test_spacy_train import CONFIGS, NO_SOURCE, SMALL
from tiny_teachers import make_bert_teacher
from typer import Typer
from typer.testing import CliRunner

from spacy_distill.errors import DistillError
from spacy_distill.students.encoder import get_encoders

RATE = SMALL["training.optimizer.learn_rate.initial_rate"]
NEW = [
    ("Zentek hired Bob Smith .", [(0, 6, "ORG"), (13, 22, "PER")]),
    ("Anna left Zentek in Rome .", [(0, 4, "PER"), (10, 16, "ORG"), (20, 24, "LOC")]),
]


def make_old(folder):
    """Write the config that version 0.1.0 would have written."""
    path = folder / "config.cfg"
    text = path.read_text(encoding="utf-8")
    assert '"spacy_distill.warmup_linear.v1"' in text
    assert "total_steps = ${training.max_steps}" in text
    path.write_text(
        text.replace("spacy_distill.warmup_linear.v1", "warmup_linear.v1"),
        encoding="utf-8",
    )


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Students whose training data are gone, `new` and with the `old` config."""
    folder = tmp_path_factory.mktemp("updating")
    gold = write_gold(folder / "gold.spacy", spacy.blank("en"))
    overrides = {
        **SMALL,
        **NO_SOURCE,
        "paths.train": str(gold),
        "paths.dev": str(gold),
        "training.train_corpus": "corpora.gold",
    }
    spacy_train(CONFIGS / "student.cfg", folder / "out", overrides=overrides)
    shutil.copytree(folder / "out" / "model-best", folder / "new")
    shutil.copytree(folder / "out" / "model-best", folder / "old")
    make_old(folder / "old")
    gold.unlink()
    return folder


def examples_of(nlp, sentences):
    return [
        Example.from_dict(nlp.make_doc(text), {"entities": spans})
        for text, spans in sentences
    ]


both = pytest.mark.parametrize("name", ["new", "old"])


@both
def test_optimizers(models, name):
    nlp = spacy.load(models / name)
    assert nlp.create_optimizer().learn_rate == RATE
    assert nlp.resume_training().learn_rate == RATE
    assert spacy.load(models / name).initialize().learn_rate == RATE


@both
def test_from_bytes(models, name):
    data = spacy.load(models / name).to_bytes()
    other = spacy.blank("en")
    config = load_config(models / name / "config.cfg")["components"]["ner"]
    other.add_pipe(config.pop("factory"), name="ner", config=config)
    assert other.from_bytes(data).create_optimizer().learn_rate == RATE


@both
def test_learns_by_update_alone(models, name):
    nlp = spacy.load(models / name)
    text = "a note of nothing"
    examples = examples_of(nlp, [*SENTENCES, (text, [(2, 6, "LOC")])])
    before = nlp.evaluate(examples)["ents_f"]
    for _ in range(40):
        losses = nlp.update(examples)
    assert losses["ner"] < 0.1
    assert nlp.evaluate(examples)["ents_f"] == 1.0 > before
    assert entities(nlp(text)) == [("note", "LOC")]


@both
def test_learns_a_new_label(models, name, tmp_path):
    nlp = spacy.load(models / name)
    with pytest.warns(UserWarning, match="new label 'ORG'"):
        nlp.get_pipe("ner").add_label("ORG")
    assert [entities(nlp(text)) for text in TEXTS] == [gold_of(i) for i in range(4)]
    examples = examples_of(nlp, [*SENTENCES, *NEW])
    with nlp.select_pipes(enable="ner"):
        optimizer = nlp.resume_training()
        for _ in range(60):
            nlp.update(examples, sgd=optimizer, drop=0.1)
    assert nlp.evaluate(examples)["ents_f"] == 1.0
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert again.get_pipe("ner").labels == ("LOC", "PER", "ORG")
    assert again.evaluate(examples_of(again, [*SENTENCES, *NEW]))["ents_f"] == 1.0
    # The saved pipeline is one that can be updated, too.
    assert again.create_optimizer().learn_rate == RATE


@both
def test_initialize_without_the_training_data(models, name, caplog):
    nlp = spacy.load(models / name)
    (encoder,) = get_encoders(nlp.get_pipe("ner").model)
    words = encoder.attrs["words"]
    vectors = encoder.get_param("word_vectors").copy()
    assert "anna" in words
    examples = examples_of(nlp, [*SENTENCES, *NEW])
    optimizer = nlp.initialize(lambda: examples)
    (message,) = caplog.messages
    assert f"training texts are gone ({models / 'gold.spacy'})" in message
    assert encoder.attrs["words"] == words
    assert (encoder.get_param("word_vectors") == vectors).all()
    assert nlp.get_pipe("ner").labels == ("LOC", "PER", "ORG")
    # The rest starts anew.
    assert nlp.evaluate(examples)["ents_f"] < 0.9
    for _ in range(80):
        nlp.update(examples, sgd=optimizer, drop=0.1)
    assert nlp.evaluate(examples)["ents_f"] == 1.0


def test_a_new_student_without_its_training_data_is_an_error(models):
    config = load_config(models / "new" / "config.cfg")
    nlp = spacy.util.load_model_from_config(config)
    with pytest.raises(DistillError, match="gold annotation at .*gold.spacy"):
        nlp.initialize()


@both
def test_trained_again_with_another_number_of_steps(models, name, tmp_path):
    """One setting: the rate still falls to 0 at the last step."""
    gold = write_gold(tmp_path / "gold.spacy", spacy.blank("en"))
    overrides = {
        "paths.train": str(gold),
        "paths.dev": str(gold),
        "training.max_steps": 12,
        "training.eval_frequency": 6,
        "training.optimizer.learn_rate.warmup_steps": 2,
    }
    config = load_config(models / name / "config.cfg", overrides=overrides)
    text = config.interpolate()["training"]["optimizer"]["learn_rate"]
    rates = spacy.registry.resolve({"rate": text})["rate"]
    found = [next(rates) for _ in range(14)]
    assert found[0] == 0.0
    assert found[2] == max(found) == RATE
    assert found[11] > 0.0 == found[12]
    spacy_train(models / name / "config.cfg", tmp_path / "out", overrides=overrides)
    again = spacy.load(tmp_path / "out" / "model-last")
    assert "${training.max_steps}" in str(again.config["training"]["optimizer"])
    assert again.config["training"]["max_steps"] == 12


@pytest.fixture
def gold(tmp_path):
    path = write_gold(tmp_path / "gold.spacy", spacy.blank("en"), repeat=25)
    return {"paths.train": str(path), "paths.dev": str(path)}


def fill(name, folder, **overrides):
    nlp = spacy.util.load_model_from_config(
        load_config(CONFIGS / name, overrides=overrides), auto_fill=True
    )
    nlp.config.to_disk(folder / "config.cfg")
    return folder / "config.cfg"


@pytest.mark.parametrize("is_old", [False, True])
def test_debug_data_and_model(gold, is_old, tmp_path, capsys):
    config = fill("student.cfg", tmp_path)
    if is_old:
        make_old(tmp_path)
    small = {
        **gold,
        **NO_SOURCE,
        "components.ner.model.tok2vec.word_width": 4,
        "training.train_corpus": "corpora.gold",
    }
    debug_data(config, config_overrides=small, silent=False)
    assert "100 training docs" in capsys.readouterr().out
    run_debug_model(config, small)


def run_debug_model(config, overrides, component="ner"):
    app = Typer()
    settings = {"allow_extra_args": True, "ignore_unknown_options": True}
    app.command(context_settings=settings)(debug_model_cli)
    arguments = [f"--{name}={value or 'null'}" for name, value in overrides.items()]
    done = CliRunner().invoke(app, [str(config), component, *arguments])
    assert done.exit_code == 0, (done.output, done.exception)
    assert "model looks good" in done.output


@pytest.mark.parametrize("is_old", [False, True])
def test_a_teacher(gold, is_old, tmp_path):
    make_bert_teacher(tmp_path / "bert")
    overrides = {
        **gold,
        "paths.transformer": str(tmp_path / "bert"),
        "training.max_steps": 4,
        "training.eval_frequency": 2,
        "training.optimizer.learn_rate.initial_rate": 0.01,
    }
    spacy_train(CONFIGS / "teacher.cfg", tmp_path / "out", overrides=overrides)
    folder = tmp_path / "out" / "model-last"
    if is_old:
        make_old(folder)
    nlp = spacy.load(folder)
    assert nlp.create_optimizer().learn_rate == 0.01
    examples = examples_of(nlp, SENTENCES)
    first = nlp.update(examples)["ner"]
    for _ in range(30):
        last = nlp.update(examples)["ner"]
    assert last < 0.5 * first
    nlp.initialize(lambda: examples)
    nlp.update(examples)


def test_packages_without_variables(tmp_path):
    """Version 0.1.0's students trained by other configs, and those made in Python."""
    nlp = trained()
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    examples = examples_of(again, [*SENTENCES, *NEW[:1]])
    optimizer = again.initialize(lambda: examples)
    assert optimizer.learn_rate == 0.001
    assert again.get_pipe("ner").labels == ("LOC", "PER", "ORG")
