"""From an annotator's characters to a Doc's tokens."""

from bisect import bisect_left, bisect_right
from typing import List, NamedTuple

import numpy as np
from spacy.tokens import Doc

from ...tasks.ner.decoding import ScoredSpan
from ..base import LostEntity
from .files import InvalidSpan, Vote


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
