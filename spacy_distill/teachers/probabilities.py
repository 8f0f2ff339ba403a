"""Probabilities over tags, for teachers that have no logits of their own."""

from typing import List, Sequence

import numpy as np

from ..errors import DistillError
from ..lattice.spans import span_tags
from ..pipeline.decoding import ScoredSpan
from ..tags import OUTSIDE

# No teacher is so sure of anything that a student should never doubt it; and the log
# of 0 cannot be stored.
FLOOR = 1e-4


def log_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Logits of given probabilities: float32 [n_tokens, n_tags], rows sum to 1.

    probabilities: [n_tokens, n_tags], 0 or more; rows need not sum to 1. None ends
        up below `FLOOR` (before the rows are normalised again).
    """
    total = probabilities.sum(axis=1, keepdims=True)
    kept = np.maximum(probabilities / np.where(total > 0, total, 1.0), FLOOR)
    logits: np.ndarray = np.log(kept / kept.sum(axis=1, keepdims=True))
    return logits.astype(np.float32)


def span_probabilities(
    n_tokens: int, spans: Sequence[ScoredSpan], tags: Sequence[str]
) -> np.ndarray:
    """Turn scored spans into one distribution over tags for each token.

    Every span gives its score to its tag on each of its tokens; what is left of 1 is
    the probability of `O`. Where spans overlap and their scores sum to more than 1
    they share in proportion to their scores, so that decoding keeps the surer one.

    spans: of one Doc, with ends within it.
    Returns float64 [n_tokens, n_tags], rows sum to 1.
    RAISES: DistillError for a score outside 0 to 1 or a label without tags.
    """
    columns = {tag: i for i, tag in enumerate(tags)}
    out = np.zeros((n_tokens, len(tags)))
    for start, end, label, score in spans:
        if not 0.0 <= score <= 1.0:
            raise DistillError(
                f"Expected scores of spans from 0 to 1, got {score} for a {label}: give"
                " probabilities."
            )
        for i, tag in zip(range(start, end), span_tags(end - start, label)):
            if tag not in columns:
                raise DistillError(
                    f"Expected spans with the teacher's labels, got {label!r}."
                )
            out[i, columns[tag]] += score
    out[:, columns[OUTSIDE]] = np.maximum(0.0, 1.0 - out.sum(axis=1))
    probabilities: np.ndarray = out / out.sum(axis=1, keepdims=True)
    return probabilities


def resolve_overlaps(spans: Sequence[ScoredSpan]) -> List[ScoredSpan]:
    """Keep the surest of spans that overlap; of equally sure ones the longest, then
    the first. The result is ordered by place."""
    taken: List[ScoredSpan] = []
    for span in sorted(spans, key=lambda s: (-s.score, s.start - s.end, s.start)):
        if all(span.end <= other.start or other.end <= span.start for other in taken):
            taken.append(span)
    return sorted(taken)
