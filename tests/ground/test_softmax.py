import numpy as np
import pytest
import torch

from spacy_distill.arrays import log_softmax, softmax, token_entropies


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
def test_as_torch(scale):
    logits = np.random.default_rng(0).normal(size=(50, 9)) * scale
    theirs = torch.log_softmax(torch.tensor(logits), dim=1).numpy()
    np.testing.assert_allclose(log_softmax(logits), theirs, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(softmax(logits).sum(axis=1), 1.0)


def test_no_rows():
    assert softmax(np.zeros((0, 5), dtype=np.float32)).shape == (0, 5)


def test_entropy_is_in_nats():
    even = np.zeros((3, 4), dtype=np.float16)
    np.testing.assert_allclose(token_entropies(even), np.log(4))
    certain = np.array([[0, -60000, -60000]], dtype=np.float16)
    np.testing.assert_allclose(token_entropies(certain), 0, atol=1e-6)
    assert token_entropies(np.zeros((0, 4), dtype=np.float16)).shape == (0,)
    half = np.array([[0, 0, -60000]], dtype=np.float16)
    np.testing.assert_allclose(token_entropies(half), np.log(2), rtol=1e-6)
