"""Cut long texts into passages that a reader can take in."""

import re
from typing import List, Sequence, Set, Tuple

from .entities import Entity

# A text of as many characters is shown whole.
_LONG = 400
# Behind the end of a sentence or of a line.
_BREAK = re.compile(r"(?<=[.!?…。！？])[\"'”’)]*\s+|\n\s*|(?<=[。！？])")


def passages(text: str, entities: Sequence[Entity]) -> List[Tuple[int, int]]:
    """Where the passages of a text begin and end, by characters, in order.

    A short text is one passage. A long one is cut behind sentences and lines, but
    never within one of the entities; white space between passages is in neither.
    """
    if len(text) <= _LONG:
        return [(0, len(text))]
    inside: Set[int] = set()
    for entity in entities:
        inside.update(range(entity.start + 1, entity.end))
    out: List[Tuple[int, int]] = []
    start = 0
    for match in _BREAK.finditer(text):
        cut, after = _trim(text, match)
        if cut > start and inside.isdisjoint(range(cut, after + 1)):
            out.append((start, cut))
            start = after
    if start < len(text):
        out.append((start, len(text)))
    return out


def move(entity: Entity, offset: int) -> Entity:
    """The entity in a text that begins `offset` characters later."""
    return entity._replace(start=entity.start - offset, end=entity.end - offset)


def _trim(text: str, match: "re.Match[str]") -> Tuple[int, int]:
    """End of the passage before a break and start of the next: the quotation mark
    behind a full stop belongs to what it closes."""
    found = match.group()
    return match.start() + len(found.rstrip()), match.end()
