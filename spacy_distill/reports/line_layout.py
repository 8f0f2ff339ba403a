"""Line breaking for text with entities, with font metrics instead of a font."""

import unicodedata
from dataclasses import dataclass, replace
from typing import Dict, Iterator, List, Optional, Sequence

from ..evaluation.entities import Entity

# Widths in Helvetica and metric-compatible fonts, in thousandths of the font size.
_WIDTHS = {
    191: "'’‘",
    222: "ijl",
    260: "|",
    278: " !,./:;I[\\]ft",
    333: "()-`r“”„",
    334: "{}",
    355: '"',
    389: "*",
    469: "^",
    500: "Jcksvxyz",
    556: "#$0123456789?L_abdeghnopqu–",
    584: "+<=>~",
    611: "FTZ",
    667: "&ABEKPSVXY",
    722: "CDHNRUw",
    778: "GOQ",
    833: "Mm",
    889: "%",
    944: "W",
    1000: "—…",
    1015: "@",
}
_WIDTH = {char: width for width, chars in _WIDTHS.items() for char in chars}
_DEFAULT_WIDTH = 600


def text_width(text: str, size: float) -> float:
    """Return the width of a line of sans-serif text.

    Exact for ASCII in Helvetica, Arial and Liberation Sans, an estimate for other
    characters and fonts.

    Args:
        text: Text of the line.
        size: Font size.

    Returns:
        Width in the unit of `size`.
    """
    return sum(map(_char_width, unicodedata.normalize("NFD", text))) * size / 1000


def has_wide(text: str) -> bool:
    """Whether a text has full-width letters, such as Chinese ones.

    Lines may break between them.

    Args:
        text: Any text.

    Returns:
        True if there are any.
    """
    return any(_is_wide(c) and unicodedata.category(c) == "Lo" for c in text)


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _char_width(char: str) -> int:
    """Return the width of a character in thousandths of the font size."""
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    if _is_wide(char):
        return 1000
    return _WIDTH.get(char, _DEFAULT_WIDTH)


# Space before a label or probability, in pixels.
LABEL_GAP = 5.0


@dataclass(frozen=True)
class TextStyle:
    """Sizes in pixels.

    Attributes:
        size: Font size of the text.
        label_size: Font size of labels and probabilities.
        padding: Space between the text and the edges of an entity's box, on each side.
        margin: Space outside of the box, on each side.
    """

    size: float = 15.0
    label_size: float = 10.0
    padding: float = 6.0
    margin: float = 2.0

    @property
    def gap(self) -> float:
        """Width of a space."""
        return text_width(" ", self.size)

    def label_width(self, text: str) -> float:
        """Return the width of a label or probability, with the space before it.

        Args:
            text: The label or probability; may be empty.

        Returns:
            Width in pixels, 0 for an empty text.
        """
        # The widths are of regular text; bold capitals are wider.
        return text_width(text, self.label_size) * 1.08 + LABEL_GAP if text else 0.0


@dataclass(frozen=True)
class Piece:
    """An unbreakable unit of a line: a word, or a box with (part of) an entity.

    Attributes:
        text: Text of the unit.
        width: Width in pixels.
        x: Offset from the start of the line, in pixels.
        glued: Whether there is no space, and thus no break, before it.
        entity: Entity in the box; None for words.
        label: Label to print; only in the last box of an entity.
        probability: Probability to print; only in the last box of an entity.
    """

    text: str
    width: float
    x: float = 0.0
    glued: bool = False
    entity: Optional[Entity] = None
    label: str = ""
    probability: str = ""


def lay_out(
    text: str,
    entities: Sequence[Entity],
    *,
    width: float,
    style: TextStyle,
    probabilities: Dict[Entity, str],
) -> List[List[Piece]]:
    """Break a text into lines.

    Lines break at spaces where possible, and between full-width letters. A word or
    entity that is wider than a line is split. White space is collapsed to single
    spaces.

    Args:
        text: The text.
        entities: Entities in order, without overlap.
        width: Width of a line in pixels.
        style: Sizes.
        probabilities: Text to print after the label, by entity.

    Returns:
        The units of each line, with their offsets.
    """
    pieces = list(_pieces(text, entities, width, style, probabilities))
    lines: List[List[Piece]] = []
    used = 0.0
    for cluster in _clusters(pieces):
        needed = sum(piece.width for piece in cluster)
        # A cluster wider than a line is split anyway, so it does not start a new one.
        if lines and (needed > width or used + style.gap + needed <= width):
            used += style.gap
        else:
            lines.append([])
            used = 0.0
        for piece in cluster:
            if used and used + piece.width > width:
                lines.append([])
                used = 0.0
            lines[-1].append(replace(piece, x=used))
            used += piece.width
    return lines


def _clusters(pieces: Sequence[Piece]) -> Iterator[List[Piece]]:
    """Group units that have no space between them."""
    cluster: List[Piece] = []
    for piece in pieces:
        if cluster and not piece.glued:
            yield cluster
            cluster = []
        cluster.append(piece)
    if cluster:
        yield cluster


def _pieces(
    text: str,
    entities: Sequence[Entity],
    width: float,
    style: TextStyle,
    probabilities: Dict[Entity, str],
) -> Iterator[Piece]:
    at = 0
    for entity in entities:
        yield from _plain_words(text, at, entity.start, width, style)
        glued = entity.start > 0 and not text[entity.start - 1].isspace()
        shown = probabilities.get(entity, "")
        yield from _entity_boxes(text, entity, width, style, glued, shown)
        at = entity.end
    yield from _plain_words(text, at, len(text), width, style)


def _plain_words(
    text: str, start: int, end: int, width: float, style: TextStyle
) -> Iterator[Piece]:
    glued = start > 0 and not text[start - 1].isspace()
    for i, word in enumerate(text[start:end].split()):
        joined = i == 0 and glued and not text[start].isspace()
        parts = word if has_wide(word) else _split_to_fit(word, width, style.size)
        for k, part in enumerate(parts):
            part_width = text_width(part, style.size)
            yield Piece(text=part, width=part_width, glued=joined or k > 0)


def _entity_boxes(
    text: str,
    entity: Entity,
    width: float,
    style: TextStyle,
    glued: bool,
    probability: str,
) -> Iterator[Piece]:
    tail = style.label_width(entity.label) + style.label_width(probability)
    beside = 2 * (style.padding + style.margin)
    room = max(width - tail - beside, width / 3)
    parts: List[str] = []
    for word in text[entity.start : entity.end].split():
        for part in _split_to_fit(word, room, style.size):
            joined = f"{parts[-1]} {part}" if parts else part
            if parts and text_width(joined, style.size) <= room:
                parts[-1] = joined
            else:
                parts.append(part)
    for k, part in enumerate(parts):
        last = k == len(parts) - 1
        yield Piece(
            text=part,
            width=text_width(part, style.size) + beside + (tail if last else 0.0),
            glued=glued and k == 0,
            entity=entity,
            label=entity.label if last else "",
            probability=probability if last else "",
        )


def _split_to_fit(word: str, width: float, size: float) -> Iterator[str]:
    """Split a word into parts that are no wider than `width`."""
    part = ""
    for char in word:
        if part and text_width(part + char, size) > width:
            yield part
            part = ""
        part += char
    yield part
