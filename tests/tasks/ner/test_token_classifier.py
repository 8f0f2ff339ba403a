import numpy as np
import pytest
import spacy
from small import ARCHITECTURES, TEXTS, trained
from spacy.util import registry
from thinc.api import Adam, Linear, fix_random_seed, set_dropout_rate

from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.model import (
    add_crf_gradient,
    get_crf_parameters,
    resize_output,
    token_classifier_v1,
)

pytestmark = pytest.mark.usefixtures("both_ways")

NLP = spacy.blank("en")


def make(output="softmax", rate=1.0, n_tags=5):
    fix_random_seed(0)
    config = dict(ARCHITECTURES["cnn"])
    encoder = registry.architectures.get(config.pop("@architectures"))(**config)
    model = token_classifier_v1(encoder, output, rate)
    docs = [NLP.make_doc(text) for text in TEXTS]
    model.initialize(
        X=docs, Y=[np.zeros((len(doc), n_tags), dtype="f") for doc in docs]
    )
    linear = model.get_ref("output_layer")
    weights = np.random.normal(size=linear.get_param("W").shape)
    linear.set_param("W", weights.astype(np.float32))
    set_dropout_rate(model, 0.0)
    return model, docs


@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_logits_are_a_linear_layer_on_the_encoder(output):
    model, docs = make(output)
    linear = model.get_ref("output_layer")
    vectors = model.get_ref("tok2vec").predict(docs)
    for found, vector in zip(model.predict(docs), vectors):
        expected = vector @ linear.get_param("W").T + linear.get_param("b")
        np.testing.assert_allclose(found, expected, atol=1e-5)
    assert model.get_dim("nO") == 5


def test_transitions_are_parameters():
    model, docs = make("crf")
    start, follow, end = get_crf_parameters(model)
    assert (start.shape, follow.shape, end.shape) == ((5,), (5, 5), (5,))
    gradient = (np.ones(5), np.full((5, 5), 2.0), np.full(5, 3.0))
    add_crf_gradient(model, gradient)
    add_crf_gradient(model, gradient)
    layer = model.get_ref("crf")
    assert [layer.get_grad(n).max() for n in ("start", "follow", "end")] == [2, 4, 6]
    model.finish_update(Adam(0.1, L2=0.0))
    assert all((part < 0).all() for part in get_crf_parameters(model))
    assert get_crf_parameters(make()[0]) is None


def test_a_faster_output_layer_starts_the_same_and_moves_faster():
    moved = []
    for rate in (1.0, 10.0):
        model, docs = make(rate=rate)
        linear = model.get_ref("output_layer")
        linear.set_param("W", linear.get_param("W") / rate)
        before = np.concatenate(model.predict(docs))
        Y, backprop = model.begin_update(docs)
        np.testing.assert_allclose(np.concatenate(Y), before, atol=1e-5)
        backprop([np.ones_like(y) for y in Y])
        # The encoder stays, so that the layer's own step is seen.
        for name in ("W", "b"):
            param, _ = Adam(0.001)(
                (1, name), linear.get_param(name), linear.get_grad(name)
            )
            linear.set_param(name, param)
        moved.append(np.abs(np.concatenate(model.predict(docs)) - before).mean())
    assert moved[1] == pytest.approx(10 * moved[0], rel=0.05)


def test_gradient_of_a_scaled_layer():
    model, docs = make(rate=4.0)
    linear = model.get_ref("output_layer")
    Y, backprop = model.begin_update(docs)
    rng = np.random.default_rng(0)
    weights = [rng.normal(size=y.shape).astype("f") for y in Y]
    backprop(weights)
    W, gradient = linear.get_param("W"), linear.get_grad("W")
    direction = rng.normal(size=W.shape).astype("f")
    values = []
    for step in (0.5, -0.5):
        linear.set_param("W", W + step * direction)
        values.append(sum((y * w).sum() for y, w in zip(model.predict(docs), weights)))
    # Linear in W, so the difference is exact.
    assert values[0] - values[1] == pytest.approx(
        (gradient * direction).sum(), rel=1e-3
    )


@pytest.mark.parametrize("rate", [1.0, 10.0])
@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_resizing_sets_all_sizes(output, rate):
    model, docs = make(output, rate)
    resize_output(model, 9)
    for node in model.walk():
        if node.name not in ("crf", "dilated") and node is not model.get_ref("tok2vec"):
            assert node.get_dim("nO") == 9, node.name
    assert [y.shape for y in model.predict(docs)] == [(len(doc), 9) for doc in docs]
    Y = [np.zeros((len(doc), 9), dtype="f") for doc in docs]
    model.initialize(X=docs, Y=Y)


def test_a_fresh_crf_knows_nothing_of_an_earlier_training():
    nlp = trained(output="crf")
    model = nlp.get_pipe("ner").model
    docs = [nlp.make_doc(TEXTS[0])]
    assert any(part.any() for part in get_crf_parameters(model))
    model.initialize(X=docs, Y=[np.zeros((len(docs[0]), 9), dtype="f")])
    assert not any(part.any() for part in get_crf_parameters(model))


def test_the_output_layer_is_thinc_s_linear_layer():
    nlp = trained()
    model = nlp.get_pipe("ner").model
    linear = model.get_ref("output_layer")
    reference = Linear(nO=linear.get_dim("nO"), nI=linear.get_dim("nI"))
    reference.initialize()
    for name in ("W", "b"):
        reference.set_param(name, linear.get_param(name))
    X = np.random.default_rng(0).normal(size=(7, linear.get_dim("nI"))).astype("f")
    expected, backprop = reference.begin_update(X)
    np.testing.assert_allclose(linear.predict(X), expected, atol=1e-5)
    trained_output, ours = linear.begin_update(X)
    np.testing.assert_array_equal(trained_output, expected)
    np.testing.assert_array_equal(ours(expected), backprop(expected))
    with pytest.raises(DistillError, match="is_train=True"):
        linear(X, is_train=False)[1](expected)
