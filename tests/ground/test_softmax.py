import numpy as np
import pytest
import torch

from spacy_distill.arrays import log_softmax, softmax


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
def test_as_torch(scale):
    logits = np.random.default_rng(0).normal(size=(50, 9)) * scale
    theirs = torch.log_softmax(torch.tensor(logits), dim=1).numpy()
    np.testing.assert_allclose(log_softmax(logits), theirs, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(softmax(logits).sum(axis=1), 1.0)


def test_no_rows():
    assert softmax(np.zeros((0, 5), dtype=np.float32)).shape == (0, 5)
