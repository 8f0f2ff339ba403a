"""Text classifiers through `spacy train`, and how saved ones go on learning."""

import numpy as np
import pytest
import spacy
from small_classifiers import accuracy, best, make_stock_teacher
from spacy.cli.debug_data import debug_data
from spacy.cli.train import train as spacy_train
from spacy.training.initialize import init_nlp
from spacy.util import load_config
from test_updating import run_debug_model
from texts_with_categories import LABELS, make_data, make_examples, write_categories

from spacy_distill.annotation.annotate import annotate
from spacy_distill.students.encoder import get_encoders
from spacy_distill.teachers.load import load_teacher
from spacy_distill.training.config import CONFIGS

RATE = 0.03
TEST = make_data(60, seed=8)
TRAINING = {
    "training.train_corpus": "corpora.gold",
    "training.max_steps": 60,
    "training.eval_frequency": 20,
    "training.batcher.size": 16,
    "training.dropout": 0.1,
    "training.optimizer.learn_rate.initial_rate": RATE,
    "training.optimizer.learn_rate.warmup_steps": 5,
}
MODELS = {
    "textcat_student": {
        "components.textcat.model.tok2vec.word_width": 8,
        "components.textcat.model.tok2vec.hidden_width": 8,
        "components.textcat.model.tok2vec.char_width": 4,
        "initialize.before_init.source": None,
    },
    "textcat_ngrams": {
        "components.textcat.model.width": 4,
        "components.textcat.model.buckets": 2048,
    },
}
configs = pytest.mark.parametrize("name", MODELS)


@pytest.fixture(scope="module")
def models(tmp_path_factory):
    """Classifiers whose training data are gone."""
    folder = tmp_path_factory.mktemp("updating")
    gold = write_categories(folder / "gold.spacy", make_data(60))
    for name, settings in MODELS.items():
        paths = {"paths.train": str(gold), "paths.dev": str(gold)}
        overrides = {**TRAINING, **settings, **paths}
        spacy_train(CONFIGS / f"{name}.cfg", folder / "out", overrides=overrides)
        (folder / "out" / "model-best").rename(folder / name)
    gold.unlink()
    return folder


@configs
def test_trained_by_spacy_train(models, name):
    nlp = spacy.load(models / name)
    assert accuracy(nlp, TEST) > 0.9
    performance = nlp.meta["performance"]
    assert performance["cats_score"] > 0.9
    assert performance["cats_acc"] > 0.9
    assert 0.0 <= performance["cats_ece"] < 0.5


@configs
def test_optimizers(models, name):
    nlp = spacy.load(models / name)
    assert nlp.create_optimizer().learn_rate == RATE
    assert nlp.resume_training().learn_rate == RATE


@configs
def test_learns_by_update_alone(models, name):
    nlp = spacy.load(models / name)
    swapped = {"good": "bad", "bad": "good", "mixed": "mixed"}
    data, test = (
        [(text, {swapped[x]: p for x, p in cats.items()}) for text, cats in part]
        for part in (make_data(60), TEST)
    )
    assert accuracy(nlp, test) < 0.5
    examples = make_examples(nlp, data)
    for _ in range(40):
        nlp.update(examples)
    assert accuracy(nlp, test) > 0.9


@configs
def test_learns_a_new_category(models, name, tmp_path):
    nlp = spacy.load(models / name)
    with pytest.warns(UserWarning, match="new label 'spam'"):
        nlp.get_pipe("textcat").add_label("spam")
    assert accuracy(nlp, [(text, {**c, "spam": 0.0}) for text, c in TEST]) > 0.9
    spam = [(f"buy pills {i} of this", {"spam": 1.0}) for i in range(20)]
    examples = make_examples(nlp, [*make_data(60), *spam])
    optimizer = nlp.resume_training()
    for _ in range(80):
        nlp.update(examples, sgd=optimizer, drop=0.1)
    nlp.to_disk(tmp_path)
    again = spacy.load(tmp_path)
    assert set(again.get_pipe("textcat").labels) == {*LABELS, "spam"}
    assert best(again("buy pills of this").cats) == "spam"
    assert accuracy(again, [(text, {**c, "spam": 0.0}) for text, c in TEST]) > 0.9
    assert again.create_optimizer().learn_rate == RATE


