import numpy as np
import pytest
import torch
from torch.nn.functional import cross_entropy as torch_cross_entropy

from spacy_distill.losses.divergences import cross_entropy


@pytest.mark.parametrize("scale", [0.0, 1.0, 1e4])
@pytest.mark.parametrize("n_tokens", [0, 1, 30])
def test_as_torch(n_tokens, scale):
    rng = np.random.default_rng(n_tokens)
    logits = rng.normal(size=(n_tokens, 9)) * scale
    labels, weights = rng.integers(-1, 9, n_tokens), rng.random(n_tokens)
    tensor = torch.tensor(logits, requires_grad=True)
    each = torch_cross_entropy(
        tensor, torch.tensor(labels), ignore_index=-1, reduction="none"
    )
    theirs = (each * torch.tensor(weights)).sum()
    theirs.backward()
    loss, d_logits = cross_entropy(logits, labels, weights)
    assert loss == pytest.approx(theirs.item())
    np.testing.assert_allclose(d_logits, tensor.grad.numpy(), rtol=1e-9, atol=1e-12)


def test_finite_differences():
    rng = np.random.default_rng(0)
    logits, weights = rng.normal(size=(4, 5)), rng.random(4)
    labels = np.array([0, -1, 4, 2])
    _, d_logits = cross_entropy(logits, labels, weights)
    for index in np.ndindex(*logits.shape):
        step = np.zeros_like(logits)
        step[index] = 1e-5
        up, _ = cross_entropy(logits + step, labels, weights)
        down, _ = cross_entropy(logits - step, labels, weights)
        assert d_logits[index] == pytest.approx((up - down) / 2e-5, abs=1e-8)
