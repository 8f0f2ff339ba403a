import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_paths import predict, project, run_torch

from spacy_distill.students.layers.quasi_recurrent import QuasiRecurrent

pytestmark = pytest.mark.usefixtures("both_ways")

N_IN = 5


def reference(layer, params, sequence):
    """The equations for one sequence, token by token and number by number."""
    length, width = len(sequence), layer.width
    out = np.zeros((length, 2 * width))
    # Along the sequence, and back.
    for k, (direction, order) in enumerate(
        (("forward", range(length)), ("backward", reversed(range(length))))
    ):
        weights = params[f"quasi_{direction}_W"].astype(np.float64)
        own, after, ahead = np.split(weights, 3, axis=1)
        state = np.zeros(width)
        for t in order:
            sums = params[f"quasi_{direction}_b"] + sequence[t] @ own
            if t > 0:
                sums += sequence[t - 1] @ after
            if t + 1 < length:
                sums += sequence[t + 1] @ ahead
            keep = 1.0 / (1.0 + np.exp(-sums[:width]))
            state = keep * state + (1.0 - keep) * sums[width:]
            out[t, k * width : (k + 1) * width] = state
    return out


def make(width, n_tokens, seed=0):
    np.random.seed(seed)
    layer = QuasiRecurrent(width=width)
    params = layer.init(N_IN)
    for name, array in params.items():
        if name.endswith("_b"):
            array += np.random.normal(size=array.shape).astype(np.float32)
    features = np.random.normal(size=(n_tokens, N_IN)).astype(np.float32)
    return layer, params, features


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=6).filter(any), st.integers(1, 4)
)
def test_both_paths_are_the_equations(lengths, width):
    layer, params, features = make(width, sum(lengths))
    parts = np.split(features, np.cumsum(lengths)[:-1])
    expected = np.concatenate([reference(layer, params, part) for part in parts])
    predicted = predict(layer, params, features, lengths)
    trained = run_torch(layer, params, features, lengths).numpy()
    assert predicted.dtype == np.float32
    assert predicted.shape == (sum(lengths), layer.n_out)
    np.testing.assert_allclose(predicted, expected, atol=1e-5)
    np.testing.assert_allclose(trained, expected, atol=1e-5)


def test_tokens_may_share_a_row():
    layer, params, features = make(4, 3)
    entries = np.array([2, 0, 0, 1, 2])
    out = layer.predict(
        layer.prepare(params), project(layer, params, features), entries, [4, 1]
    )
    expected = predict(layer, params, features[entries], [4, 1])
    np.testing.assert_allclose(out, expected, atol=1e-6)


def test_prediction_leaves_its_input_alone():
    layer, params, features = make(3, 7)
    tables = project(layer, params, features)
    before = [table.copy() for table in tables]
    layer.predict(layer.prepare(params), tables, np.arange(7), [4, 3])
    for table, copy in zip(tables, before):
        np.testing.assert_array_equal(table, copy)


def test_saturated_gates_stay_numbers():
    layer, params, features = make(3, 4)
    params = {name: array * 1e4 for name, array in params.items()}
    with np.errstate(all="raise", under="ignore"):
        out = predict(layer, params, features, [4])
    assert np.isfinite(out).all()


def test_gradients_by_finite_differences():
    layer, params, features = make(3, 9)
    lengths = [4, 0, 5]
    rng = np.random.default_rng(0)
    weights = torch.tensor(rng.normal(size=(9, layer.n_out)))

    def value(named):
        out = layer.train(named, torch.tensor(features).double(), lengths, 0.0)
        return (out * weights).sum()

    tensors = {name: torch.tensor(a).double() for name, a in params.items()}
    for name in tensors:
        start = tensors[name].clone()
        learned = {**tensors, name: start.clone().requires_grad_()}
        value(learned).backward()
        direction = torch.tensor(rng.normal(size=start.shape))
        step = 1e-6
        above = value({**tensors, name: start + step * direction})
        below = value({**tensors, name: start - step * direction})
        slope = float((above - below) / (2 * step))
        expected = float((learned[name].grad * direction).sum())
        assert slope == pytest.approx(expected, rel=1e-5)


def test_fresh_parameters():
    layer, params, _ = make(4, 1)
    params = layer.init(N_IN)
    assert {name: array.shape for name, array in params.items()} == {
        "quasi_forward_W": (N_IN, 24),
        "quasi_forward_b": (8,),
        "quasi_backward_W": (N_IN, 24),
        "quasi_backward_b": (8,),
    }
    assert all(array.dtype == np.float32 for array in params.values())
    # Gates are open at first, values are not shifted.
    np.testing.assert_array_equal(params["quasi_forward_b"], [1.0] * 4 + [0.0] * 4)
