import math

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
    split,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.tasks.ner.lattice import forward_backward as module
from spacy_distill.tasks.ner.lattice.forward_backward import (
    expected_counts,
    forward_backward,
    marginals_backprop,
    sequence_log_z,
)
from spacy_distill.tasks.ner.lattice.transitions import (
    Transitions,
    constrain,
    grammar_transitions,
    possible,
)
from spacy_distill.tasks.ner.tags import biluo_tags, tag_grammar

some_lengths = st.lists(st.integers(0, 4), max_size=4)
seeds = st.integers(0, 2**32 - 1)
scales = st.sampled_from([0.0, 1.0, 30.0, 1e4])


def paths_of(length):
    return all_paths(COLUMNS, length)


def run(scores, lengths):
    emissions = scores.emissions.detach().numpy()
    return forward_backward(emissions, lengths, scores.transitions)


@settings(deadline=None, max_examples=60)
@given(some_lengths, seeds, scales)
def test_sums_are_those_over_all_paths(lengths, seed, scale):
    scores = random_scores(np.random.default_rng(seed), sum(lengths), scale)
    result = run(scores, lengths)
    marginals = np.split(result.log_marginals(), np.cumsum(lengths)[:-1])
    for part, length, log_z, ours in zip(
        split(scores, lengths), lengths, sequence_log_z(result, lengths), marginals
    ):
        paths = paths_of(length)
        expected = path_scores(part, paths).logsumexp(0).item() if length else 0.0
        assert log_z == pytest.approx(expected, rel=1e-12, abs=1e-10)
        for row, wanted in zip(ours, log_marginals(part, paths)):
            assert np.exp(row).sum() == pytest.approx(1.0)
            for tag, value in enumerate(wanted):
                if value is None:
                    assert not possible(row[tag])
                else:
                    assert row[tag] == pytest.approx(value.item(), rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 4), seeds, scales)
def test_sums_with_constrained_emissions(length, seed, scale):
    rng = np.random.default_rng(seed)
    scores = random_scores(rng, length, scale)
    allowed = rng.random((length, len(COLUMNS))) < 0.3
    sure = rng.choice(paths_of(length))
    allowed[np.arange(length), sure] = True
    emissions = constrain(scores.emissions.detach().numpy(), allowed)
    result = forward_backward(emissions, [length], scores.transitions)
    paths = matches(paths_of(length), allowed)
    expected = path_scores(scores, paths).logsumexp(0).item()
    np.testing.assert_allclose(result.log_z, expected, rtol=1e-12, atol=1e-10)
    used = np.zeros_like(allowed)
    used[np.arange(length), paths] = True
    np.testing.assert_array_equal(possible(result.log_marginals()), used)


def test_no_path_at_all_is_not_possible():
    emissions = np.zeros((2, len(COLUMNS)))
    allowed = np.zeros(emissions.shape, dtype=bool)
    allowed[0, COLUMNS.index("B-PER")] = allowed[1, COLUMNS.index("O")] = True
    transitions = random_scores(np.random.default_rng(0), 0).transitions
    result = forward_backward(constrain(emissions, allowed), [2], transitions)
    assert not possible(result.log_z).any()


def test_a_poor_start_is_not_made_better_by_underflow():
    # exp(-5000) is 0, yet the only way to the good second tag leads through it.
    emissions = np.zeros((2, len(COLUMNS)))
    emissions[0, COLUMNS.index("B-PER")] = -5000.0
    emissions[1, COLUMNS.index("L-PER")] = 9000.0
    transitions = random_scores(np.random.default_rng(0), 0, scale=0.0).transitions
    result = forward_backward(emissions, [2], transitions)
    np.testing.assert_allclose(result.log_z, 4000.0)


def test_large_learned_transitions_do_not_overflow():
    scores = random_scores(np.random.default_rng(1), 3)
    with torch.no_grad():
        scores.follow.mul_(5000.0)
    expected = path_scores(scores, paths_of(3)).logsumexp(0).item()
    np.testing.assert_allclose(run(scores, [3]).log_z, expected)


@settings(deadline=None, max_examples=30)
@given(some_lengths, seeds, scales, st.booleans())
def test_expected_counts_are_the_gradient_of_log_z(lengths, seed, scale, in_chunks):
    rng = np.random.default_rng(seed)
    scores = random_scores(rng, sum(lengths), scale)
    weights = rng.random(len(lengths))
    total = sum(
        weight * path_scores(part, paths_of(length)).logsumexp(0)
        for part, length, weight in zip(split(scores, lengths), lengths, weights)
    )
    if sum(lengths):
        total.backward()
    with pytest.MonkeyPatch.context() as patch:
        if in_chunks:
            patch.setattr(module, "_CHUNK", 1)
        gradient = expected_counts(
            scores.emissions.detach().numpy(),
            lengths,
            scores.transitions,
            run(scores, lengths),
            np.repeat(weights, lengths),
        )
    for ours, theirs in zip((gradient[0], *gradient[1]), scores.grads()):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-9)


