"""Sums over all tag sequences, and exact span probabilities computed from them."""

from typing import NamedTuple, Sequence

import numpy as np

from ....arrays import Packing, ranges
from .forward_backward import ForwardBackward, forward_backward
from .transitions import Transitions

# Sums are rescaled to 1 after this many steps. In each step they grow at most by a
# factor of the number of tags.
_RESCALE_STEPS = 16
# Underflow has no effect on larger totals.
MIN_TOTAL = 1e-200
# Avoids division by zero.
_TINY = 1e-300


class PathSums(NamedTuple):
    """Sums over partial paths. Each row is exact up to a factor.

    The factor cancels in shares of the row's total.

    Attributes:
        to: Paths from the start to a tag, without the tag's own score, float64
            [n_tokens, n_tags].
        on: Paths from a tag to the end, with the tag's own score, float64 [n_tokens,
            n_tags].
    """

    to: np.ndarray
    on: np.ndarray


def path_sums(
    emissions: np.ndarray, lengths: np.ndarray, transitions: Transitions
) -> PathSums:
    """Run the forward and backward recursions over every sequence, without logarithms.

    This takes a fraction of the time of `forward_backward`. Scores that lie too far
    apart underflow; see `reliable`.

    Args:
        emissions: float64 [n_tokens, n_tags], concatenated sequences.
        lengths: int64 [n_sequences].
        transitions: Scores of transitions.

    Returns:
        Sums over partial paths, with rows in the order of the emissions.
    """
    # Shifting all scores of a token does not change shares. In numpy, `argmax` takes a
    # fifth of the time of `max`.
    best = emissions[np.arange(len(emissions)), emissions.argmax(axis=1)]
    own = np.exp(emissions - best[:, None])
    n_tags = own.shape[1]
    packing = Packing(lengths)
    # Both recursions run side by side: forward from the start of each sequence and
    # backward from its end.
    sides = [own.take(packing.rows, axis=0), own.take(packing.reversed_rows, axis=0)]
    sums = np.concatenate(sides, axis=1)
    moves = transitions.moves
    previous = sums[:0]
    t = 0
    for start, end, size in packing.runs():
        previous = previous[:size]
        for current in sums[start:end].reshape(-1, size, 2 * n_tags):
            current *= previous.dot(moves) if t else transitions.edges
            previous = current
            t += 1
            if t % _RESCALE_STEPS == 0:
                halves = current.reshape(size, 2, n_tags)
                halves /= np.maximum(halves.sum(axis=2, keepdims=True), _TINY)
    out = PathSums(np.empty_like(own), np.empty_like(own))
    out.to[packing.rows] = sums[:, :n_tags]
    out.on[packing.reversed_rows] = sums[:, n_tags:]
    # Where `own` underflowed, so did `to`.
    out.to[:] /= np.maximum(own, _TINY, out=own)
    return out


def reliable(totals: np.ndarray) -> np.ndarray:
    """Return which totals are large enough that underflow had no effect on them.

    Args:
        totals: Sums of products of path sums, float64 [n]. Small ones and NaN mean that
            scores lie too far apart.

    Returns:
        bool [n].
    """
    out: np.ndarray = totals > MIN_TOTAL
    return out


def span_probability(
    emissions: np.ndarray,
    transitions: Transitions,
    result: ForwardBackward,
    path: Sequence[int],
    start: int,
) -> float:
    """Compute the probability that all tokens of a span have the given tags.

    It is the sum over all tag sequences that contain the path, divided by the sum over
    all tag sequences.

    Args:
        emissions: float64 [n_tokens, n_tags].
        transitions: Scores of transitions.
        result: The output of `forward_backward` for them.
        path: Tag columns of the span's tokens.
        start: Row of the span's first token.

    Returns:
        Probability in [0, 1].
    """
    end = start + len(path)
    score = result.alpha[start, path[0]] + result.beta[end - 1, path[-1]]
    for row, (before, tag) in zip(range(start + 1, end), zip(path, path[1:])):
        score += transitions.follow[before, tag] + emissions[row, tag]
    return float(np.exp(min(score - result.log_z[start], 0.0)))


def span_probabilities(
    emissions: np.ndarray,
    lengths: np.ndarray,
    transitions: Transitions,
    tags: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
) -> np.ndarray:
    """Compute the probabilities that all tokens of spans have the given tags.

    Each is the sum over all tag sequences that agree with `tags` in the span, divided
    by the sum over all tag sequences: the probability of the span's first tag, times
    that of each following tag given the previous one. If scores lie too far apart for
    plain sums, log-sums are used instead.

    Args:
        emissions: float64 [n_tokens, n_tags], concatenated sequences.
        lengths: int64 [n_sequences], none of them 0.
        transitions: Scores of transitions.
        tags: Tag columns of a valid sequence, int64 [n_tokens].
        starts: First row of each span, int64 [n_spans].
        ends: Last row of each span (exclusive), int64 [n_spans].

    Returns:
        float64 [n_spans].
    """
    sums = path_sums(emissions, lengths, transitions)
    rows, firsts = ranges(starts, ends)
    # Paths to each tag of a token: from the previous tag, or from any tag at the start
    # of a span.
    products = transitions.weights.take(tags[rows - 1], axis=0)
    products[firsts] = sums.to[starts]
    products *= sums.on.take(rows, axis=0)
    totals = products.dot(np.ones(products.shape[1]))
    if reliable(totals).all():
        shares = products[np.arange(len(rows)), tags[rows]] / totals
        out: np.ndarray = np.multiply.reduceat(shares, firsts)
        return out
    result = forward_backward(emissions, lengths.tolist(), transitions)
    return np.array(
        [
            span_probability(
                emissions, transitions, result, tags[start:end].tolist(), start
            )
            for start, end in zip(starts.tolist(), ends.tolist())
        ]
    )
