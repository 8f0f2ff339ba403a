"""Exact probabilities of the decoded entities under a CRF, many at once."""

import numpy as np

from ....packing import ranges
from .forward_backward import forward_backward
from .path_sums import path_sums, reliable
from .spans import span_probability
from .transitions import Transitions


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
