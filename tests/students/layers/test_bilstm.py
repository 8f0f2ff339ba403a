import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_paths import predict, project, run_torch

from spacy_distill.students.layers.bilstm import BiLSTM

pytestmark = pytest.mark.usefixtures("both_ways")
N_IN = 5


def reference(layer, params, features, lengths):
    """torch.nn.LSTM on one sequence at a time, with its own weights."""
    module = torch.nn.LSTM(
        N_IN, layer.width, num_layers=layer.depth, bidirectional=True
    )
    with torch.no_grad():
        for i in range(layer.depth):
            for direction, suffix in (("forward", ""), ("backward", "_reverse")):
                for ours, theirs in (
                    ("input", "weight_ih"),
                    ("hidden", "weight_hh"),
                    ("bias", "bias_ih"),
                ):
                    array = params[f"lstm_{i}_{direction}_{ours}"]
                    getattr(module, f"{theirs}_l{i}{suffix}").copy_(torch.tensor(array))
                getattr(module, f"bias_hh_l{i}{suffix}").zero_()
        parts = torch.split(torch.tensor(features), list(lengths))
        return torch.cat([module(part)[0] for part in parts if len(part)]).numpy()


def make(width, depth, n_tokens, seed=0):
    np.random.seed(seed)
    layer = BiLSTM(width=width, depth=depth)
    params = layer.init(N_IN)
    features = np.random.normal(size=(n_tokens, N_IN)).astype(np.float32)
    return layer, params, features


@settings(deadline=None, max_examples=40)
@given(
    st.lists(st.integers(0, 6), min_size=1, max_size=6).filter(any),
    st.integers(1, 20),
    st.integers(1, 3),
)
def test_both_paths_are_torch_s_lstm(lengths, width, depth):
    layer, params, features = make(width, depth, sum(lengths))
    expected = reference(layer, params, features, lengths)
    predicted = predict(layer, params, features, lengths)
    trained = run_torch(layer, params, features, lengths).detach().numpy()
    assert predicted.dtype == np.float32
    assert predicted.shape == (sum(lengths), layer.n_out)
    np.testing.assert_allclose(predicted, expected, atol=1e-5)
    np.testing.assert_allclose(trained, expected, atol=1e-5)


def test_prediction_leaves_its_input_alone():
    layer, params, features = make(3, 2, 7)
    tables = project(layer, params, features)
    before = [table.copy() for table in tables]
    layer.predict(layer.prepare(params), tables, np.arange(7), [4, 3])
    for table, copy in zip(tables, before):
        np.testing.assert_array_equal(table, copy)


def test_saturated_gates_stay_numbers():
    layer, params, features = make(3, 1, 4)
    params = {name: array * 1e4 for name, array in params.items()}
    with np.errstate(all="raise", under="ignore"):
        out = predict(layer, params, features, [4])
    assert np.isfinite(out).all()


def test_dropout_between_layers_is_for_training_only():
    layer, params, features = make(6, 2, 5)
    torch.manual_seed(0)
    first, second = (run_torch(layer, params, features, [5], 0.5) for _ in range(2))
    assert not torch.equal(first, second)


@pytest.mark.parametrize("depth", [1, 2])
def test_fresh_parameters(depth):
    layer, params, _ = make(4, depth, 1)
    assert len(params) == 6 * depth
    assert all(array.dtype == np.float32 for array in params.values())
    assert all(np.abs(array).max() <= 0.5 for array in params.values())
