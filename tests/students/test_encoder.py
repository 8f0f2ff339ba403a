import copy
import pickle

import numpy as np
import pytest
from encoders import WORDS, assert_same, learn, make, make_docs, run_torch
from spacy.util import registry
from thinc.api import Adam

from spacy_distill.errors import DistillError
from spacy_distill.students.composition import KNOWN_PARAMS
from spacy_distill.students.encoder import get_encoders, set_words, student_encoder
from spacy_distill.students.layers.bilstm import BiLSTM
from spacy_distill.students.pieces import PIECE_PARAMS


def test_numpy_path_is_the_torch_path(encoder):
    docs = make_docs()
    predicted = encoder.predict(docs)
    trained, _ = run_torch(encoder, docs)
    assert [len(y) for y in predicted] == [len(doc) for doc in docs]
    assert {y.dtype for y in predicted} == {np.dtype("float32")}
    assert all(y.shape[1] == encoder.get_dim("nO") for y in predicted)
    assert_same(predicted, trained)


def test_a_doc_does_not_depend_on_its_batch(encoder):
    docs = make_docs()
    together = encoder.predict(docs)
    assert_same(together, [encoder.predict([doc])[0] for doc in docs])
    assert_same(together[::-1], encoder.predict(docs[::-1]))


def test_gradients_by_finite_differences(encoder):
    docs = make_docs()
    names = [n for n in encoder.param_names if n not in PIECE_PARAMS]
    for name in names:
        encoder.set_param(name, encoder.get_param(name).astype(np.float64))
    rng = np.random.default_rng(0)
    Y, backprop = run_torch(encoder, docs)
    weights = [rng.normal(size=y.shape) for y in Y]
    assert backprop(weights) == []

    def value():
        return sum((y * w).sum() for y, w in zip(run_torch(encoder, docs)[0], weights))

    for name in names:
        param, grad = encoder.get_param(name), encoder.get_grad(name)
        assert grad.shape == param.shape
        direction = rng.normal(size=param.shape)
        if name == "word_vectors":
            used = np.abs(grad).sum(axis=1) > 0
            # The rows of Anna, went, ... and of the unknown word, but no others.
            assert used.any()
            assert not used.all() or not encoder.attrs["lowercase"]
        if name == "char_vectors":
            # The padding is no character.
            assert not grad[0].any()
        start = param.copy()
        step = 1e-6
        encoder.set_param(name, start + step * direction)
        above = value()
        encoder.set_param(name, start - step * direction)
        slope = (above - value()) / (2 * step)
        encoder.set_param(name, start)
        assert slope == pytest.approx((grad * direction).sum(), rel=1e-4, abs=1e-6)


def test_pieces_are_read_and_never_trained(encoder):
    docs = make_docs()
    before = [encoder.get_param(name).copy() for name in PIECE_PARAMS]
    optimizer = Adam(0.01)
    for _ in range(3):
        learn(encoder, docs, optimizer)
    for name, array in zip(PIECE_PARAMS, before):
        np.testing.assert_array_equal(encoder.get_param(name), array)
        assert encoder.get_param(name).dtype == array.dtype


def test_known_words_are_read_and_never_trained():
    texts = ["Zürich", "Rome", "Bern"]
    without, encoder = make(), make(known=True)
    changed = [
        not np.allclose(ours, theirs)
        for ours, theirs in zip(
            encoder.predict(make_docs(texts)), without.predict(make_docs(texts))
        )
    ]
    assert changed == [True, True, False]
    docs = make_docs(["Anna went to Rome", "Zürich"])
    assert_same(encoder.predict(docs), run_torch(encoder, docs)[0])
    optimizer = Adam(0.01)
    before = [encoder.get_param(name).copy() for name in KNOWN_PARAMS]
    learn(encoder, docs, optimizer)
    for name, array in zip(KNOWN_PARAMS, before):
        np.testing.assert_array_equal(encoder.get_param(name), array)
        assert encoder.get_param(name).dtype == array.dtype


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_no_tokens(encoder, texts):
    docs = make_docs(texts)
    for is_train in (False, True):
        Y, backprop = encoder(docs, is_train)
        assert [y.shape for y in Y] == [(0, encoder.get_dim("nO"))] * len(texts)
        if is_train:
            assert backprop(Y) == []


def test_backprop_of_a_prediction():
    encoder = make()
    Y, backprop = encoder(make_docs(), is_train=False)
    with pytest.raises(DistillError, match="is_train=True"):
        backprop(Y)


@pytest.mark.parametrize(
    "copy_of",
    [
        lambda model: pickle.loads(pickle.dumps(model)),
        copy.deepcopy,
        lambda model: model.copy(),
        lambda model: make(pieces=False).from_bytes(model.to_bytes()),
    ],
    ids=["pickle", "deepcopy", "copy", "bytes"],
)
@pytest.mark.parametrize("known", [False, True])
def test_copies_predict_the_same(copy_of, known):
    docs = make_docs()
    encoder = make(known=known)
    expected = encoder.predict(docs)
    other = copy_of(encoder)
    assert other.get_param("piece_vectors").dtype == np.int8
    for a, b in zip(other.predict(docs), expected):
        np.testing.assert_array_equal(a, b)
    # And they are their own: training one leaves the other alone.
    learn(other, docs, Adam(0.1))
    assert_same(encoder.predict(docs), expected)


def test_words_of_the_sample_where_none_are_given():
    encoder = student_encoder(
        BiLSTM(width=3, depth=1),
        word_width=4,
        char_width=3,
        char_filters=3,
        dropout=0.0,
        word_dropout=0.0,
        max_cached_types=100,
        lowercase=True,
    )
    encoder.initialize(X=make_docs(["Anna and Paris"]))
    assert encoder.attrs["words"] == ["and", "anna", "paris"]
    learn(encoder, make_docs(["Anna and Paris"]), Adam(0.1))
    # A second time, other words: nothing is left of the first, in size or value.
    docs = make_docs(["Bob, of Rome and Oslo"])
    encoder.initialize(X=docs)
    assert encoder.attrs["words"] == [",", "and", "bob", "of", "oslo", "rome"]
    learn(encoder, docs, Adam(0.1))
    assert_same(encoder.predict(docs), run_torch(encoder, docs)[0])


def test_given_words_stay_when_initialized_again():
    encoder = make()
    vectors = encoder.get_param("word_vectors").copy()
    dense = encoder.get_param("char_conv_W").copy()
    encoder.initialize(X=make_docs(["Bob of Rome"]))
    assert encoder.attrs["words"] == WORDS
    np.testing.assert_array_equal(encoder.get_param("word_vectors"), vectors)
    assert not np.array_equal(encoder.get_param("char_conv_W"), dense)


def test_vectors_of_another_width():
    encoder = make()
    with pytest.raises(DistillError, match=r"\(2, 12\).*\(2, 3\).*word_width"):
        set_words(encoder, ["a", "b"], np.zeros((2, 3), dtype="f"), alphabet=[])


def test_find_encoders():
    encoder = make()
    assert get_encoders(encoder) == [encoder]


def test_dilations_out_of_range():
    make_cnn = registry.architectures.get("spacy_distill.DilatedCNN.v1")
    for dilations in ([], [1, 0]):
        with pytest.raises(DistillError, match="dilations of 1 or more"):
            make_cnn(dilations=dilations)
