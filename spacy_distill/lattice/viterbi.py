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
    # Scores of the best paths up to each tag, once each step has added its own,
    # [n_tags, n_tokens]: numpy is fast along the last axis if it is long.
    best = np.ascontiguousarray(emissions[packing.rows].T)
    follow = transitions.follow[:, :, None]
    end_scores = transitions.end[:, None]
    steps = list(packing.steps())
    previous = best[:, :0]
    for start, end, size in steps:
        current = best[:, start:end]
        if start:
            current += np.maximum.reduce(previous[:, None, :size] + follow, axis=0)
        else:
            current += transitions.start[:, None]
        previous = current
    # Most tags are on no best path, so where a path came from is asked for its own.
    packed = np.zeros(len(emissions), dtype=np.int64)
    behind = packed[:0]
    for start, end, size in reversed(steps):
        paths = best[:, start:end]
        running = len(behind)
        if running:
            paths[:, :running] += transitions.follow[:, behind]
        if running < size:
            paths[:, running:] += end_scores
        behind = packed[start:end]
        paths.argmax(axis=0, out=behind)
    tags = np.empty_like(packed)
    tags[packing.rows] = packed
    return tags
