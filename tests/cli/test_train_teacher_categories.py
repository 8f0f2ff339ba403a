"""`spacy-distill train-teacher` for text classification, on a tiny BERT."""

import numpy as np
import pytest
from texts_with_categories import LABELS, make_data, write_categories
from tiny_distillation import told
from tiny_teachers import make_bert_teacher
from typer.testing import CliRunner

from spacy_distill.cli.app import app
from spacy_distill.teachers.load import load_teacher
from spacy_distill.training.config import CONFIGS

CONFIG = CONFIGS / "textcat_teacher.cfg"
SEVERAL = {
    "components.textcat.factory": "textcat_multilabel",
    "components.textcat.model.exclusive_classes": "false",
}
TEXT = "a dog in paris"


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("train_teacher")
    make_bert_teacher(folder / "weights")
    write_categories(folder / "gold.spacy", make_data(30))
    write_categories(folder / "several.spacy", make_data(30, exclusive=False))
    # Words that are single pieces of the tiny BERT, which learns them at once.
    easy = [
        ("a dog", {"dog": 1.0, "paris": 0.0}),
        ("paris", {"dog": 0.0, "paris": 1.0}),
    ]
    write_categories(folder / "easy.spacy", easy * 8)
    return folder


def train_teacher(files, *more, gold="gold.spacy", dev=None, **settings):
    settings = {
        "paths.train": files / gold,
        "paths.dev": files / (dev or gold),
        "training.max_steps": 2,
        "training.eval_frequency": 1,
        **settings,
    }
    overrides = [part for name in settings for part in (f"--{name}", settings[name])]
    args = ["train-teacher", CONFIG, "--transformer", files / "weights", *more]
    return CliRunner().invoke(app, list(map(str, [*args, *overrides])))


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_teacher_is_trained(files, tmp_path, exclusive):
    gold, more = ("gold.spacy", {}) if exclusive else ("several.spacy", SEVERAL)
    result = train_teacher(files, "-o", tmp_path, gold=gold, **more)
    assert result.exit_code == 0, result.output
    teacher = load_teacher(tmp_path / "model-best")
    assert teacher.nlp.pipe_names == ["transformer", "textcat"]
    assert teacher.task.exclusive is exclusive
    assert set(teacher.task.labels) == set(LABELS)
    (prediction,) = teacher.predict([teacher.nlp.make_doc(TEXT)])
    assert prediction.logits.shape == (1, 3)
    assert np.isfinite(prediction.logits).all()
    assert teacher.word_pieces() is not None


def test_nothing_learned_is_told(files, tmp_path):
    result = train_teacher(files, "-o", tmp_path)
    assert result.exit_code == 0, result.output
    output = " ".join(result.output.split())
    assert "The teacher has learned next to nothing (an accuracy of" in output
    assert "where always choosing the most frequent category has 33.3, on the" in output
    assert "entit" not in output


def test_what_was_learned_is_no_warning(files, tmp_path):
    settings = {
        "training.max_steps": 40,
        "training.eval_frequency": 20,
        "training.optimizer.learn_rate.initial_rate": 0.02,
        "training.optimizer.learn_rate.warmup_steps": 2,
    }
    result = train_teacher(files, "-o", tmp_path, gold="easy.spacy", **settings)
    assert result.exit_code == 0, result.output
    assert "learned next to nothing" not in result.output
    teacher = load_teacher(tmp_path / "model-best")
    assert teacher.nlp("the dog").cats["dog"] > 0.5
    assert teacher.nlp("paris").cats["paris"] > 0.5


@pytest.mark.parametrize(
    ("cats", "settings", "message"),
    [
        ([{}], {}, "Docs without doc.cats: set them"),
        ([{"x": 1.0}], {}, "exclude each other, got 'x' alone"),
        ([{"x": 1.0}, {"x": 1.0, "y": 1.0}], {}, "one category for each document"),
        ([{"x": 1.0, "y": 0.0}, {"x": 0.0, "y": 0.0}], {}, "one category for each doc"),
        ([{"x": 0.9, "y": 0.1}], {}, "Expected 1 and 0 in doc.cats for spaCy's own"),
        ([{"x": 0.9, "y": 0.9}], SEVERAL, "Expected 1 and 0 in doc.cats for spaCy's"),
        ([{"x": 2.0, "y": 0.0}], {}, "from 0 to 1 in doc.cats, got 2.0 for 'x'"),
    ],
)
def test_gold_that_does_not_fit(files, tmp_path, cats, settings, message):
    gold = write_categories(
        tmp_path / "bad.spacy", [("some text", one) for one in cats]
    )
    result = train_teacher(files, "-o", tmp_path / "out", gold=gold, **settings)
    assert message in told(result)
    assert not (tmp_path / "out").exists()


def test_a_category_of_the_development_data_alone(files, tmp_path):
    data = [("some text", {"good": 0.0, "bad": 0.0, "mixed": 0.0, "new": 1.0})]
    dev = write_categories(tmp_path / "dev.spacy", data)
    line = told(train_teacher(files, "-o", tmp_path / "out", dev=dev))
    assert "Expected the categories bad, good, mixed in" in line
    assert "as in the training data, got new too: rename them" in line
