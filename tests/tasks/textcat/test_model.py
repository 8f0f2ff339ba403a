"""Pooling and the output layer of text classifiers."""

import numpy as np
import pytest
import spacy
from small_classifiers import by_heart
from texts_with_categories import CLASSIFIED_TEXTS
from thinc.api import Linear, Model, chain, fix_random_seed

from spacy_distill.arrays import Parts
from spacy_distill.errors import DistillError
from spacy_distill.tasks.textcat.model import (
    _pool,
    resize_output,
    text_classifier_v1,
)

POOLINGS = (["mean"], ["max"], ["mean", "max"], ["max", "mean"])
LENGTHS = (
    [3, 1, 2],
    [0, 3, 0, 0, 1, 2, 0],
    [1],
)
WIDTH = 4


def make_rows(lengths, seed=0):
    rows = np.random.default_rng(seed).normal(size=(sum(lengths), WIDTH))
    return rows.astype(np.float32)


def inputs(rows, lengths):
    """As a list of arrays, and as the parts of one."""
    split = np.split(rows, np.cumsum(lengths)[:-1])
    return split, Parts(rows, lengths)


@pytest.mark.parametrize("lengths", LENGTHS)
@pytest.mark.parametrize("pooling", POOLINGS)
def test_output_and_gradient_are_those_of_torch(pooling, lengths):
    torch = pytest.importorskip("torch")
    rows = make_rows(lengths)
    rows[-1] = rows[0]
    leaf = torch.from_numpy(rows.copy()).requires_grad_()
    pooled = []
    for part in torch.split(leaf, lengths):
        found = {
            "mean": part.mean(dim=0) if len(part) else torch.zeros(WIDTH),
            "max": part.amax(dim=0) if len(part) else torch.zeros(WIDTH),
        }
        pooled.append(torch.cat([found[name] for name in pooling]))
    expected = torch.stack(pooled)
    dY = np.random.default_rng(1).normal(size=tuple(expected.shape)).astype(np.float32)
    expected.backward(torch.from_numpy(dY))
    layer = _pool(pooling, 0.0)
    for X in inputs(rows, lengths):
        Y, backprop = layer(X, is_train=True)
        np.testing.assert_allclose(Y, expected.detach().numpy(), atol=1e-6)
        np.testing.assert_array_equal(layer.predict(X), Y)
        dX = backprop(dY)
        assert [len(part) for part in dX] == lengths
        np.testing.assert_allclose(np.concatenate(dX), leaf.grad.numpy(), atol=1e-6)


@pytest.mark.parametrize("pooling", POOLINGS)
def test_gradient_of_finite_differences(pooling):
    lengths = [2, 0, 3]
    rows = make_rows(lengths, seed=2)
    layer = _pool(pooling, 0.0)
    Y, backprop = layer(Parts(rows, lengths), is_train=True)
    dY = np.random.default_rng(3).normal(size=Y.shape).astype(np.float32)
    dX = np.concatenate(backprop(dY))
    for i in range(len(rows)):
        for j in range(WIDTH):
            sides = []
            for step in (1e-3, -1e-3):
                moved = rows.copy()
                moved[i, j] += step
                sides.append((layer.predict(Parts(moved, lengths)) * dY).sum())
            assert dX[i, j] == pytest.approx((sides[0] - sides[1]) / 2e-3, abs=5e-3)


def test_equal_maxima_share_the_gradient():
    rows = np.array([[2.0], [2.0], [1.0]], dtype=np.float32)
    _, backprop = _pool(["max"], 0.0)(Parts(rows, [3]), is_train=True)
    dX = np.concatenate(backprop(np.array([[1.0]], dtype=np.float32)))
    np.testing.assert_array_equal(dX, [[0.5], [0.5], [0.0]])


