"""A `compact_ner` with calibrated probabilities."""

import copy
import pickle
import warnings

import numpy as np
import pytest
import spacy
from small import OUTPUTS, TEXTS, entities, make_examples, make_nlp, scores, trained
from spacy.tokens import Span

from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.calibration import BetaCalibration

CALIBRATION = BetaCalibration(0.3, 0.5, -0.75, entities=123, data="abc")


def calibrated(output="softmax"):
    nlp = trained(output=output)
    nlp.get_pipe("ner").calibration = CALIBRATION
    return nlp


def to_disk(nlp, folder):
    nlp.to_disk(folder)
    return spacy.load(folder)


COPIES = {
    "bytes": lambda nlp, folder: make_nlp().from_bytes(nlp.to_bytes()),
    "disk": to_disk,
    "pickle": lambda nlp, folder: pickle.loads(pickle.dumps(nlp)),
    "deepcopy": lambda nlp, folder: copy.deepcopy(nlp),
}


@pytest.mark.parametrize("output", OUTPUTS)
def test_only_the_probabilities_change(output):
    before, after = trained(output=output), calibrated(output)
    for raw, doc in zip(before.pipe(TEXTS), after.pipe(TEXTS)):
        assert entities(doc) == entities(raw)
        expected = CALIBRATION.apply(np.array(scores(raw)))
        # The calibration gets more digits than the float32 that is in the Doc.
        assert scores(doc) == pytest.approx(expected, abs=1e-4)
        assert all(a < b for a, b in zip(scores(doc), scores(raw)))
    docs = [before.make_doc(text) for text in TEXTS]
    for one, other in zip(
        before.get_pipe("ner").get_logits(docs), after.get_pipe("ner").get_logits(docs)
    ):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("how", COPIES)
def test_it_is_saved_with_the_pipeline(how, tmp_path):
    nlp = calibrated()
    other = COPIES[how](nlp, tmp_path)
    assert other.get_pipe("ner").calibration == CALIBRATION
    for text in TEXTS:
        assert scores(other(text)) == scores(nlp(text))


def test_a_model_without_one_is_loaded_over_it():
    nlp = calibrated()
    nlp.from_bytes(trained().to_bytes())
    assert nlp.get_pipe("ner").calibration is None
    assert scores(nlp(TEXTS[0])) == scores(trained()(TEXTS[0]))


def test_a_cfg_of_an_earlier_version():
    old = trained()
    expected = scores(old(TEXTS[0]))
    del old.get_pipe("ner").cfg["calibration"]
    nlp = make_nlp().from_bytes(old.to_bytes())
    assert nlp.get_pipe("ner").calibration is None
    assert scores(nlp(TEXTS[0])) == expected


def test_preset_entities_keep_probability_1():
    nlp = calibrated()
    doc = nlp.make_doc(TEXTS[0])
    doc.set_ents([Span(doc, 0, 1, "PER")], default="missing")
    first, *others = scores(nlp(doc))
    assert first == 1.0
    assert others
    assert max(others) < 1.0


def test_training_ends_it_with_a_warning():
    nlp = calibrated()
    examples = make_examples(nlp)
    with pytest.warns(UserWarning, match="no longer calibrated"):
        nlp.update(examples)
    assert nlp.get_pipe("ner").calibration is None
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        nlp.update(examples)


def test_initialization_ends_it():
    nlp = calibrated()
    examples = make_examples(nlp)
    nlp.get_pipe("ner").initialize(lambda: examples, nlp=nlp)
    assert nlp.get_pipe("ner").calibration is None


def test_one_of_a_newer_version_is_an_error():
    nlp = calibrated()
    nlp.get_pipe("ner").cfg["calibration"]["version"] = 2
    with pytest.raises(DistillError, match="Expected a calibration of version 1"):
        nlp(TEXTS[0])
