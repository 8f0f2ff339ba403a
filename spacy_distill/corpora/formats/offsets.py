"""Spans whose offsets contradict the text that the file repeats for them.

Language models miscount characters. JavaScript counts UTF-16 code units, in which an
emoji is two, and other tools count bytes of UTF-8.
"""

from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple

from .records import AnnotatedText, Place, RawSpan
from .spans import InvalidSpan, is_offset

# A span's own text is looked for so many characters before and after its offsets.
WINDOW = 100


class Repair(NamedTuple):
    """A span that was moved to its own text.

    Attributes:
        place: Where it is.
        stated: The span as it is in the file.
        found: Text at the offsets in the file.
        text: The span's own text, or else the text at its new offsets.
        unit: What the file's offsets count, if not characters.
    """

    place: Place
    stated: RawSpan
    found: str
    text: str
    unit: Optional[str]

    @property
    def reason(self) -> str:
        """What is wrong with the span in the file."""
        if self.stated.text is None:
            return f"has offsets that count {self.unit}, as other spans show"
        counted = f", where offsets counted in {self.unit} fit" if self.unit else ""
        return f"has the text {self.text[:40]!r} of its own{counted}"

    def as_invalid(self) -> InvalidSpan:
        """Describe the span as it is in the file."""
        start, label = max(self.stated.start, 0), str(self.stated.label)
        return InvalidSpan(self.place.short, start, self.found, label, self.reason)


class Unit(NamedTuple):
    """What offsets may count other than characters, by the size of a character."""

    name: str
    encoding: str
    size: int

    def characters(self, text: str) -> Dict[int, int]:
        """Map offsets in this unit to offsets in characters.

        Args:
            text: The text.

        Returns:
            The offset of each character, and the end of the text. Offsets that are
            inside of a character are missing.
        """
        offset, found = 0, {0: 0}
        for i, character in enumerate(text, start=1):
            encoded = character.encode(self.encoding, "surrogatepass")
            offset += len(encoded) // self.size
            found[offset] = i
        return found


UNITS = (
    Unit("UTF-16 code units", "utf-16-le", 2),
    Unit("bytes of UTF-8", "utf-8", 1),
)


def find_unit(texts: Sequence[AnnotatedText]) -> Optional[Unit]:
    """Find out whether a file counts offsets in other units than characters.

    Only spans with a text of their own tell, and of these only those that the unit
    moves. All of them must fit then, and one at least must not fit as it is.

    Args:
        texts: All texts of the file.

    Returns:
        The unit, or None if offsets count characters, or nobody knows.
    """
    for unit in UNITS:
        fits: List[bool] = []
        contradicted = False
        for text in texts:
            if text.text.isascii():
                continue
            offsets = unit.characters(text.text)
            for span in text.spans:
                if span.text is None or not _has_offsets(span):
                    continue
                moved = move(span, offsets)
                if moved == span:
                    continue
                fits.append(moved is not None and _fits(moved, text.text))
                contradicted = contradicted or not _fits(span, text.text)
        if contradicted and all(fits):
            return unit
    return None


def move(span: RawSpan, offsets: Dict[int, int]) -> Optional[RawSpan]:
    """Convert the offsets of a span.

    Args:
        span: The span.
        offsets: Maps its offsets to others.

    Returns:
        The span, or None if its offsets are not in the map.
    """
    start, end = offsets.get(span.start), offsets.get(span.end)
    if start is None or end is None:
        return None
    return span._replace(start=start, end=end)


def agrees(span: RawSpan, text: str) -> bool:
    """Whether a span has no text of its own, or that at its offsets.

    Args:
        span: The span.
        text: The text that it is in.

    Returns:
        False if both differ by more than whitespace, or the offsets are impossible.
    """
    if span.text is None:
        return True
    if not (_has_offsets(span) and 0 <= span.start <= span.end <= len(text)):
        return False
    return span.text.split() == text[span.start : span.end].split()


def repair(
    span: RawSpan, text: str, place: Place, unit: Optional[Unit]
) -> Tuple[RawSpan, Optional[Repair]]:
    """Move a span to its own text.

    If the file's offsets count another unit, they are converted. Otherwise the span's
    own text is looked for within `WINDOW` characters of its offsets.

    Args:
        span: The span.
        text: The text that it is in.
        place: Where the text is.
        unit: What the file's offsets count, if not characters.

    Returns:
        The span, and what was repaired, if anything. If the text does not occur exactly
        once, the span has this as its problem.
    """
    if span.problem is not None or not _has_offsets(span):
        return span, None
    place = span.place or place
    found = text[max(span.start, 0) : max(span.end, 0)]
    if unit is not None and not text.isascii():
        moved = move(span, unit.characters(text))
        if moved is not None and agrees(moved, text):
            if moved == span:
                return span, None
            own = text[moved.start : moved.end]
            return moved, Repair(place, span, found, own, unit.name)
    if agrees(span, text):
        return span, None
    own = (span.text or "").strip()
    starts = occurrences(own, text, span)
    if len(starts) == 1:
        moved = span._replace(start=starts[0], end=starts[0] + len(own))
        return moved, Repair(place, span, found, own, None)
    number = f"{len(starts)} times" if starts else "nowhere"
    problem = (
        f"has the text {own[:40]!r} of its own, which occurs {number} within {WINDOW}"
        " characters"
    )
    return span._replace(problem=problem), None


def occurrences(own: str, text: str, span: RawSpan) -> List[int]:
    """Find a span's own text near its offsets.

    Args:
        own: The text to look for.
        text: The text to look in.
        span: The span.

    Returns:
        The offsets of all occurrences within `WINDOW` characters.
    """
    found: List[int] = []
    if not own:
        return found
    last = max(span.end, 0) + WINDOW
    start = text.find(own, max(span.start - WINDOW, 0), last)
    while start >= 0:
        found.append(start)
        start = text.find(own, start + 1, last)
    return found


def _fits(span: RawSpan, text: str) -> bool:
    """Whether a span agrees with its own text, without whitespace at its ends."""
    words = text[span.start : span.end]
    return agrees(span, text) and words == words.strip()


def _has_offsets(span: RawSpan) -> bool:
    return is_offset(span.start) and is_offset(span.end)