@settings(deadline=None, max_examples=60)
@given(some_lengths, seeds, scales, st.booleans())
def test_marginals_backprop_is_autograd(lengths, seed, scale, constrained):
    rng = np.random.default_rng(seed)
    scores = random_scores(rng, sum(lengths), scale)
    allowed = np.ones(scores.emissions.shape, dtype=bool)
    if constrained and lengths:
        allowed = rng.random(allowed.shape) < 0.3
        sure = np.concatenate([rng.choice(paths_of(length)) for length in lengths])
        allowed[np.arange(len(sure)), sure] = True
    emissions = constrain(scores.emissions.detach().numpy(), allowed)
    result = forward_backward(emissions, lengths, scores.transitions)
    d_log_marginals = rng.normal(size=allowed.shape)
    d_log_marginals[~possible(result.log_marginals())] = 0.0
    total = scores.emissions.sum() * 0.0
    row = 0
    for part, length in zip(split(scores, lengths), lengths):
        paths = matches(paths_of(length), allowed[row : row + length])
        for wanted in log_marginals(part, paths):
            for weight, value in zip(d_log_marginals[row], wanted):
                if value is not None:
                    total = total + weight * value
            row += 1
    total.backward()
    gradient = marginals_backprop(
        d_log_marginals, emissions, lengths, scores.transitions, result
    )
    for ours, theirs in zip((gradient[0], *gradient[1]), scores.grads()):
        np.testing.assert_allclose(ours, theirs, rtol=1e-7, atol=1e-8)


def test_marginals_backprop_of_a_longer_batch_without_grammar():
    """Against a forward-backward in torch; longer than paths can be spelled out."""
    rng = np.random.default_rng(2)
    lengths, n_tags = [17, 0, 1, 30, 2], 4
    shapes = [(sum(lengths), n_tags), (n_tags,), (n_tags, n_tags), (n_tags,)]
    tensors = [torch.tensor(rng.normal(size=s), requires_grad=True) for s in shapes]
    emissions, start, follow, end = tensors
    weights = rng.normal(size=shapes[0])
    log_zs, marginals = [], []
    for part in torch.split(emissions, lengths):
        if not len(part):
            continue
        alphas, betas = [start + part[0]], [end]
        for row in part[1:]:
            alphas.append((alphas[-1][:, None] + follow).logsumexp(0) + row)
        for row in part[1:].flip(0):
            betas.append((follow + row + betas[-1]).logsumexp(1))
        log_z = (alphas[-1] + end).logsumexp(0)
        log_zs.append(log_z)
        marginals += [a + b - log_z for a, b in zip(alphas, reversed(betas))]
    theirs = torch.stack(marginals)
    (theirs * torch.tensor(weights)).sum().backward()

    arrays = [tensor.detach().numpy() for tensor in tensors]
    transitions = Transitions(*arrays[1:])
    result = forward_backward(arrays[0], lengths, transitions)
    np.testing.assert_allclose(result.log_marginals(), theirs.detach().numpy())
    log_z = sequence_log_z(result, lengths)
    np.testing.assert_allclose(log_z[[0, 2, 3, 4]], [z.item() for z in log_zs])
    gradient = marginals_backprop(weights, arrays[0], lengths, transitions, result)
    for ours, tensor in zip((gradient[0], *gradient[1]), tensors):
        np.testing.assert_allclose(ours, tensor.grad.numpy(), rtol=1e-9, atol=1e-10)


def test_long_sentence_counts_all_its_sequences():
    n_tokens, n_labels = 20_000, 2
    # Sequences of n tokens: one that starts with O or a unit, or an entity of 2 or
    # more tokens before a shorter one. Python's integers do not overflow.
    counts, shorter = [1], 0
    for _ in range(n_tokens):
        counts.append((1 + n_labels) * counts[-1] + n_labels * shorter)
        shorter += counts[-2]
    assert counts[3] == len(paths_of(3))
    transitions = grammar_transitions(tag_grammar(COLUMNS))
    emissions = np.zeros((n_tokens, len(COLUMNS)))
    result = forward_backward(emissions, [n_tokens], transitions)
    np.testing.assert_allclose(result.log_z, math.log(counts[-1]), rtol=1e-11)
    np.testing.assert_allclose(np.exp(result.log_marginals()).sum(axis=1), 1.0)
    gradient = expected_counts(
        emissions, [n_tokens], transitions, result, np.ones(n_tokens)
    )
    assert gradient.transitions.follow.sum() == pytest.approx(n_tokens - 1)


def test_no_labels_leave_one_sequence():
    transitions = grammar_transitions(tag_grammar(biluo_tags([])))
    result = forward_backward(np.full((3, 1), 2.0), [1, 2], transitions)
    assert sequence_log_z(result, [1, 2]).tolist() == [2.0, 4.0]
    assert result.log_marginals().tolist() == [[0.0]] * 3
