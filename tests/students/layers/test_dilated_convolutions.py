import numpy as np
import pytest
import torch
import torch.nn.functional as F
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_paths import predict, run_torch

from spacy_distill.students.layers.dilated_convolutions import DilatedConvolutions

N_IN = 5
some_lengths = st.lists(st.integers(0, 9), min_size=1, max_size=5).filter(any)


def reference(layer, params, features):
    """One sequence through torch's conv1d with zero padding."""
    p = {name: torch.tensor(array) for name, array in params.items()}
    hidden = torch.tensor(features) @ p["input_W"] + p["input_b"]
    for i, dilation in enumerate(layer.dilations):
        weight = p[f"conv_{i}_W"].reshape(3, layer.width, 2 * layer.width)
        both = F.conv1d(
            hidden.T[None],
            weight.permute(2, 1, 0),
            p[f"conv_{i}_b"],
            padding=dilation,
            dilation=dilation,
        )[0].T
        value, gate = both.chunk(2, dim=1)
        norm = (p[f"norm_{i}_G"], p[f"norm_{i}_b"], 1e-5)
        hidden = F.layer_norm(
            hidden + value * torch.sigmoid(gate), (layer.width,), *norm
        )
    return hidden.numpy()


@settings(deadline=None, max_examples=40)
@given(some_lengths, st.lists(st.integers(1, 6), min_size=1, max_size=3))
def test_both_paths_are_torch_s_convolution(lengths, dilations):
    np.random.seed(0)
    layer = DilatedConvolutions(width=4, dilations=dilations)
    params = layer.init(N_IN)
    for i in range(len(dilations)):
        for name in (f"norm_{i}_G", f"norm_{i}_b", f"conv_{i}_b"):
            params[name] += np.random.normal(size=params[name].shape).astype("f")
    features = np.random.normal(size=(sum(lengths), N_IN)).astype(np.float32)
    parts = np.split(features, np.cumsum(lengths)[:-1])
    expected = np.concatenate(
        [reference(layer, params, part) for part in parts if len(part)]
    )
    predicted = predict(layer, params, features, lengths)
    trained = run_torch(layer, params, features, lengths).numpy()
    assert predicted.dtype == np.float32
    np.testing.assert_allclose(predicted, expected, atol=2e-5)
    np.testing.assert_allclose(trained, expected, atol=2e-5)


def test_prediction_leaves_its_input_alone():
    layer = DilatedConvolutions(width=4, dilations=[1, 2])
    params = layer.init(N_IN)
    projected = np.ones((6, 4), dtype=np.float32)
    layer.predict(layer.prepare(params), [projected], np.arange(6), [6])
    np.testing.assert_array_equal(projected, np.ones((6, 4)))


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_dropout_is_for_training_only(dropout):
    torch.manual_seed(0)
    layer = DilatedConvolutions(width=4, dilations=[1])
    params = {name: torch.tensor(a) for name, a in layer.init(N_IN).items()}
    features = torch.ones(5, N_IN)
    first, second = (layer.train(params, features, [5], dropout) for _ in range(2))
    assert torch.equal(first, second) == (dropout == 0.0)
