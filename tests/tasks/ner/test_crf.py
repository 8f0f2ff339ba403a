import numpy as np
import pytest
import torch
from all_paths import (
    COLUMNS,
    all_paths,
    log_marginals,
    matches,
    path_scores,
    random_scores,
    soften,
    split,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.crf import crf_negative_log_likelihood, crf_posterior_kl

pytestmark = pytest.mark.usefixtures("both_ways")

some_lengths = st.lists(st.integers(0, 4), max_size=4)
seeds = st.integers(0, 2**32 - 1)
scales = st.sampled_from([0.0, 1.0, 30.0, 1e4])


def annotate(rng, lengths, kind):
    """Allowed tags of a random valid annotation."""
    allowed = np.zeros((sum(lengths), len(COLUMNS)), dtype=bool)
    if lengths:
        paths = [rng.choice(all_paths(COLUMNS, length)) for length in lengths]
        allowed[np.arange(len(allowed)), np.concatenate(paths)] = True
    if kind == "missing":
        allowed[:] = True
    elif kind == "partial":
        allowed[rng.random(len(allowed)) < 0.5] = True
    elif kind == "ambiguous":
        allowed |= rng.random(allowed.shape) < 0.3
    return allowed


def check_gradient(gradient, scores):
    for ours, theirs in zip((gradient[0], *gradient[1]), scores.grads()):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)


@settings(deadline=None, max_examples=80)
@given(
    some_lengths,
    st.sampled_from(["full", "partial", "missing", "ambiguous"]),
    seeds,
    scales,
)
def test_likelihood_is_autograd(lengths, kind, seed, scale):
    rng = np.random.default_rng(seed)
    scores = random_scores(rng, sum(lengths), scale)
    allowed, weights = annotate(rng, lengths, kind), rng.random(len(lengths))
    total = scores.emissions.sum() * 0.0
    rows = 0
    for part, length, weight in zip(split(scores, lengths), lengths, weights):
        paths = all_paths(COLUMNS, length)
        gold = matches(paths, allowed[rows : rows + length])
        rows += length
        log_z, log_gold = (path_scores(part, p).logsumexp(0) for p in (paths, gold))
        total = total + weight * (log_z - log_gold)
    total.backward()
    loss, gradient = crf_negative_log_likelihood(
        scores.emissions.detach().numpy(), lengths, scores.transitions, allowed, weights
    )
    assert loss == pytest.approx(total.item(), rel=1e-9, abs=1e-7)
    check_gradient(gradient, scores)
    if kind == "missing":
        assert loss == 0.0
        assert all(not part.any() for part in (gradient[0], *gradient[1]))


def test_annotation_that_no_valid_sequence_has():
    scores = random_scores(np.random.default_rng(0), 4)
    allowed = np.ones((4, len(COLUMNS)), dtype=bool)
    allowed[2:] = False
    allowed[2, COLUMNS.index("B-PER")] = allowed[3, COLUMNS.index("O")] = True
    with pytest.raises(DistillError, match="sentence 2 of the batch"):
        crf_negative_log_likelihood(
            scores.emissions.detach().numpy(),
            [2, 0, 2],
            scores.transitions,
            allowed,
            np.ones(3),
        )


def torch_posterior_kl(scores, lengths, teacher, weights, temperature):
    """`teacher` is renormalized over the tags that the student can have."""
    softened = soften(scores, temperature)
    rows = iter(zip(torch.tensor(teacher) / temperature, weights))
    total = scores.emissions.sum() * 0.0
    for part, length in zip(split(softened, lengths), lengths):
        for marginals in log_marginals(part, all_paths(COLUMNS, length)):
            row, weight = next(rows)
            tags = [tag for tag, value in enumerate(marginals) if value is not None]
            log_p = torch.stack([marginals[tag] for tag in tags])
            log_q = row[tags].log_softmax(0)
            total = total + weight * (log_q.exp() * (log_q - log_p)).sum()
    return total


@settings(deadline=None, max_examples=60)
@given(some_lengths, seeds, scales, st.floats(0.1, 20.0))
def test_posterior_kl_is_autograd(lengths, seed, scale, temperature):
    rng = np.random.default_rng(seed)
    n_tokens = sum(lengths)
    scores = random_scores(rng, n_tokens, scale)
    teacher = (rng.normal(size=(n_tokens, len(COLUMNS))) * scale).astype(np.float32)
    weights = rng.random(n_tokens) * rng.integers(0, 2, n_tokens)
    total = torch_posterior_kl(
        scores, lengths, teacher.astype(np.float64), weights, temperature
    )
    total.backward()
    loss, gradient = crf_posterior_kl(
        scores.emissions.detach().numpy(),
        lengths,
        scores.transitions,
        teacher,
        weights,
        temperature,
    )
    assert loss == pytest.approx(total.item(), rel=1e-7, abs=1e-7)
    assert loss >= -1e-9
    check_gradient(gradient, scores)


def test_posterior_kl_by_finite_differences():
    rng = np.random.default_rng(0)
    lengths = [3, 1]
    scores = random_scores(rng, 4)
    logits, transitions = scores.emissions.detach().numpy(), scores.transitions
    teacher, weights = rng.normal(size=logits.shape), rng.random(4)

    def loss(logits, transitions):
        return crf_posterior_kl(logits, lengths, transitions, teacher, weights, 2.0)

    _, gradient = loss(logits, transitions)
    for name, array, ours in [
        ("logits", logits, gradient.emissions),
        *zip(transitions._fields, transitions, gradient.transitions),
    ]:
        for index in np.ndindex(*array.shape):
            results = []
            for step in (1e-5, -1e-5):
                moved = array.copy()
                moved[index] += step
                if name == "logits":
                    results.append(loss(moved, transitions)[0])
                else:
                    results.append(
                        loss(logits, transitions._replace(**{name: moved}))[0]
                    )
            slope = (results[0] - results[1]) / 2e-5
            assert ours[index] == pytest.approx(slope, abs=1e-8)


def test_a_teacher_that_never_heard_of_the_grammar():
    """All its faith in I at the start and B at the end costs no infinite loss."""
    scores = random_scores(np.random.default_rng(0), 2, scale=0.0)
    teacher = np.zeros((2, len(COLUMNS)))
    teacher[0, COLUMNS.index("I-PER")] = teacher[1, COLUMNS.index("B-PER")] = 12.0
    loss, gradient = crf_posterior_kl(
        scores.emissions.detach().numpy(),
        [2],
        scores.transitions,
        teacher,
        np.ones(2),
        1.0,
    )
    assert 0.0 < loss < 1.0
    assert np.abs(gradient.emissions).max() < 1.0


@pytest.mark.parametrize("temperature", [1.0, 3.0])
def test_a_student_that_is_its_own_teacher(temperature):
    lengths = [4, 1, 3]
    scores = random_scores(np.random.default_rng(0), 8)
    softened = soften(scores, temperature)
    teacher = np.full((8, len(COLUMNS)), -1e4)
    row = iter(teacher)
    for part, length in zip(split(softened, lengths), lengths):
        for marginals in log_marginals(part, all_paths(COLUMNS, length)):
            values = next(row)
            for tag, value in enumerate(marginals):
                if value is not None:
                    values[tag] = value.item() * temperature
    loss, gradient = crf_posterior_kl(
        scores.emissions.detach().numpy(),
        lengths,
        scores.transitions,
        teacher,
        np.ones(8),
        temperature,
    )
    assert loss == pytest.approx(0.0, abs=1e-10)
    for part in (gradient.emissions, *gradient.transitions):
        np.testing.assert_allclose(part, 0.0, atol=1e-10)
