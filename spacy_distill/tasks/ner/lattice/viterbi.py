"""The best tag sequence."""

from typing import Sequence

import numpy as np

from ....packing import Packing
from .transitions import Transitions


def viterbi(
    emissions: np.ndarray, lengths: Sequence[int], transitions: Transitions
) -> np.ndarray:
    """The highest-scoring tags of each sequence, int64 [n_tokens].

    emissions: float64 [n_tokens, n_tags], sequences one after the other.
    """
    packing = Packing(lengths)
    steps = list(packing.steps())
    # Scores of the best paths up to each tag, once each step has added its own.
    best = emissions.take(packing.rows, axis=0)
    previous = best[:0]
    for start, end, size in steps:
        current = best[start:end]
        if start:
            paths = previous[:size, :, None] + transitions.follow
            current += np.maximum.reduce(paths, axis=1)
        else:
            current += transitions.start
        previous = current
    # Most tags are on no best path, so where a path came from is asked for its own.
    lead = np.ascontiguousarray(transitions.follow.T)
    packed = np.zeros(len(emissions), dtype=np.int64)
    behind = packed[:0]
    for start, end, size in reversed(steps):
        paths = best[start:end]
        running = len(behind)
        if running:
            paths[:running] += lead.take(behind, axis=0)
        if running < size:
            paths[running:] += transitions.end
        behind = packed[start:end]
        paths.argmax(axis=1, out=behind)
    tags = np.empty_like(packed)
    tags[packing.rows] = packed
    return tags
