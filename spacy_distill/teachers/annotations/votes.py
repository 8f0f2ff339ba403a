"""Align annotators' spans to tokens, and turn their votes into probabilities."""

from bisect import bisect_left, bisect_right
from typing import List, NamedTuple, Sequence

import numpy as np
from spacy.tokens import Doc

from ...tasks.ner.decoding import ScoredSpan
from ..base import LostEntity
from ..probabilities import span_probabilities
from .files import InvalidSpan, Vote


class TokenVote(NamedTuple):
    """What one annotator says of a Doc.

    weight: for how many annotators it counts. spans: without overlaps, their ends count
    tokens. silent: bool [n_tokens], where it found something that cannot be told, and
    so says nothing.
    """

    weight: float
    spans: List[ScoredSpan]
    silent: np.ndarray


def vote_probabilities(
    votes: Sequence[TokenVote], tags: Sequence[str], *, certainty: float
) -> np.ndarray:
    """The weighted mean of what annotators say of each token; fewer are less sure.

    votes: of one Doc, at least one. Each gives every token one distribution over tags
        (see `span_probabilities`), but for those where it is silent. Where all are,
        they all count, as if they had found nothing there.
    certainty: how far a single annotator of weight 1 is trusted, more than 0 and at
        most 1.

    The mean `m` is taken together with a doubt that weighs `d = (1 - certainty) /
    certainty` annotators and is spread evenly over the tags: with votes that weigh
    `w` in all, the result is `(w m + d / n_tags) / (w + d)`, the posterior mean under a
    Dirichlet prior. For one annotator that is label smoothing by `1 - certainty`; each
    further one that agrees leaves less doubt.

    Returns float64 [n_tokens, n_tags], rows sum to 1.
    """
    weights = np.array([np.where(vote.silent, 0.0, vote.weight) for vote in votes])
    all_silent = ~weights.any(axis=0)
    weights[:, all_silent] = [[vote.weight] for vote in votes]
    doubt = (1.0 - certainty) / certainty
    n_tokens = weights.shape[1]
    total = np.full((n_tokens, len(tags)), doubt / len(tags))
    for vote, weight in zip(votes, weights):
        said = span_probabilities(n_tokens, vote.spans, tags)
        total += weight[:, None] * said
    probabilities: np.ndarray = total / total.sum(axis=1, keepdims=True)
    return probabilities


class PlacedVote(NamedTuple):
    """A vote on a Doc.

    spans: those of whole tokens; their ends count tokens. invalid: all others of the
    line. silent: bool [n_tokens], the tokens that invalid spans touch, unless a valid
    one lies there.
    """

    spans: List[ScoredSpan]
    invalid: List[InvalidSpan]
    silent: np.ndarray


def place(doc: Doc, vote: Vote) -> PlacedVote:
    """Find the tokens of a vote's spans."""
    starts = [token.idx for token in doc]
    begins = {start: i for i, start in enumerate(starts)}
    ends = {token.idx + len(token): token.i + 1 for token in doc}
    spans: List[ScoredSpan] = []
    invalid = list(vote.invalid)
    for span in vote.spans:
        start, end = begins.get(span.start), ends.get(span.end)
        if start is not None and end is not None:
            spans.append(ScoredSpan(start, end, span.label, span.score))
            continue
        cut = span.start if start is None else span.end - 1
        token = doc[_token_at(starts, cut)].text
        reason = f"{'begins' if start is None else 'ends'} inside {token!r}"
        text = doc.text[span.start : span.end]
        invalid.append(InvalidSpan(vote.line, span.start, text, span.label, reason))
    silent = np.zeros(len(doc), dtype=bool)
    for wrong in (span for span in invalid if span.text):
        first = _token_at(starts, wrong.start)
        silent[first : bisect_left(starts, wrong.start + len(wrong.text))] = True
    for span in spans:
        silent[span.start : span.end] = False
    return PlacedVote(spans, invalid, silent)


def lost_entity(doc: Doc, span: InvalidSpan) -> LostEntity:
    """Name a span that cannot be used as the Doc's lost entity."""
    return LostEntity(
        token=_token_at([token.idx for token in doc], span.start),
        text=span.text,
        label=span.label,
        reason=f"{span.reason} (line {span.line})",
    )


def _token_at(starts: List[int], place: int) -> int:
    """The token that a character belongs to, or the last one before it."""
    return max(bisect_right(starts, place) - 1, 0)
