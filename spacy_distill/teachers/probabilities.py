"""Probabilities over tags, for teachers that have no logits of their own."""

from typing import List, Sequence, Set, Tuple

import numpy as np
from spacy.tokens import Span

from ..errors import DistillError
from ..tasks.ner.decoding import ScoredSpan
from ..tasks.ner.tags import OUTSIDE, span_tags
from .base import LostEntity

# No teacher is so sure of anything that a student should never doubt it; and the log
# of 0 cannot be stored.
FLOOR = 1e-4

# By how much, at the least, the tag that was decided for leads: it survives float16.
LEAD = 0.01


def log_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Logits of given probabilities: float32 [n_tokens, n_tags], rows sum to 1.

    probabilities: [n_tokens, n_tags], 0 or more; rows need not sum to 1. None ends
        up below `FLOOR` (before the rows are normalized again).
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
    the probability of `O`. So the scores are taken as those of readings of which one at
    most is true; where those of a token sum to more than 1 they share in proportion.

    Of spans that do not overlap, decoding gives back those above a half. Of those that
    do it need not keep the surest: `resolve_overlaps` and `favour` see to that.

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
    kept: List[ScoredSpan] = []
    taken: Set[int] = set()
    for span in sorted(spans, key=lambda s: (-s.score, s.start - s.end, s.start)):
        tokens = range(span.start, span.end)
        if taken.isdisjoint(tokens):
            taken.update(tokens)
            kept.append(span)
    return sorted(kept)


def span_columns(
    n_tokens: int, spans: Sequence[ScoredSpan], tags: Sequence[str]
) -> np.ndarray:
    """Return the columns of the spans' tags, int64 [n_tokens]; of `O` elsewhere.

    spans: of one Doc; no two overlap, and their labels are the tags'.
    """
    columns = {tag: i for i, tag in enumerate(tags)}
    out = np.full(n_tokens, columns[OUTSIDE], dtype=np.int64)
    for span in spans:
        path = span_tags(span.end - span.start, span.label)
        out[span.start : span.end] = [columns[tag] for tag in path]
    return out


def favour(probabilities: np.ndarray, decided: np.ndarray) -> np.ndarray:
    """Give the decided tags so much more that each is the best of its token.

    So the spans decoded from the result are the decided ones, even in float16. No more
    is given than it takes: a tag that leads by `LEAD` keeps what it has.

    probabilities: [n_tokens, n_tags], rows sum to 1.
    decided: int [n_tokens], columns.
    Returns float64 [n_tokens, n_tags], rows sum to 1.
    """
    rows = np.arange(len(decided))
    others = probabilities.copy()
    others[rows, decided] = -np.inf
    lead = probabilities[rows, decided] - others.max(axis=1)
    missing = np.maximum(LEAD - lead, 0.0)
    # Mixed with certainty in the share s, the lead becomes (1 - s) lead + s.
    shares = missing / (missing + 1.0 - LEAD)
    out: np.ndarray = probabilities * (1.0 - shares)[:, None]
    out[rows, decided] += shares
    return out


def keep_spans(
    spans: Sequence[Span], scores: Sequence[float], labels: Sequence[str]
) -> Tuple[List[ScoredSpan], List[LostEntity]]:
    """Keep those of a Doc's spans that tags can express.

    spans: the same one twice counts once. scores: one for each.
    labels: those of the tags.

    Returns the spans that are kept, in order, none of them overlapping; and the others,
    each with the reason.
    """
    of = {
        ScoredSpan(span.start, span.end, span.label_, float(score)): span
        for span, score in zip(spans, scores)
    }
    kept = resolve_overlaps([span for span in of if span.label in labels])
    stay = set(kept)
    lost = []
    for found, span in of.items():
        if found.label not in labels:
            reason = "its label is not one of the teacher's"
        elif found not in stay:
            first = next(
                other
                for other in kept
                if found.start < other.end and other.start < found.end
            )
            reason = f"overlaps {of[first].text!r} ({first.label})"
        else:
            continue
        lost.append(LostEntity(span.start, span.text, span.label_, reason))
    return kept, lost
