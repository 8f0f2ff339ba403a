"""Sums over all tag sequences, and exact span probabilities from them."""

from typing import NamedTuple, Sequence

import numpy as np

from ....arrays import Packing, ranges
from .forward_backward import ForwardBackward, forward_backward
from .transitions import Transitions

# Sums are brought back to 1 after so many steps. They grow by no more than the number
# of tags at each.
_STEPS = 16
# What is lost below the least number there is counts for nothing in a greater total.
_SMALLEST = 1e-200
_LEAST = 1e-300


class PathSums(NamedTuple):
    """Sums over partial sequences, float64 [n_tokens, n_tags] each. Every row is right
    up to a factor, which is enough for the shares of its own total.

    to: over those from the start to a tag, without the tag's own score.
    on: over those from a tag to the end, with it.
    """

    to: np.ndarray
    on: np.ndarray


def path_sums(
    emissions: np.ndarray, lengths: np.ndarray, transitions: Transitions
) -> PathSums:
    """Run both recursions over every sequence, in a fraction of the time that
    logarithms take. See `reliable` for when that is good enough.

    emissions: float64 [n_tokens, n_tags], sequences one after the other. lengths:
        int64 [n_sequences].
    """
    n_tags = emissions.shape[1]
    packing = Packing(lengths)
    # What is added to all tags of a token changes no share. Numpy finds the place of a
    # maximum in a fifth of the time that it takes for the maximum.
    best = emissions[np.arange(len(emissions)), emissions.argmax(axis=1)]
    own = np.exp(emissions - best[:, None])
    # Forward beside backward; the one reads each sequence from its start, the other
    # from its end.
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
            if t % _STEPS == 0:
                halves = current.reshape(size, 2, n_tags)
                halves /= np.maximum(halves.sum(axis=2, keepdims=True), _LEAST)
    out = PathSums(np.empty_like(own), np.empty_like(own))
    out.to[packing.rows] = sums[:, :n_tags]
    out.on[packing.reversed_rows] = sums[:, n_tags:]
    # Where that is the least, there is nothing to divide.
    out.to[:] /= np.maximum(own, _LEAST, out=own)
    return out


def reliable(totals: np.ndarray) -> np.ndarray:
    """Which totals of shares have lost nothing that counts, bool. All others are too
    small, or not a number: scores lie too far apart."""
    out: np.ndarray = totals > _SMALLEST
    return out


def span_probability(
    emissions: np.ndarray,
    transitions: Transitions,
    result: ForwardBackward,
    path: Sequence[int],
    start: int,
) -> float:
    """Sum over all tag sequences that run along `path`, over the sum of all.

    emissions: float64 [n_tokens, n_tags]. path: tag columns of the span's tokens.
    start: row of the span's first token.
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
    """Of each span: the sum over all tag sequences that agree with `tags` on it, over
    the sum of all, float64 [n_spans].

    emissions: float64 [n_tokens, n_tags], sequences one after the other. lengths:
        int64 [n_sequences], none 0. tags: a valid sequence, int64 [n_tokens].
    starts, ends: rows where spans start and end (exclusive), int64 [n_spans].

    It is the probability of the span's first tag, times that of each tag behind it
    given the one before. Scores too far apart for plain sums go the long way round.
    """
    sums = path_sums(emissions, lengths, transitions)
    rows, firsts = ranges(starts, ends)
    # All that leads to a token's tags: from the tag before, or from anywhere.
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
