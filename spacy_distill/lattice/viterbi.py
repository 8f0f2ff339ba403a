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
    packed = emissions[packing.rows]
    back = np.zeros(packed.shape, dtype=np.int64)
    best = np.zeros((len(packing.lengths), packed.shape[1]))
    for start, end, size in packing.steps():
        if start == 0:
            best[:size] = transitions.start + packed[start:end]
            continue
        paths = best[:size, :, None] + transitions.follow
        back[start:end] = paths.argmax(axis=1)
        best[:size] = paths.max(axis=1) + packed[start:end]
    last = (best + transitions.end).argmax(axis=1)
    tags = np.zeros(len(emissions), dtype=np.int64)
    for start, end, size in reversed(list(packing.steps())):
        current = last[:size]
        tags[packing.rows[start:end]] = current
        if start:
            last[:size] = back[start:end][np.arange(size), current]
    return tags
