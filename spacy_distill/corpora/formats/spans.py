"""Checks of spans against their text: types, offsets and labels."""

from typing import Iterable, NamedTuple, Optional, Sequence, Tuple

from ...tasks.ner.decoding import ScoredSpan
from .records import Place, RawSpan, is_encodable, shorten

# Number of items that messages list before "and N more".
_MAX_LISTED = 10


class InvalidSpan(NamedTuple):
    """A span that cannot be used.

    Attributes:
        place: Where it is, e.g. "line 3".
        start: Offset of the first character, or 0 if the offsets are invalid.
        text: Text of the span, or "" if the offsets are invalid.
        label: Label of the span, or "" if it is invalid.
        reason: Short explanation, e.g. "overlaps with another span of the line".
    """

    place: str
    start: int
    text: str
    label: str
    reason: str


def find_error(
    span: RawSpan, text: str, labels: Optional[Sequence[str]] = None
) -> Optional[str]:
    """Return what is wrong with a span, apart from its alignment to tokens.

    Args:
        span: The span.
        text: Its text.
        labels: Labels that spans may have; None for any.

    Returns:
        The reason, or None if nothing is wrong.
    """
    if span.problem is not None:
        return span.problem
    for name, offset in (("start", span.start), ("end", span.end)):
        if not is_offset(offset):
            return f"has {shorten(offset)} as {name}, not a number of characters"
    label, score = span.label, span.score
    if not isinstance(label, str) or not label or label != label.strip():
        return f"has {shorten(label)} as label"
    if not is_encodable(label):
        return "has half of a surrogate pair in its label"
    if labels is not None and label not in labels:
        return f"has a label that is none of {', '.join(labels)}"
    is_number = isinstance(score, (int, float)) and not isinstance(score, bool)
    if score is not None and not (is_number and 0.0 <= score <= 1.0):
        return f"has {shorten(score)} as score, not a number from 0 to 1"
    if span.start >= span.end:
        return f"has its end {span.end} not after its start {span.start}"
    if span.start < 0 or span.end > len(text):
        return (
            f"is {span.start} to {span.end}, outside a text of {len(text)} characters"
        )
    if text[span.start].isspace() or text[span.end - 1].isspace():
        return "begins or ends with whitespace"
    return None


def trim_span(span: RawSpan, text: str) -> RawSpan:
    """Remove whitespace from the ends of a span.

    Args:
        span: The span.
        text: Its text.

    Returns:
        The shorter span, or the same if its offsets are wrong or it is all whitespace.
    """
    if not (is_offset(span.start) and is_offset(span.end)):
        return span
    if span.problem is not None or not 0 <= span.start < span.end <= len(text):
        return span
    words = text[span.start : span.end]
    if not words.strip():
        return span
    start = span.start + len(words) - len(words.lstrip())
    return span._replace(start=start, end=start + len(words.strip()))


def is_offset(value: object) -> bool:
    """Whether a value of JSON is an integer; booleans are not.

    Args:
        value: The value.

    Returns:
        True for integers.
    """
    return isinstance(value, int) and not isinstance(value, bool)


def scored_span(span: RawSpan) -> ScoredSpan:
    """Convert a span without an error.

    Args:
        span: The span.

    Returns:
        The span, with the score 1 if it has none.
    """
    score = 1.0 if span.score is None else float(span.score)
    return ScoredSpan(span.start, span.end, span.label, score)


def invalid_span(span: RawSpan, text: str, place: Place, reason: str) -> InvalidSpan:
    """Describe a span that cannot be used.

    Args:
        span: The span.
        text: Its text.
        place: Where the text is.
        reason: Why the span cannot be used.

    Returns:
        The description, with the offsets only if they can be meant.
    """
    start, end = _valid_range(span)
    label = span.label
    return InvalidSpan(
        place=(span.place or place).short,
        start=min(start, len(text)),
        text=text[start:end],
        label=label if isinstance(label, str) and is_encodable(label) else "",
        reason=reason,
    )


def name_spans(invalid: Sequence[InvalidSpan]) -> str:
    """Describe invalid spans in one line.

    Args:
        invalid: The spans.

    Returns:
        The first ten spans with their places, and the number of the others.
    """
    return name_some(
        f"{span.place}: {span.text[:40]!r} as {span.label or 'nothing'} {span.reason}"
        for span in invalid
    )


def name_some(names: Iterable[str]) -> str:
    """Join names with semicolons.

    Args:
        names: The names.

    Returns:
        The first ten names, and the number of the others.
    """
    names = list(names)
    more = len(names) - _MAX_LISTED
    listed = names[:_MAX_LISTED]
    return "; ".join([*listed, *([f"and {more} more"] if more > 0 else [])])


def _valid_range(span: RawSpan) -> Tuple[int, int]:
    if all(is_offset(offset) and offset >= 0 for offset in (span.start, span.end)):
        return span.start, span.end
    return 0, 0
