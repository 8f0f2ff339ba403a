"""The exact probability that a span of tokens is an entity."""

from typing import List, Sequence, Tuple

import numpy as np

from ..tags import biluo_tags
from .forward_backward import ForwardBackward
from .transitions import Transitions


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


def tags_to_spans(tags: Sequence[str]) -> List[Tuple[int, int, str]]:
    """Entities (start, end, label) of a valid BILUO sequence, end exclusive."""
    spans = []
    start = 0
    for i, tag in enumerate(tags):
        if tag[0] in "BU":
            start = i
        if tag[0] in "LU":
            spans.append((start, i + 1, tag[2:]))
    return spans


def span_tags(length: int, label: str) -> List[str]:
    """The BILUO tags of an entity of `length` tokens."""
    _, begin, inside, last, unit = biluo_tags([label])
    return [unit] if length == 1 else [begin, *[inside] * (length - 2), last]
