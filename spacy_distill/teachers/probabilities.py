"""Tag probabilities for teachers whose models have no logits over BILUO tags."""

from typing import List, Sequence, Tuple

import numpy as np
from spacy.tokens import Span

from ..errors import DistillError
from ..tasks.ner.decoding import ScoredSpan
from ..tasks.ner.overlaps import resolve_overlaps
from ..tasks.ner.tags import OUTSIDE, span_tags
from .base import DroppedSpan

# The lowest probability that is stored. The logarithm of 0 cannot be stored, and
# probabilities below this carry no information for a student.
FLOOR = 1e-4

# Smallest difference between the best and the second-best probability after `favor`.
# It survives the conversion to float16.
MARGIN = 0.01


def log_probabilities(probabilities: np.ndarray) -> np.ndarray:
    """Convert probabilities to logits.

    Args:
        probabilities: Nonnegative weights [n_tokens, n_tags]. Rows are normalized.

    Returns:
        Log-probabilities, float32 [n_tokens, n_tags]. Probabilities are at least
        `FLOOR` before the final normalization.
    """
    total = probabilities.sum(axis=1, keepdims=True)
    kept = np.maximum(probabilities / np.where(total > 0, total, 1.0), FLOOR)
    logits: np.ndarray = np.log(kept / kept.sum(axis=1, keepdims=True))
    return logits.astype(np.float32)


def tag_probabilities(
    n_tokens: int, spans: Sequence[ScoredSpan], tags: Sequence[str]
) -> np.ndarray:
    """Convert scored spans to a distribution over tags for each token.

    A span adds its score to the span's tag at each of its tokens, and `O` gets the
    rest. Overlapping spans are treated as mutually exclusive. If the scores at a token
    sum to more than 1, they are normalized.

    Decoding the result returns the spans with a score above 0.5 if no spans overlap.
    With overlaps, the best span may be missing; use `resolve_overlaps` and `favor` to
    keep it.

    Args:
        n_tokens: Number of tokens of the Doc.
        spans: Spans of the Doc, with scores in [0, 1].
        tags: BILUO tags in the order of the columns.

    Returns:
        Probabilities, float64 [n_tokens, n_tags].

    Raises:
        DistillError: If a score is not in [0, 1] or a label has no tags.
    """
    columns = {tag: i for i, tag in enumerate(tags)}
    out = np.zeros((n_tokens, len(tags)))
    for start, end, label, score in spans:
        if not 0.0 <= score <= 1.0:
            raise DistillError(
                f"Expected span scores from 0 to 1, got {score} for {label!r}: use"
                " probabilities as scores."
            )
        for i, tag in zip(range(start, end), span_tags(end - start, label)):
            if tag not in columns:
                raise DistillError(
                    f"Expected spans with the teacher's labels, got {label!r}: add it"
                    " to the labels or remove the span."
                )
            out[i, columns[tag]] += score
    out[:, columns[OUTSIDE]] = np.maximum(0.0, 1.0 - out.sum(axis=1))
    probabilities: np.ndarray = out / out.sum(axis=1, keepdims=True)
    return probabilities


def span_columns(
    n_tokens: int, spans: Sequence[ScoredSpan], tags: Sequence[str]
) -> np.ndarray:
    """Return the column of each token's tag.

    Args:
        n_tokens: Number of tokens of the Doc.
        spans: Non-overlapping spans of the Doc, with labels that have tags.
        tags: BILUO tags in the order of the columns.

    Returns:
        Columns, int64 [n_tokens]. Tokens outside of all spans have the column of `O`.
    """
    columns = {tag: i for i, tag in enumerate(tags)}
    out = np.full(n_tokens, columns[OUTSIDE], dtype=np.int64)
    for span in spans:
        path = span_tags(span.end - span.start, span.label)
        out[span.start : span.end] = [columns[tag] for tag in path]
    return out


def favor(probabilities: np.ndarray, path: np.ndarray) -> np.ndarray:
    """Make the tags of a path the most probable ones.

    Each row is interpolated with the one-hot vector of its tag, just enough for the tag
    to lead by `MARGIN`. Decoding the result returns the spans of the path, also after
    a conversion to float16. Rows whose tag leads by `MARGIN` already do not change.

    Args:
        probabilities: Probabilities [n_tokens, n_tags]; rows sum to 1.
        path: Column of the tag of each token, int [n_tokens].

    Returns:
        Probabilities, float64 [n_tokens, n_tags]; rows sum to 1.
    """
    rows = np.arange(len(path))
    others = probabilities.copy()
    others[rows, path] = -np.inf
    lead = probabilities[rows, path] - others.max(axis=1)
    missing = np.maximum(MARGIN - lead, 0.0)
    # With weight w for the one-hot vector, the lead becomes (1 - w) * lead + w.
    weights = missing / (missing + 1.0 - MARGIN)
    out: np.ndarray = probabilities * (1.0 - weights)[:, None]
    out[rows, path] += weights
    return out


def keep_spans(
    spans: Sequence[Span], scores: Sequence[float], labels: Sequence[str]
) -> Tuple[List[ScoredSpan], List[DroppedSpan]]:
    """Select the spans that BILUO tags can express: known labels, no overlaps.

    Args:
        spans: Spans of one Doc. Duplicates count once.
        scores: Score of each span.
        labels: Labels of the tags.

    Returns:
        The selected spans, sorted by position (see `resolve_overlaps`), and the other
        spans with the reason why they were dropped.
    """
    by_key = {
        ScoredSpan(span.start, span.end, span.label_, float(score)): span
        for span, score in zip(spans, scores)
    }
    kept = resolve_overlaps([span for span in by_key if span.label in labels])
    selected = set(kept)
    dropped = []
    for scored, span in by_key.items():
        if scored.label not in labels:
            reason = "its label is not one of the teacher's"
        elif scored not in selected:
            first = next(
                other
                for other in kept
                if scored.start < other.end and other.start < scored.end
            )
            reason = f"overlaps {by_key[first].text!r} ({first.label})"
        else:
            continue
        dropped.append(DroppedSpan(span.start, span.text, span.label_, reason))
    return kept, dropped
