"""Student encoders with features of tokens that depend on the sentence."""

import copy
import pickle

import numpy as np
import pytest
import spacy
from encoders import TEXTS, assert_same, learn, make, make_docs, run_torch
from small import ARCHITECTURES, entities, gold_of, make_examples, model_config, train
from spacy.util import registry
from thinc.api import Adam, Model, NumpyOps

from spacy_distill.compression.quantize import quantize
from spacy_distill.errors import DistillError

WIDTH = 6
HASH_EMBED = {
    "@architectures": "spacy.HashEmbedCNN.v2",
    "width": WIDTH,
    "depth": 1,
    "embed_size": 50,
    "window_size": 1,
    "maxout_pieces": 2,
    "subword_features": False,
    "pretrained_vectors": None,
}


def positions(width=WIDTH):
    """A layer that tells a token's place in its Doc: tanh(places @ W)."""
    return Model(
        "positions",
        _forward,
        init=_init,
        params={"W": None},
        dims={"nO": width},
        ops=NumpyOps(),
    )


def _init(model, X=None, Y=None):
    shape = (3, model.get_dim("nO"))
    model.set_param("W", np.random.normal(size=shape).astype(np.float32))


def _forward(model, docs, is_train):
    weights = model.get_param("W")
    places = [
        np.array([[1, i / 5, len(doc) / 9] for i in range(len(doc))])
        .reshape(-1, 3)
        .astype(weights.dtype)
        for doc in docs
    ]
    outputs = [np.tanh(x @ weights) for x in places]

    def backprop(dY):
        for x, y, dy in zip(places, outputs, dY):
            model.inc_grad("W", x.T @ (dy * (1 - y**2)))
        return []

    return outputs, backprop


@pytest.fixture(params=sorted(ARCHITECTURES))
def encoder(request):
    return make(request.param, token_features=positions())


def test_numpy_path_is_the_torch_path(encoder):
    docs = make_docs()
    predicted = encoder.predict(docs)
    assert {y.dtype for y in predicted} == {np.dtype("float32")}
    assert_same(predicted, run_torch(encoder, docs)[0])
    assert_same(predicted, [encoder.predict([doc])[0] for doc in docs])


def test_the_same_word_differs_by_its_place(encoder):
    # Every token of "to to to" is one word type.
    (doc,) = make_docs(["to to to to to to to"])
    places = encoder.predict([doc])[0]
    # Their neighbours are the same.
    assert np.abs(places[3] - places[4]).max() > 1e-3


def test_gradients_by_finite_differences(encoder):
    docs = make_docs()
    layer = encoder.layers[0]
    for node in (encoder, layer):
        for name in node.param_names:
            if node.get_param(name).dtype == np.float32:
                node.set_param(name, node.get_param(name).astype(np.float64))
    rng = np.random.default_rng(0)
    Y, backprop = run_torch(encoder, docs)
    weights = [rng.normal(size=y.shape) for y in Y]
    assert backprop(weights) == []

    def value(W):
        layer.set_param("W", W)
        return sum((y * w).sum() for y, w in zip(run_torch(encoder, docs)[0], weights))

    start, gradient = layer.get_param("W").copy(), layer.get_grad("W")
    direction = rng.normal(size=start.shape)
    step = 1e-6
    slope = (value(start + step * direction) - value(start - step * direction)) / (
        2 * step
    )
    assert slope == pytest.approx((gradient * direction).sum(), rel=1e-4)


def test_predictions_follow_training(encoder):
    docs = make_docs()
    before = encoder.layers[0].get_param("W").copy()
    optimizer = Adam(0.01)
    for _ in range(3):
        learn(encoder, docs, optimizer)
        assert_same(encoder.predict(docs), run_torch(encoder, docs)[0])
    assert (encoder.layers[0].get_param("W") != before).all()


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_no_tokens(encoder, texts):
    docs = make_docs(texts)
    for is_train in (False, True):
        Y, backprop = encoder(docs, is_train)
        assert [y.shape for y in Y] == [(0, encoder.get_dim("nO"))] * len(texts)
        if is_train:
            assert backprop(Y) == []


@pytest.mark.parametrize(
    "copy_of",
    [
        lambda model: pickle.loads(pickle.dumps(model)),
        copy.deepcopy,
        lambda model: model.copy(),
        lambda model: make(token_features=other_positions()).from_bytes(
            model.to_bytes()
        ),
    ],
    ids=["pickle", "deepcopy", "copy", "bytes"],
)
def test_copies_predict_the_same(copy_of):
    docs = make_docs()
    encoder = make(token_features=positions())
    expected = encoder.predict(docs)
    other = copy_of(encoder)
    assert_same(other.predict(docs), expected, atol=0)
    learn(other, docs, Adam(0.1))
    assert_same(encoder.predict(docs), expected, atol=0)


def other_positions():
    layer = positions()
    layer.initialize()
    return layer


def test_an_encoder_without_them_is_the_same_as_before():
    # What they need is not drawn: a seed gives the same student.
    plain, with_none = make(), make(token_features=None)
    assert plain.to_bytes() == with_none.to_bytes()
    assert not plain.layers


def test_a_layer_without_a_width():
    layer = Model("shapeless", lambda model, docs, is_train: ([], lambda dY: []))
    with pytest.raises(DistillError, match=r"'shapeless' without\s+a dimension nO"):
        make(token_features=layer)


def test_any_registered_layer_saves_and_quantizes(tmp_path):
    nlp = spacy.blank("en")
    config = model_config("qrnn")
    config["tok2vec"]["token_features"] = HASH_EMBED
    nlp.add_pipe("compact_ner", name="ner", config={"model": config})
    train(nlp, 60)
    texts = [example.text for example in make_examples(nlp)]
    found = [entities(nlp(text)) for text in texts]
    assert found == [gold_of(i) for i in range(len(texts))]
    nlp.to_disk(tmp_path / "large")
    loaded = spacy.load(tmp_path / "large")
    assert [entities(loaded(text)) for text in texts] == found
    quantize(tmp_path / "large", tmp_path / "small", storage="float16")
    small = spacy.load(tmp_path / "small")
    assert [entities(small(text)) for text in texts] == found
    assert small.get_pipe("ner").model.to_bytes()


def test_every_student_takes_them():
    for name in ("CharCNNBiLSTM", "CharCNNQRNN", "DilatedCNN"):
        architecture = registry.architectures.get(f"spacy_distill.{name}.v1")
        encoder = architecture(token_features=positions(), word_dropout=0.0)
        encoder.initialize(X=make_docs(TEXTS))
        assert_same(encoder.predict(make_docs()), run_torch(encoder, make_docs())[0])
