"""Features of tokens and features of word types are columns of one input."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from layer_paths import predict, predict_split, project, run_torch

from spacy_distill.students.layers.base import add_tokens
from spacy_distill.students.layers.bilstm import BiLSTM
from spacy_distill.students.layers.dilated_convolutions import DilatedConvolutions
from spacy_distill.students.layers.quasi_recurrent import QuasiRecurrent

N_IN = 5
LAYERS = {
    "bilstm": BiLSTM(width=3, depth=1),
    "deep_bilstm": BiLSTM(width=3, depth=2),
    "qrnn": QuasiRecurrent(width=3),
    "cnn": DilatedConvolutions(width=4, dilations=[1, 2]),
}


def make(name, n_tokens):
    np.random.seed(0)
    layer = LAYERS[name]
    params = {
        name: array + np.random.normal(size=array.shape).astype(np.float32)
        for name, array in layer.init(N_IN).items()
    }
    features = np.random.normal(size=(n_tokens, N_IN)).astype(np.float32)
    return layer, params, features


@pytest.mark.parametrize("name", sorted(LAYERS))
@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.integers(0, 80), min_size=1, max_size=4).filter(any),
    st.integers(0, N_IN),
)
def test_columns_of_either_kind_give_the_same(name, lengths, n_types):
    layer, params, features = make(name, sum(lengths))
    found = predict_split(layer, params, features, lengths, n_types)
    expected = predict(layer, params, features, lengths)
    np.testing.assert_allclose(found, expected, atol=1e-4)
    trained = run_torch(layer, params, features, lengths).numpy()
    np.testing.assert_allclose(found, trained, atol=1e-4)


@pytest.mark.parametrize("name", sorted(LAYERS))
def test_tables_of_types_are_left_alone(name):
    layer, params, features = make(name, 7)
    tables = project(layer, params, features[:, :3])
    before = [table.copy() for table in tables]
    out = add_tokens(layer, params, tables, np.arange(7), features[:, 3:])
    for table, copy, added in zip(tables, before, out):
        np.testing.assert_array_equal(table, copy)
        assert added.dtype == np.float32
        assert added.shape == table.shape
        assert not added[-1].any()
