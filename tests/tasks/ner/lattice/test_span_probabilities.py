import numpy as np
import pytest
from all_paths import COLUMNS, all_paths, path_scores, random_scores, split
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.tasks.ner.lattice.forward_backward import forward_backward
from spacy_distill.tasks.ner.lattice.path_sums import (
    span_probabilities,
    span_probability,
)
from spacy_distill.tasks.ner.lattice.transitions import IMPOSSIBLE
from spacy_distill.tasks.ner.tags import tags_to_spans

pytestmark = pytest.mark.usefixtures("both_ways")

seeds = st.integers(0, 2**32 - 1)
scales = st.sampled_from([0.0, 1.0, 10.0, 300.0, 1e4])


def any_path(rng, length):
    """A valid sequence of any length."""
    pieces = []
    while length:
        size = min(length, 5)
        pieces.append(rng.choice(all_paths(COLUMNS, size)))
        length -= size
    return np.concatenate(pieces)


def spans_of(paths):
    """Rows of all spans in sequences that lie one after the other."""
    starts, ends, row = [], [], 0
    for path in paths:
        for start, end, _ in tags_to_spans([COLUMNS[k] for k in path]):
            starts.append(row + start)
            ends.append(row + end)
        row += len(path)
    return np.array(starts, dtype=np.int64), np.array(ends, dtype=np.int64)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=4), seeds, scales)
def test_share_of_all_paths(lengths, seed, scale):
    rng = np.random.default_rng(seed)
    scores = random_scores(rng, sum(lengths), scale)
    chosen = [any_path(rng, length) for length in lengths]
    starts, ends = spans_of(chosen)
    if not len(starts):
        return
    expected = []
    for part, length, path in zip(split(scores, lengths), lengths, chosen):
        paths = all_paths(COLUMNS, length)
        totals = path_scores(part, paths)
        for start, end, _ in tags_to_spans([COLUMNS[k] for k in path]):
            through = (paths[:, start:end] == path[start:end]).all(axis=1)
            share = totals[through].logsumexp(0) - totals.logsumexp(0)
            expected.append(share.exp().item())
    ours = span_probabilities(
        scores.emissions.detach().numpy(),
        np.array(lengths),
        scores.transitions,
        np.concatenate(chosen),
        starts,
        ends,
    )
    assert ours.tolist() == pytest.approx(expected, rel=1e-7, abs=1e-12)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.integers(1, 60), min_size=1, max_size=4), seeds, scales)
def test_long_sequences_are_the_same_in_logarithms(lengths, seed, scale):
    rng = np.random.default_rng(seed)
    scores = random_scores(rng, sum(lengths), scale)
    emissions = scores.emissions.detach().numpy()
    # Some tokens may only be `O`, which leaves sums of what was unlikely before.
    tags = np.concatenate([any_path(rng, length) for length in lengths])
    only = (tags == 0) & (rng.random(len(tags)) < 0.3)
    emissions[only, 1:] = IMPOSSIBLE
    cuts = np.cumsum(lengths)[:-1]
    starts, ends = spans_of(np.split(tags, cuts))
    if not len(starts):
        return
    result = forward_backward(emissions, lengths, scores.transitions)
    expected = [
        span_probability(emissions, scores.transitions, result, tags[a:b].tolist(), a)
        for a, b in zip(starts.tolist(), ends.tolist())
    ]
    ours = span_probabilities(
        emissions, np.array(lengths), scores.transitions, tags, starts, ends
    )
    assert ours.tolist() == pytest.approx(expected, rel=1e-7, abs=1e-12)
