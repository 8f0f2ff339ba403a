"""Exact probabilities of the decoded entities under a CRF, many at once."""

from typing import List, NamedTuple, Optional

import numpy as np

from ..packing import Packing, ranges
from .forward_backward import forward_backward
from .scores import Transitions
from .spans import span_probability

# Sums are brought back to 1 after so many steps.
_STEPS = 8
# A sum that shrinks below this in so many steps may have lost what matters later.
_SMALLEST = 1e-200


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

    Sums are kept as they are rather than as logarithms, which takes a fraction of the
    time. Scores too far apart for that go the long way round.
    """
    # What is added to all tags of a token, or to all transitions, changes nothing.
    shifted = emissions - emissions.max(axis=1, keepdims=True)
    scores = transitions.shifted
    sums = _partial_sums(np.exp(shifted), lengths, scores)
    if sums is not None:
        last = ends - 1
        before, behind = sums.forward[starts], sums.backward[last]
        spans = np.arange(len(starts))
        heads, tails = before[spans, tags[starts]], behind[spans, tags[last]]
        if min(heads.min(), tails.min()) > _SMALLEST:
            rows, firsts = ranges(starts, ends)
            along = shifted[rows, tags[rows]]
            along[1:] += scores.follow[tags[rows[:-1]], tags[rows[1:]]]
            # Into a span's first token, and emissions of its last, are in the sums.
            along[firsts] = 0.0
            inner = np.add.reduceat(along, firsts) - shifted[last, tags[last]]
            logs = np.log(heads) + np.log(tails) + inner
            logs += sums.forward_log[starts] + sums.backward_log[last]
            sentences = np.searchsorted(np.cumsum(lengths), starts, side="right")
            logs -= sums.log_z[sentences]
            return np.exp(np.minimum(logs, 0.0))
    result = forward_backward(emissions, lengths.tolist(), transitions)
    return np.array(
        [
            span_probability(
                emissions, transitions, result, tags[start:end].tolist(), start
            )
            for start, end in zip(starts.tolist(), ends.tolist())
        ]
    )


class _Sums(NamedTuple):
    """Sums over partial paths, in the order of the input rows.

    forward, backward: [n_tokens, n_tags], over paths from the start to a tag, and from
        a tag to the end, both with the token's own emission; each row is to be
        multiplied by the exponential of forward_log, backward_log: [n_tokens].
    log_z: [n_sequences], of the sum over all paths.
    """

    forward: np.ndarray
    backward: np.ndarray
    forward_log: np.ndarray
    backward_log: np.ndarray
    log_z: np.ndarray


def _partial_sums(
    emissions: np.ndarray, lengths: np.ndarray, scores: Transitions
) -> Optional[_Sums]:
    """Both recursions, step by step side by side. None where a sum got too small.

    emissions: exponentials, [n_tokens, n_tags]. scores: none above 0.
    """
    packing = Packing(lengths.tolist())
    # The one reads each sequence from its start, the other from its end.
    rows = np.stack([packing.rows, packing.reversed_rows])
    sums = emissions[rows]
    weights, edges = scores.weights, scores.edges[:, None]
    logs: List[np.ndarray] = []
    log = np.zeros((2, len(lengths)))
    smallest = 1.0
    previous = sums[:, :0]
    for t, (start, end, size) in enumerate(packing.steps()):
        current = sums[:, start:end]
        current *= previous[:, :size] @ weights if t else edges
        if t % _STEPS == _STEPS - 1:
            totals = current.sum(axis=2)
            smallest = min(smallest, totals.min())
            if smallest < _SMALLEST:
                return None
            current /= totals[:, :, None]
            log = log[:, :size] + np.log(totals)
        logs.append(log[:, :size])
        previous = current
    n_tokens = len(emissions)
    place = np.empty_like(rows)
    place[0, rows[0]] = place[1, rows[1]] = np.arange(n_tokens)
    packed_logs = np.concatenate(logs, axis=1)
    forward, backward = sums[0, place[0]], sums[1, place[1]]
    forward_log, backward_log = packed_logs[0, place[0]], packed_logs[1, place[1]]
    lasts = np.cumsum(lengths) - 1
    totals = forward[lasts] @ edges[1, 0]
    if min(smallest, totals.min()) < _SMALLEST:
        return None
    log_z = np.log(totals) + forward_log[lasts]
    return _Sums(forward, backward, forward_log, backward_log, log_z)
