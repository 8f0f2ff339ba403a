import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.losses.divergences import (
    DIVERGENCES,
    kl_divergence,
    logit_mse,
    soft_cross_entropy,
)


def torch_divergence(name, student, teacher, temperature):
    """Of each token."""
    student, teacher = student / temperature, teacher / temperature
    log_p, log_q = student.log_softmax(1), teacher.log_softmax(1)
    if name == "kl":
        kl_div = torch.nn.functional.kl_div
        return kl_div(log_p, log_q, reduction="none", log_target=True).sum(1)
    if name == "soft_cross_entropy":
        return torch.nn.functional.cross_entropy(
            student, teacher.softmax(1), reduction="none"
        )
    student = student - student.mean(1, keepdim=True)
    teacher = teacher - teacher.mean(1, keepdim=True)
    return torch.nn.functional.mse_loss(student, teacher, reduction="none").mean(1)


@settings(deadline=None, max_examples=60)
@given(
    st.sampled_from(sorted(DIVERGENCES)),
    st.integers(0, 12),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 1.0, 1e4]),
    st.floats(0.1, 20.0),
)
def test_as_torch(name, n_tokens, seed, scale, temperature):
    rng = np.random.default_rng(seed)
    student, teacher = rng.normal(size=(2, n_tokens, 9)) * scale
    weights = rng.random(n_tokens)
    tensor = torch.tensor(student, requires_grad=True)
    each = torch_divergence(name, tensor, torch.tensor(teacher), temperature)
    theirs = (each * torch.tensor(weights)).sum()
    theirs.backward()
    loss, d_student = DIVERGENCES[name](student, teacher, weights, temperature)
    assert loss == pytest.approx(theirs.item(), rel=1e-9, abs=1e-12)
    np.testing.assert_allclose(d_student, tensor.grad.numpy(), rtol=1e-9, atol=1e-10)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 4.0])
def test_equal_logits_are_no_distance_apart(temperature):
    logits = np.random.default_rng(0).normal(size=(6, 5))
    for compare in (kl_divergence, logit_mse):
        # A constant on all logits of a token changes no probability.
        loss, d_logits = compare(logits + 3.0, logits, np.ones(6), temperature)
        assert loss == pytest.approx(0.0, abs=1e-12)
        np.testing.assert_allclose(d_logits, 0.0, atol=1e-12)


def test_soft_cross_entropy_is_kl_plus_the_teachers_entropy():
    student, teacher = np.random.default_rng(0).normal(size=(2, 6, 5))
    weights = np.ones(6)
    kl, d_kl = kl_divergence(student, teacher, weights, 2.0)
    soft, d_soft = soft_cross_entropy(student, teacher, weights, 2.0)
    entropy, _ = soft_cross_entropy(teacher, teacher, weights, 2.0)
    assert soft == pytest.approx(kl + entropy)
    np.testing.assert_allclose(d_soft, d_kl)