@pytest.mark.parametrize("pooling", POOLINGS)
def test_docs_without_tokens_alone(pooling):
    layer = _pool(pooling, 0.0)
    for X in inputs(make_rows([0, 0]), [0, 0]):
        Y, backprop = layer(X, is_train=True)
        assert Y.shape == (2, WIDTH * len(pooling))
        assert not Y.any()
        assert [part.shape for part in backprop(np.ones_like(Y))] == [(0, WIDTH)] * 2


def test_dropout_masks_output_and_gradient():
    fix_random_seed(0)
    rows, lengths = make_rows([2] * 50), [2] * 50
    layer = _pool(["mean"], 0.5)
    full = layer.predict(Parts(rows, lengths))
    Y, backprop = layer(Parts(rows, lengths), is_train=True)
    kept = Y != 0
    assert 0.3 < kept.mean() < 0.7
    np.testing.assert_allclose(Y[kept], 2 * full[kept], rtol=1e-6)
    dX = np.concatenate(backprop(np.ones_like(Y)))
    np.testing.assert_array_equal(dX, np.repeat(kept, 2, axis=0).astype("f"))


@pytest.mark.parametrize("kind", ["encoder", "ngrams"])
def test_batches_do_not_change_what_is_predicted(kind):
    nlp = by_heart(kind)
    docs = [nlp.make_doc(text) for text in ["", *CLASSIFIED_TEXTS, " ", ""]]
    model = nlp.get_pipe("textcat").model
    together = model.predict(docs)
    for doc, row in zip(docs, together):
        np.testing.assert_allclose(model.predict([doc])[0], row, atol=1e-5)
    # Nothing to go by but the bias.
    bias = model.get_ref("output_layer").get_param("b")
    np.testing.assert_allclose(together[0], bias, atol=1e-6)


@pytest.mark.parametrize("pooling", [[], ["min"], ["mean", "sum"]])
def test_unknown_poolings(pooling):
    with pytest.raises(DistillError, match="Expected pooling out of mean, max"):
        text_classifier_v1(Linear(), pooling=pooling)


@pytest.mark.parametrize("kind", ["encoder", "ngrams"])
def test_more_categories(kind):
    nlp = by_heart(kind)
    pipe = nlp.get_pipe("textcat")
    docs = [nlp.make_doc(text) for text in CLASSIFIED_TEXTS]
    before = pipe.model.predict(docs)
    weights = pipe.model.get_ref("output_layer").get_param("W").copy()
    old_id = pipe.model.get_ref("output_layer").id
    resize_output(pipe.model, 5)
    output = pipe.model.get_ref("output_layer")
    # Gradients and the state of the optimizer are stored by the id.
    assert output.id != old_id
    assert pipe.model.get_dim("nO") == output.get_dim("nO") == 5
    np.testing.assert_array_equal(output.get_param("W")[:3], weights)
    after = pipe.model.predict(docs)
    np.testing.assert_allclose(after[:, :3], before, atol=1e-6)
    assert not after[:, 3:].any()
    Y, backprop = pipe.model.begin_update(docs)
    backprop(np.ones_like(Y))
    assert output.get_grad("W").shape == output.get_param("W").shape


def test_more_categories_before_there_are_weights():
    model = chain(Linear(nO=3, nI=2), Linear(nO=None, nI=3))
    model.set_ref("output_layer", model.layers[1])
    resize_output(model, 4)
    model.initialize(X=np.zeros((1, 2), dtype=np.float32))
    assert model.predict(np.ones((1, 2), dtype=np.float32)).shape == (1, 4)
    assert model.get_ref("output_layer").get_param("W").any()


def test_a_model_that_resizes_itself():
    nlp = spacy.blank("en")
    config = {"@architectures": "spacy.TextCatBOW.v3", "exclusive_classes": True}
    settings = {"ngram_size": 1, "length": 64, "no_output_layer": True}
    pipe = nlp.add_pipe("compact_textcat", config={"model": {**config, **settings}})
    assert isinstance(pipe.model, Model)
    for label in ("A", "B", "C"):
        pipe.add_label(label)
    assert pipe.model.get_dim("nO") == 3
