"""From tags to entities with their probabilities."""

from functools import lru_cache
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np

from ...packing import ranges
from ...softmax import log_softmax
from .lattice.span_probabilities import span_probabilities
from .lattice.transitions import Transitions, constrain


class ScoredSpan(NamedTuple):
    """An entity: tokens start to end (exclusive), label and probability."""

    start: int
    end: int
    label: str
    score: float


def score_spans(
    logits: np.ndarray,
    lengths: Sequence[int],
    tags: np.ndarray,
    *,
    names: Tuple[str, ...],
    transitions: Transitions,
    is_crf: bool,
    allowed: Optional[np.ndarray],
) -> List[List[ScoredSpan]]:
    """Entities of each Doc with their probabilities.

    CRF: the exact probability, over all valid sequences. Softmax: the product of
    the tokens' probabilities along the decoded path. Preset entities have 1.

    tags: valid, [n_tokens]. allowed: bool [n_tokens, n_tags]; None for all.
    """
    out: List[List[ScoredSpan]] = [[] for _ in lengths]
    opens, closes = _edges(names)
    # In valid tags as many begin as end, and in the same order.
    starts = np.flatnonzero(opens[tags])
    if not len(starts):
        return out
    ends = np.flatnonzero(closes[tags]) + 1
    bounds = np.cumsum([0, *lengths])
    sentences = np.searchsorted(bounds, starts, side="right") - 1
    firsts = bounds[sentences]
    if is_crf:
        counts = np.diff(bounds)
        used = np.zeros(len(counts), dtype=bool)
        used[sentences] = True
        rows = np.flatnonzero(np.repeat(used, counts))
        left_out = np.cumsum(np.where(used, 0, counts))[sentences]
        scores = span_probabilities(
            _emissions(logits, rows, allowed),
            counts[used],
            transitions,
            tags[rows],
            starts - left_out,
            ends - left_out,
        )
    else:
        rows, begins = ranges(starts, ends)
        log_probs = log_softmax(_emissions(logits, rows, allowed))
        along = log_probs[np.arange(len(rows)), tags[rows]]
        scores = np.exp(np.add.reduceat(along, begins))
    for sentence, start, end, tag, score in zip(
        sentences.tolist(),
        (starts - firsts).tolist(),
        (ends - firsts).tolist(),
        tags[starts].tolist(),
        scores.tolist(),
    ):
        out[sentence].append(ScoredSpan(start, end, names[tag][2:], score))
    return out


@lru_cache(maxsize=8)
def _edges(names: Tuple[str, ...]) -> Tuple[np.ndarray, np.ndarray]:
    """Which tags start an entity and which end one, bool [n_tags] each."""
    opens = np.array([name[0] in "BU" for name in names])
    closes = np.array([name[0] in "LU" for name in names])
    return opens, closes


def _emissions(
    logits: np.ndarray, rows: np.ndarray, allowed: Optional[np.ndarray]
) -> np.ndarray:
    """Scores of some rows, float64; impossible where not allowed."""
    mask = None if allowed is None else allowed[rows]
    return constrain(logits.take(rows, axis=0), mask)
