"""The best tag sequence."""

from typing import Sequence

import numpy as np

from ..packing import Packing
from .scores import Transitions


def viterbi(
    emissions: np.ndarray, lengths: Sequence[int], transitions: Transitions
) -> np.ndarray:
    """The highest-scoring tags of each sequence, int64 [n_tokens].

    emissions: float64 [n_tokens, n_tags], sequences one after the other.
    """
    packing = Packing(lengths)
    # Scores of the best paths up to each tag, once each step has added its own.
    best = emissions[packing.rows]
    steps = list(packing.steps())
    previous = best[:0]
    for start, end, size in steps:
        current = best[start:end]
        if start:
            current += (previous[:size, :, None] + transitions.follow).max(axis=1)
        else:
            current += transitions.start
        previous = current
    # Most tags are on no best path, so where a path came from is asked for its own.
    into = np.ascontiguousarray(transitions.follow.T)
    tags = np.zeros(len(emissions), dtype=np.int64)
    tag = np.zeros(len(packing.lengths), dtype=np.int64)
    running = 0
    for start, end, size in reversed(steps):
        paths = best[start:end]
        paths[:running] += into[tag[:running]]
        paths[running:] += transitions.end
        tag[:size] = paths.argmax(axis=1)
        tags[packing.rows[start:end]] = tag[:size]
        running = size
    return tags
