"""Align the spans of checked texts to tokens."""

from bisect import bisect_left, bisect_right
from typing import List, NamedTuple, Sequence, Tuple

import numpy as np
from spacy.tokens import Doc

from ...tasks.ner.decoding import ScoredSpan
from .spans import InvalidSpan


class AlignedSpans(NamedTuple):
    """The spans of a text in tokens.

    Attributes:
        spans: Spans that begin and end with tokens, with token offsets.
        invalid: All other spans of the text.
        unknown: Tokens with a character of an invalid span or without annotation, and
            of no valid span, bool [n_tokens].
    """

    spans: List[ScoredSpan]
    invalid: List[InvalidSpan]
    unknown: np.ndarray


def align_spans(
    doc: Doc,
    spans: Sequence[ScoredSpan],
    invalid: Sequence[InvalidSpan],
    unknown: Sequence[Tuple[int, int]] = (),
    *,
    place: str,
) -> AlignedSpans:
    """Align spans to tokens.

    Args:
        doc: Doc with the text of the spans.
        spans: Valid spans with character offsets.
        invalid: The other spans of the text.
        unknown: Ranges of characters without annotation.
        place: Where the text is.

    Returns:
        The aligned spans.
    """
    starts = [token.idx for token in doc]
    token_of_start = {start: i for i, start in enumerate(starts)}
    token_of_end = {token.idx + len(token): token.i + 1 for token in doc}
    aligned: List[ScoredSpan] = []
    invalid = list(invalid)
    for span in spans:
        start, end = token_of_start.get(span.start), token_of_end.get(span.end)
        if start is not None and end is not None:
            aligned.append(ScoredSpan(start, end, span.label, span.score))
            continue
        character = span.start if start is None else span.end - 1
        token = doc[find_token(starts, character)].text
        reason = f"{'begins' if start is None else 'ends'} inside {token!r}"
        text = doc.text[span.start : span.end]
        invalid.append(InvalidSpan(place, span.start, text, span.label, reason))
    ranges = [(s.start, s.start + len(s.text)) for s in invalid if s.text]
    mask = np.zeros(len(doc), dtype=bool)
    for first, last in [*ranges, *unknown]:
        mask[find_token(starts, first) : bisect_left(starts, last)] = True
    for span in aligned:
        mask[span.start : span.end] = False
    return AlignedSpans(aligned, invalid, mask)


def find_token(starts: List[int], character: int) -> int:
    """Return the token that contains a character, or the last token before it.

    Args:
        starts: Offset of the first character of each token.
        character: Offset of the character.

    Returns:
        Index of the token, 0 if there is none.
    """
    return max(bisect_right(starts, character) - 1, 0)
