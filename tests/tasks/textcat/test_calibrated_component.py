"""A `compact_textcat` with calibrated probabilities."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import spacy
from small_classifiers import MODELS, best, make_classifier, trained
from texts_with_categories import LABELS, make_data, make_examples

from spacy_distill.errors import DistillError
from spacy_distill.tasks.textcat.calibration import TemperatureScaling
from spacy_distill.teachers.load import load_teacher

CALIBRATION = TemperatureScaling(2.5, documents=123, data="abc")
TEXTS = [text for text, _ in make_data(30, seed=1)]
models = pytest.mark.parametrize("model", MODELS)
kinds = pytest.mark.parametrize("exclusive", [True, False])


def calibrated(model="ngrams", **config):
    nlp = trained(model, **config)
    nlp.get_pipe("textcat").calibration = CALIBRATION
    return nlp


def cats_of(nlp):
    return [doc.cats for doc in nlp.pipe(TEXTS)]


def to_disk(nlp, folder):
    nlp.to_disk(folder)
    return spacy.load(folder)


COPIES = {
    "bytes": lambda nlp, folder: make_classifier().from_bytes(nlp.to_bytes()),
    "disk": to_disk,
    "pickle": lambda nlp, folder: pickle.loads(pickle.dumps(nlp)),
    "deepcopy": lambda nlp, folder: copy.deepcopy(nlp),
}


@kinds
@models
def test_probabilities_follow_the_formula(model, exclusive):
    raw, nlp = (
        trained(model, exclusive=exclusive),
        calibrated(model, exclusive=exclusive),
    )
    logits = np.concatenate(
        raw.get_pipe("textcat").get_logits(raw.make_doc(text) for text in TEXTS)
    )
    z = logits.astype(np.float64) / 2.5
    expected = 1 / (1 + np.exp(-z))
    if exclusive:
        expected = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    found = cats_of(nlp)
    labels = nlp.get_pipe("textcat").labels
    np.testing.assert_allclose(
        [[cats[label] for label in labels] for cats in found], expected, atol=1e-6
    )
    for before, after in zip(cats_of(raw), found):
        assert best(after) == best(before)
        assert after[best(after)] < before[best(before)]
        if not exclusive:
            decided = [[p >= 0.5 for p in cats.values()] for cats in (before, after)]
            assert decided[0] == decided[1]


@kinds
def test_logits_of_a_teacher_are_not_calibrated(exclusive):
    raw, nlp = trained(exclusive=exclusive), calibrated(exclusive=exclusive)
    for one, other in zip((raw, nlp), (nlp, raw)):
        docs = [one.make_doc(text) for text in TEXTS]
        np.testing.assert_array_equal(
            [p.logits for p in load_teacher(one).predict(docs)],
            [p.logits for p in load_teacher(other).predict(docs)],
        )


@pytest.mark.parametrize("how", COPIES)
def test_it_is_saved_with_the_pipeline(how, tmp_path):
    nlp = calibrated()
    other = COPIES[how](nlp, tmp_path)
    assert other.get_pipe("textcat").calibration == CALIBRATION
    assert cats_of(other) == cats_of(nlp)


@pytest.mark.parametrize("cfg", ["none", "of an earlier version"])
def test_a_model_without_one_is_loaded_over_it(cfg):
    raw = trained()
    if cfg != "none":
        del raw.get_pipe("textcat").cfg["calibration"]
    nlp = calibrated()
    nlp.from_bytes(raw.to_bytes())
    assert nlp.get_pipe("textcat").calibration is None
    assert cats_of(nlp) == cats_of(trained())


def test_it_stays_where_cfg_is_excluded():
    pipe = calibrated().get_pipe("textcat")
    pipe.from_bytes(pipe.to_bytes(exclude=["cfg"]), exclude=["cfg"])
    assert pipe.calibration == CALIBRATION


def test_training_ends_it_with_a_warning():
    nlp = calibrated()
    examples = make_examples(nlp, make_data(12))
    with pytest.warns(UserWarning, match="no longer calibrated"):
        nlp.update(examples)
    assert nlp.get_pipe("textcat").calibration is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp.update(examples)


def test_empty_documents_do_not_end_it():
    nlp = calibrated()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp.update(make_examples(nlp, [("", {"good": 1.0})]))
    assert nlp.get_pipe("textcat").calibration == CALIBRATION


def test_initialization_ends_it():
    nlp = calibrated()
    nlp.initialize(lambda: make_examples(nlp, make_data(12)))
    assert nlp.get_pipe("textcat").calibration is None


@pytest.mark.parametrize("temperature", [0.05, 2.5, 20.0])
@kinds
def test_a_new_category_waits_for_its_training(exclusive, temperature):
    nlp = calibrated(exclusive=exclusive)
    nlp.get_pipe("textcat").calibration = TemperatureScaling(temperature)
    before = cats_of(nlp)
    with pytest.warns(UserWarning, match="new label 'spam'"):
        nlp.get_pipe("textcat").add_label("spam")
    assert nlp.get_pipe("textcat").calibration is not None
    for cats, old in zip(cats_of(nlp), before):
        assert cats.pop("spam") == 0.0
        assert cats == pytest.approx(old, abs=1e-6)


def test_one_of_a_newer_version_is_an_error():
    nlp = calibrated()
    nlp.get_pipe("textcat").cfg["calibration"]["version"] = 2
    with pytest.raises(DistillError, match="Expected a calibration of version 1"):
        nlp(TEXTS[0])


def test_texts_without_words():
    cats = calibrated()("").cats
    assert set(cats) == set(LABELS)
    assert sum(cats.values()) == pytest.approx(1.0)
