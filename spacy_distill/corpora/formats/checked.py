"""Annotated texts with checked and repaired spans, for gold and for teachers."""

from bisect import bisect_left
from collections import Counter
from itertools import groupby
from pathlib import Path
from typing import Iterable, List, NamedTuple, Optional, Sequence, Tuple

from ...tasks.ner.decoding import ScoredSpan
from ...tasks.ner.overlaps import resolve_overlaps
from .offsets import Repair, Unit, find_unit, occurrences, repair
from .records import AnnotatedText, Place
from .spans import InvalidSpan, find_error, invalid_span, scored_span, trim_span

Range = Tuple[int, int]


class CheckedText(NamedTuple):
    """One annotator's annotation of a text, after all checks that need no tokens.

    Attributes:
        place: Where it is.
        text: The text.
        spans: Valid spans with character offsets, sorted, without overlaps.
        invalid: The other spans.
        repaired: Spans that contradicted their own text and were moved.
        unknown: Ranges of characters without annotation.
        trimmed: Number of spans that lost whitespace at an end.
        annotator: Name of the annotator, if known.
        left_out: Why it does not count; None if it counts.
        words: The file's own tokens, if it has any.
        spaces: Whether a space follows each of them.
        document: Index of its document in the file.
    """

    place: Place
    text: str
    spans: List[ScoredSpan]
    invalid: List[InvalidSpan]
    repaired: List[Repair]
    unknown: List[Range]
    trimmed: int = 0
    annotator: Optional[str] = None
    left_out: Optional[str] = None
    words: Optional[Tuple[str, ...]] = None
    spaces: Optional[Tuple[bool, ...]] = None
    document: int = 0


def check_texts(
    texts: Iterable[AnnotatedText],
    *,
    labels: Optional[Sequence[str]] = None,
    trim: bool = False,
) -> List[CheckedText]:
    """Check the spans of annotated texts, and repair those that contradict themselves.

    Of overlapping spans one is kept, by the rule of `resolve_overlaps`: the highest
    score, then the longest, then the first.

    Args:
        texts: Texts as they are in files, those of a file next to each other.
        labels: Labels that spans may have; None for any.
        trim: Whether spans lose whitespace at their ends. Otherwise it is an error.

    Returns:
        The texts in order; those that are read by line, one by one.
    """
    checked: List[CheckedText] = []
    for _, group in groupby(texts, key=_file):
        of_file = list(group)
        unit = find_unit(of_file)
        for text in of_file:
            found = _check_text(text, unit, labels, trim)
            checked += _split_lines(found) if text.by_line else [found]
    return checked


def _file(text: AnnotatedText) -> Path:
    return text.place.file


def _check_text(
    text: AnnotatedText,
    unit: Optional[Unit],
    labels: Optional[Sequence[str]],
    trim: bool,
) -> CheckedText:
    valid: List[Tuple[ScoredSpan, Place]] = []
    invalid: List[InvalidSpan] = []
    repaired: List[Repair] = []
    trimmed = 0
    unknown = list(text.unknown)
    for stated in text.spans:
        place = stated.place or text.place
        span, repairs = repair(stated, text.text, text.place, unit)
        if trim and (shorter := trim_span(span, text.text)) != span:
            span = shorter
            trimmed += 1
        error = find_error(span, text.text, labels)
        if error is None:
            valid.append((scored_span(span), place))
            if repairs is not None:
                repaired.append(repairs)
            continue
        invalid.append(invalid_span(span, text.text, place, error))
        if span.problem is not None and stated.problem is None:
            # The span may be at any place that has its text.
            own = (span.text or "").strip()
            starts = occurrences(own, text.text, span)
            unknown += [(start, start + len(own)) for start in starts]
    kept = resolve_overlaps([span for span, _ in valid])
    left = Counter(kept)
    for scored, place in valid:
        if left[scored]:
            left[scored] -= 1
            continue
        start, end, label, _ = scored
        reason = "overlaps with another span of the text"
        words = text.text[start:end]
        invalid.append(InvalidSpan(place.short, start, words, label, reason))
    return CheckedText(
        place=text.place,
        text=text.text,
        spans=kept,
        invalid=invalid,
        repaired=repaired,
        unknown=unknown,
        trimmed=trimmed,
        annotator=text.annotator,
        left_out=text.left_out,
        words=text.words,
        spaces=text.spaces,
        document=text.document,
    )


def _split_lines(text: CheckedText) -> List[CheckedText]:
    """Make a text of each line, or of several if a span goes over their ends."""
    spans = [(span.start, span.end) for span in text.spans]
    spans += [(span.start, span.start + len(span.text)) for span in text.invalid]
    spans += text.unknown
    parts: List[Range] = []
    start = 0
    for end in [*(i for i, c in enumerate(text.text) if c == "\n"), len(text.text)]:
        if any(first <= end < last for first, last in spans):
            continue
        if text.text[start:end].strip():
            parts.append((start, end))
        start = end + 1
    if not parts:
        return [text] if spans else []
    found = [_part(text, start, end) for start, end in parts]
    # Those without a place of their own count where they may be, or else in the end.
    for span in text.invalid:
        i = min(bisect_left([end for _, end in parts], span.start), len(parts) - 1)
        found[i].invalid.append(span._replace(start=max(span.start - parts[i][0], 0)))
    found[0].repaired.extend(text.repaired)
    found[0] = found[0]._replace(trimmed=text.trimmed)
    return found


def _part(text: CheckedText, start: int, end: int) -> CheckedText:
    return text._replace(
        place=text.place._replace(line=text.text.count("\n", 0, start) + 1),
        text=text.text[start:end].rstrip(),
        spans=[
            span._replace(start=span.start - start, end=span.end - start)
            for span in text.spans
            if start <= span.start < end
        ],
        invalid=[],
        repaired=[],
        trimmed=0,
        unknown=[(a - start, b - start) for a, b in text.unknown if start <= a < end],
    )
