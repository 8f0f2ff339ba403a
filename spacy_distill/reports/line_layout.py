"""Break text with marked entities into lines, without a font to measure with."""

import unicodedata
from dataclasses import dataclass, replace
from typing import Dict, Iterator, List, Optional, Sequence

from ..evaluation.entities import Entity

# Widths of Helvetica and the fonts made to its measure, in thousandths of the size.
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
_OTHER = 600


def text_width(text: str, size: float) -> float:
    """The width of a line of sans-serif text, in the unit of the font's size. Exact
    for ASCII in Helvetica, Arial and Liberation Sans, an estimate for the rest."""
    return sum(map(_thousandths, unicodedata.normalize("NFD", text))) * size / 1000


def has_wide(text: str) -> bool:
    """Whether there are square characters in it, as in Chinese, between which a line
    may break."""
    return any(_is_wide(c) and unicodedata.category(c) == "Lo" for c in text)


def _is_wide(char: str) -> bool:
    return unicodedata.east_asian_width(char) in "WF"


def _thousandths(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me", "Cf"):
        return 0
    if _is_wide(char):
        return 1000
    return _WIDTH.get(char, _OTHER)


# Before a label or a probability, in pixels.
LABEL_GAP = 5.0


@dataclass(frozen=True)
class TextStyle:
    """Sizes in pixels.

    size: of the font. label_size: of that of labels and probabilities.
    padding, margin: on either side of the text in an entity's box, and of the box.
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
        """Width of a label or probability with the space before it."""
        # Bold capitals are wider than the table says.
        return text_width(text, self.label_size) * 1.08 + LABEL_GAP if text else 0.0


@dataclass(frozen=True)
class Piece:
    """A word, or a box with (part of) an entity, that is never broken.

    x: from the line's start. glued: no space, and no break, before it.
    entity: None for plain words. label, probability: in the entity's last box alone.
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
    """The lines of a text. Breaks are at spaces, where that is possible; Chinese and
    its like break anywhere. A word or an entity wider than a line is cut. White space
    counts as one space.

    width: of a line, in pixels. probabilities: what to print in the boxes.
    """
    pieces = list(_pieces(text, entities, width, style, probabilities))
    lines: List[List[Piece]] = []
    used = 0.0
    for cluster in _clusters(pieces):
        needed = sum(piece.width for piece in cluster)
        # What fits no line whole need not begin a new one.
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
        yield from _words(text, at, entity.start, width, style)
        glued = entity.start > 0 and not text[entity.start - 1].isspace()
        shown = probabilities.get(entity, "")
        yield from _boxes(text, entity, width, style, glued, shown)
        at = entity.end
    yield from _words(text, at, len(text), width, style)


def _words(
    text: str, start: int, end: int, width: float, style: TextStyle
) -> Iterator[Piece]:
    glued = start > 0 and not text[start - 1].isspace()
    for i, word in enumerate(text[start:end].split()):
        joined = i == 0 and glued and not text[start].isspace()
        parts = word if has_wide(word) else _cut(word, width, style.size)
        for k, part in enumerate(parts):
            part_width = text_width(part, style.size)
            yield Piece(text=part, width=part_width, glued=joined or k > 0)


def _boxes(
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
        for part in _cut(word, room, style.size):
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


def _cut(word: str, width: float, size: float) -> Iterator[str]:
    """The word, in parts that are no wider than a line."""
    part = ""
    for char in word:
        if part and text_width(part + char, size) > width:
            yield part
            part = ""
        part += char
    yield part