@configs
def test_initialize_without_the_training_data(models, name):
    nlp = spacy.load(models / name)
    examples = make_examples(nlp, [*make_data(60), ("buy pills", {"spam": 1.0})])
    optimizer = nlp.initialize(lambda: examples)
    assert optimizer.learn_rate == RATE
    assert set(nlp.get_pipe("textcat").labels) == {*LABELS, "spam"}
    # The rest starts anew.
    assert accuracy(nlp, TEST) < 0.7
    for _ in range(60):
        nlp.update(examples, sgd=optimizer, drop=0.1)
    assert accuracy(nlp, [(text, {**c, "spam": 0.0}) for text, c in TEST]) > 0.9


@configs
def test_from_bytes(models, name):
    data = spacy.load(models / name).to_bytes()
    other = spacy.blank("en")
    config = load_config(models / name / "config.cfg")["components"]["textcat"]
    other.add_pipe(config.pop("factory"), name="textcat", config=config)
    assert other.from_bytes(data).create_optimizer().learn_rate == RATE


@pytest.mark.parametrize("name", [*MODELS, "textcat_spacy"])
def test_debug_data_and_model(name, tmp_path, capsys):
    gold = str(write_categories(tmp_path / "gold.spacy", make_data(120)))
    nlp = spacy.util.load_model_from_config(
        load_config(CONFIGS / f"{name}.cfg"), auto_fill=True
    )
    nlp.config.to_disk(tmp_path / "config.cfg")
    overrides = {
        **TRAINING,
        **MODELS.get(name, {}),
        "paths.train": gold,
        "paths.dev": gold,
    }
    debug_data(tmp_path / "config.cfg", config_overrides=overrides, silent=False)
    assert "120 training docs" in capsys.readouterr().out
    if name == "textcat_student":
        given = {k: v for k, v in overrides.items() if "learn_rate" not in k}
        run_debug_model(tmp_path / "config.cfg", given, component="textcat")


def test_words_of_the_texts_are_in_the_table(tmp_path):
    """Soft labels through `spacy train`, as in a project."""
    texts = [text for text, _ in make_data(40, seed=3)]
    (tmp_path / "texts.txt").write_text("\n".join(texts) + "\n", encoding="utf-8")
    annotate(
        load_teacher(make_stock_teacher()),
        tmp_path / "texts.txt",
        tmp_path / "soft_labels",
        progress=False,
    )
    gold = str(write_categories(tmp_path / "gold.spacy", make_data(12)))
    overrides = {
        **TRAINING,
        **MODELS["textcat_student"],
        "training.train_corpus": "corpora.train",
        "paths.train": gold,
        "paths.dev": gold,
        "paths.soft_labels": str(tmp_path / "soft_labels"),
    }
    models = []
    for name in ("one", "two"):
        out = tmp_path / name
        spacy_train(CONFIGS / "textcat_student.cfg", out, overrides=overrides)
        models.append((out / "model-last" / "textcat" / "model").read_bytes())
    # The same seed gives the same student.
    assert models[0] == models[1]
    nlp = spacy.load(tmp_path / "one" / "model-last")
    assert nlp.get_pipe("textcat").labels == LABELS
    assert accuracy(nlp, TEST) > 0.9
    (encoder,) = get_encoders(nlp.get_pipe("textcat").model)
    assert {"hotel", "splendid"} <= set(encoder.attrs["words"])


def test_a_category_that_comes_late(tmp_path):
    """spaCy shows `initialize` the first 100 documents of a stream."""
    data = [("a text", {"x": float(i % 2), "y": 1.0 - i % 2}) for i in range(150)]
    data[0] = ("a rare text", {"rare": 1.0})
    gold = str(write_categories(tmp_path / "gold.spacy", data))
    for name in ("textcat_ngrams", "textcat_spacy"):
        for seed in range(3):
            overrides = {
                "training.train_corpus": "corpora.gold",
                "paths.train": gold,
                "paths.dev": gold,
                "system.seed": seed,
            }
            config = load_config(CONFIGS / f"{name}.cfg", overrides=overrides)
            assert init_nlp(config).get_pipe("textcat").labels == ("rare", "x", "y")


def test_averages(tmp_path):
    gold = str(write_categories(tmp_path / "gold.spacy", make_data(60)))
    overrides = {
        **TRAINING,
        **MODELS["textcat_ngrams"],
        "paths.train": gold,
        "paths.dev": gold,
        "training.optimizer.use_averages": True,
    }
    spacy_train(CONFIGS / "textcat_ngrams.cfg", tmp_path / "out", overrides=overrides)
    nlp = spacy.load(tmp_path / "out" / "model-last")
    assert np.isfinite(list(nlp("a fine film").cats.values())).all()
    assert accuracy(nlp, TEST) > 0.9
