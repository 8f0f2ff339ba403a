import copy
import pickle

import numpy as np
import pytest
import spacy
from small import (
    ARCHITECTURES,
    OUTPUTS,
    TEXTS,
    entities,
    make_examples,
    make_nlp,
    make_pieces,
    scores,
    trained,
    write_soft_labels,
)
from spacy.tokens import DocBin
from thinc.api import Adam

from spacy_distill.students.encoder import get_encoders
from spacy_distill.students.init_words import init_words_v1
from spacy_distill.students.word_vectors import teacher_words_v1

SEEN = [*TEXTS, "Annas and Parisians", "", "☃ \n never seen"]


def to_disk(nlp, folder):
    nlp.to_disk(folder)
    return spacy.load(folder)


COPIES = {
    "bytes": lambda nlp, folder: (
        spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())
    ),
    "disk": to_disk,
    "pickle": lambda nlp, folder: pickle.loads(pickle.dumps(nlp)),
    "deepcopy": lambda nlp, folder: copy.deepcopy(nlp),
}


def assert_same_predictions(one, other):
    for a, b in zip(one.pipe(SEEN), other.pipe(SEEN)):
        assert entities(a) == entities(b)
        assert scores(a) == scores(b)
    a, b = (nlp.get_pipe("ner") for nlp in (one, other))
    assert a.labels == b.labels
    assert a.cfg == b.cfg


@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("arch", ARCHITECTURES)
@pytest.mark.parametrize("how", COPIES)
def test_round_trip(how, arch, output, tmp_path):
    nlp = trained(arch, output)
    assert_same_predictions(nlp, COPIES[how](nlp, tmp_path / "saved"))


@pytest.fixture(scope="module")
def with_pieces(tmp_path_factory):
    """A student whose unknown words are composed from pieces."""
    folder = tmp_path_factory.mktemp("pieces")
    soft_labels = write_soft_labels(folder, TEXTS, pieces=make_pieces())
    nlp = make_nlp()
    init_words_v1(soft_labels=soft_labels, source=teacher_words_v1(soft_labels))(nlp)
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.02
    for _ in range(20):
        nlp.update(examples, sgd=optimizer)
    return nlp


@pytest.mark.parametrize("how", COPIES)
def test_pieces_come_along(how, with_pieces, tmp_path):
    other = COPIES[how](with_pieces, tmp_path / "saved")
    assert_same_predictions(with_pieces, other)
    (encoder,) = get_encoders(other.get_pipe("ner").model)
    (original,) = get_encoders(with_pieces.get_pipe("ner").model)
    for name, dtype in (("piece_vectors", "int8"), ("piece_scales", "float32")):
        assert encoder.get_param(name).dtype == np.dtype(dtype)
        np.testing.assert_array_equal(encoder.get_param(name), original.get_param(name))
    assert encoder.attrs["pieces"] == original.attrs["pieces"]
    assert encoder.attrs["words"] == original.attrs["words"]


@pytest.mark.parametrize("how", COPIES)
def test_training_goes_on(how, with_pieces, tmp_path):
    other = COPIES[how](with_pieces, tmp_path / "saved")
    before = with_pieces.get_pipe("ner").get_logits([with_pieces.make_doc(TEXTS[0])])
    losses = other.update(make_examples(other), sgd=Adam(0.01))
    assert np.isfinite(losses["ner"])
    after = with_pieces.get_pipe("ner").get_logits([with_pieces.make_doc(TEXTS[0])])
    np.testing.assert_array_equal(before[0], after[0])


def test_same_bytes_each_time(tmp_path):
    nlp = trained()
    data = nlp.get_pipe("ner").to_bytes(exclude=["vocab"])
    list(nlp.pipe(SEEN))
    assert nlp.get_pipe("ner").to_bytes(exclude=["vocab"]) == data
    again = make_nlp().from_bytes(nlp.to_bytes())
    assert again.get_pipe("ner").to_bytes(exclude=["vocab"]) == data


def test_loaded_over_another_of_the_same_shape():
    """Nothing of the first model's words or cache may be left."""
    one, other = trained(), trained()
    ner = other.get_pipe("ner")
    (encoder,) = get_encoders(ner.model)
    encoder.attrs["words"] = encoder.attrs["words"][::-1]
    expected = ner.get_logits([other.make_doc(TEXTS[1])])[0]
    list(one.pipe(SEEN))
    one.from_bytes(other.to_bytes())
    found = one.get_pipe("ner").get_logits([one.make_doc(TEXTS[1])])[0]
    np.testing.assert_array_equal(found, expected)


def test_docs_keep_entities_and_scores():
    nlp = trained()
    docs = list(nlp.pipe(TEXTS))
    data = DocBin(docs=docs, store_user_data=True).to_bytes()
    for doc, again in zip(docs, DocBin().from_bytes(data).get_docs(nlp.vocab)):
        assert entities(again) == entities(doc)
        assert scores(again) == scores(doc)


def test_a_schedule_for_alpha_does_not_hinder():
    schedule = {"@schedules": "spacy_distill.adaptive_alpha.v1"}
    loss = {"@misc": "spacy_distill.DistillationLoss.v1", "alpha": schedule}
    nlp = make_nlp(loss=loss)
    examples = make_examples(nlp)
    optimizer = nlp.initialize(lambda: examples)
    for _ in range(3):
        nlp.update(examples, sgd=optimizer)
    assert_same_predictions(nlp, pickle.loads(pickle.dumps(nlp)))
    assert_same_predictions(nlp, make_nlp(loss=loss).from_bytes(nlp.to_bytes()))
    with pytest.raises(ValueError, match="pickled"):
        pickle.loads(pickle.dumps(nlp)).update(examples)
    nlp.update(examples, sgd=optimizer)
