"""Entities of teacher and student on the same texts, as an SVG image."""

from typing import Dict, List, Sequence, Set
from xml.sax.saxutils import escape

from ..evaluation.entities import Entity, SideBySide, format_probability
from .line_layout import LABEL_GAP, Piece, TextStyle, lay_out
from .web_page import clean, label_colors

_WIDTH = 860.0
_MARGIN = 24.0
_NAME_WIDTH = 84.0
LINE_HEIGHT = 33.0
_RULE_GAP = 10.0
_ROW_GAP = 4.0
_BOX_HEIGHT = 24.0
# Left edge and width of the column of texts.
_TEXT_LEFT = _MARGIN + _NAME_WIDTH
_TEXT_WIDTH = _WIDTH - _TEXT_LEFT - _MARGIN
_STYLE = TextStyle()

# The image has its own background, so that it is readable on any page, and supports
# dark mode.
_CSS = """
text { font: 15px Helvetica, Arial, 'Liberation Sans', sans-serif; fill: #1f2328 }
.card { fill: #ffffff; stroke: #d1d9e0 }
.rule { stroke: #d1d9e0 }
.name { font-size: 11px; font-weight: bold; letter-spacing: .06em; fill: #59636e }
.note { font-size: 11px; fill: #59636e }
.box text { fill: #1b1f24 }
.box .label { font-size: 10px; font-weight: bold }
.box .probability { font-size: 10px; fill: #3d444d }
.odd { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 4 2.5 }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .card { fill: #151b23; stroke: #3d444d }
  .rule { stroke: #3d444d }
  .name, .note { fill: #9198a1 }
}
"""


def draw_svg(texts: Sequence[SideBySide], *, direction: str = "ltr") -> str:
    """Draw texts with the entities of teacher and student.

    The teacher's entities are above the student's, which have probabilities. Entities
    that only one of the two has get a dashed outline.

    Args:
        texts: Texts with the entities of both.
        direction: Writing direction, `ltr` or `rtl`.

    Returns:
        A self-contained SVG document, 860 pixels wide.
    """
    labels = {e.label for t in texts for e in (*t.teacher, *t.student)}
    colors = label_colors(labels)
    parts: List[str] = []
    y = _MARGIN
    for i, text in enumerate(texts):
        if i:
            y += _RULE_GAP
            parts.append(
                f'<line class="rule" x1="{_MARGIN:g}" x2="{_WIDTH - _MARGIN:g}"'
                f' y1="{y:g}" y2="{y:g}"/>'
            )
            y += _RULE_GAP
        shown = {e: format_probability(p) for e, p in text.probabilities.items()}
        for name, entities, probabilities in (
            ("TEACHER", text.teacher, {}),
            ("STUDENT", text.student, shown),
        ):
            lines = lay_out(
                text.text,
                entities,
                width=_TEXT_WIDTH,
                style=_STYLE,
                probabilities=probabilities,
            )
            parts.append(_text(name, _MARGIN, y + 19, "name"))
            parts += draw_lines(lines, y, colors, text.differing, direction == "rtl")
            y += LINE_HEIGHT * max(len(lines), 1) + _ROW_GAP
    if any(text.differing for text in texts):
        y += _RULE_GAP
        parts.append(_legend(y, scored=any(text.probabilities for text in texts)))
        y += LINE_HEIGHT / 2
    height = y + _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH:g}"'
        f' height="{height:g}" viewBox="0 0 {_WIDTH:g} {height:g}" role="img">'
        "<title>Named entities that teacher and student find in the same texts</title>"
        f"<style>{_CSS}</style>"
        f'<rect class="card" x="0.5" y="0.5" width="{_WIDTH - 1:g}"'
        f' height="{height - 1:g}" rx="8"/>' + "\n".join(["", *parts]) + "\n</svg>\n"
    )


def draw_lines(
    lines: Sequence[Sequence[Piece]],
    y: float,
    colors: Dict[str, str],
    differing: Set[Entity],
    rtl: bool,
) -> List[str]:
    """Draw lines of text with entities, `LINE_HEIGHT` apart.

    Args:
        lines: The lines.
        y: Top of the first one.
        colors: Color by label.
        differing: Entities that get a dashed outline.
        rtl: Whether the text is written from right to left.

    Returns:
        SVG elements.
    """
    parts: List[str] = []
    for i, line in enumerate(lines):
        top = y + i * LINE_HEIGHT
        for piece in line:
            x = _TEXT_LEFT + _left_edge(piece.x, piece.width, _TEXT_WIDTH, rtl)
            if piece.entity is None:
                parts.append(_text(piece.text, x, top + 19, width=piece.width, rtl=rtl))
            else:
                color = colors[piece.entity.label]
                odd = piece.entity in differing
                parts.append(_box(piece, x, top, color, odd, rtl))
    return parts


def _box(piece: Piece, x: float, top: float, color: str, odd: bool, rtl: bool) -> str:
    x += _STYLE.margin
    width = piece.width - 2 * _STYLE.margin
    parts = [_rect(x, top + 2, width, _BOX_HEIGHT, f'fill="{color}"')]
    if odd:
        # The outline is inside the box, where it is visible on any background.
        edge = 'class="odd" fill="none"'
        parts.append(_rect(x + 1, top + 3, width - 2, _BOX_HEIGHT - 2, edge))
    label = _STYLE.label_width(piece.label)
    probability = _STYLE.label_width(piece.probability)
    words = width - 2 * _STYLE.padding - label - probability
    at = _STYLE.padding
    left = x + _left_edge(at, words, width, rtl)
    parts.append(_text(piece.text, left, top + 19, width=words, rtl=rtl))
    at += words + LABEL_GAP
    for text, style, room in (
        (piece.label, "label", label),
        (piece.probability, "probability", probability),
    ):
        if text:
            left = x + _left_edge(at, room - LABEL_GAP, width, rtl)
            parts.append(_text(text, left, top + 18, style, room - LABEL_GAP))
            at += room
    return f'<g class="box">{"".join(parts)}</g>'


def _left_edge(at: float, width: float, room: float, rtl: bool) -> float:
    """Return the left edge of an element that is `at` pixels from the line start."""
    return room - at - width if rtl else at


def _legend(y: float, *, scored: bool) -> str:
    note = "only one of the two has it"
    note += "; numbers are the student's probabilities" if scored else ""
    swatch = _rect(_TEXT_LEFT, y - 1, 22, 12, 'class="odd" fill="#e4e7eb"')
    return swatch + _text(note, _TEXT_LEFT + 30, y + 9, "note")


def _rect(x: float, y: float, width: float, height: float, look: str) -> str:
    return (
        f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}"'
        f' rx="4.5" {look}/>'
    )


def _text(
    text: str,
    x: float,
    y: float,
    style: str = "",
    width: float = 0.0,
    rtl: bool = False,
) -> str:
    """Draw a text, stretched to `width` if given, whatever the font."""
    look = f' class="{style}"' if style else ""
    if width:
        look += f' textLength="{width:.1f}" lengthAdjust="spacingAndGlyphs"'
    if rtl:
        # x is the left edge, which is the end of right-to-left text.
        look += ' direction="rtl" text-anchor="end"'
    return f'<text x="{x:.1f}" y="{y:.1f}"{look}>{_escape(text)}</text>'


def _escape(text: str) -> str:
    return escape(clean(text))
