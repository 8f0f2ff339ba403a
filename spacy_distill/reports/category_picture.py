"""Categories of teacher and student for the same texts, as an SVG image."""

from typing import List, Sequence
from xml.sax.saxutils import escape

from ..evaluation.categories import CategoryPair, decide
from ..evaluation.entities import format_probability
from .category_page import category_colors
from .line_layout import Piece, TextStyle, lay_out
from .picture import LINE_HEIGHT, draw_lines
from .web_page import clean

_WIDTH = 860.0
_MARGIN = 24.0
_NAME_WIDTH = 84.0
_LEFT = _MARGIN + _NAME_WIDTH
_TEXT_WIDTH = _WIDTH - _LEFT - _MARGIN
_ROW_HEIGHT = 26.0
_BAR_HEIGHT = 18.0
# Of the bar of a probability of 1.
_BAR_WIDTH = 280.0
_MOST_LINES = 3
_STYLE = TextStyle()

# The image has its own background, so that it is readable on any page, and supports
# dark mode.
_CSS = """
text { font: 15px Helvetica, Arial, 'Liberation Sans', sans-serif; fill: #1f2328 }
.card { fill: #ffffff; stroke: #d1d9e0 }
.rule { stroke: #d1d9e0 }
.name { font-size: 11px; font-weight: bold; letter-spacing: .06em; fill: #59636e }
.label { font-size: 13px }
.room { fill: none; stroke: #d1d9e0 }
.odd { stroke: #cf222e; stroke-width: 1.5; stroke-dasharray: 4 2.5; fill: none }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .card { fill: #151b23; stroke: #3d444d }
  .rule, .room { stroke: #3d444d }
  .name { fill: #9198a1 }
}
"""


def draw_category_svg(pairs: Sequence[CategoryPair], *, direction: str = "ltr") -> str:
    """Draw texts with the categories that teacher and student decide for.

    The teacher's categories are above the student's; the length of a bar is the
    probability. Categories that only one of the two has get a dashed outline.

    Args:
        pairs: Texts with the categories of both.
        direction: Writing direction, `ltr` or `rtl`.

    Returns:
        A self-contained SVG document, 860 pixels wide.
    """
    colors = category_colors(pairs)
    parts: List[str] = []
    y = _MARGIN
    for i, pair in enumerate(pairs):
        if i:
            parts.append(
                f'<line class="rule" x1="{_MARGIN:g}" x2="{_WIDTH - _MARGIN:g}"'
                f' y1="{y + 4:g}" y2="{y + 4:g}"/>'
            )
            y += 14
        lines = _lay_out(" ".join(pair.text.split()))
        parts += draw_lines(lines, y, {}, set(), direction == "rtl")
        y += LINE_HEIGHT * len(lines)
        for name, found in (("TEACHER", pair.teacher), ("STUDENT", pair.student)):
            parts.append(
                f'<text class="name" x="{_MARGIN:g}" y="{y + 13:g}">{name}</text>'
            )
            chosen = decide(found, exclusive=pair.exclusive)
            for label in chosen:
                odd = label in pair.differing
                parts += _bar(label, found[label], y, colors[label], odd)
                y += _ROW_HEIGHT
            if not chosen:
                parts.append(_label("no category", _LEFT, y))
                y += _ROW_HEIGHT
    height = y + _MARGIN
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{_WIDTH:g}"'
        f' height="{height:g}" viewBox="0 0 {_WIDTH:g} {height:g}" role="img">'
        "<title>Categories that teacher and student choose for the same texts</title>"
        f"<style>{_CSS}</style>"
        f'<rect class="card" x="0.5" y="0.5" width="{_WIDTH - 1:g}"'
        f' height="{height - 1:g}" rx="8"/>' + "\n".join(["", *parts]) + "\n</svg>\n"
    )


def _lay_out(text: str) -> List[List[Piece]]:
    """Break a text into lines; of a long one, take the first ones."""
    lines = _break_lines(text)
    while len(lines) > _MOST_LINES:
        text = f"{text[: len(text) * _MOST_LINES // len(lines) - 1].rstrip()}…"
        lines = _break_lines(text)
    return lines


def _break_lines(text: str) -> List[List[Piece]]:
    return lay_out(text, [], width=_TEXT_WIDTH, style=_STYLE, probabilities={})


def _bar(label: str, probability: float, y: float, color: str, odd: bool) -> List[str]:
    place = f'x="{_LEFT:g}" y="{y:g}" height="{_BAR_HEIGHT:g}" rx="4"'
    parts = [
        f'<rect class="room" {place} width="{_BAR_WIDTH:g}"/>',
        f'<rect {place} width="{max(probability, 0.01) * _BAR_WIDTH:.1f}"'
        f' fill="{color}"/>',
    ]
    if odd:
        parts.append(f'<rect class="odd" {place} width="{_BAR_WIDTH:g}"/>')
    number = format_probability(probability)
    return [*parts, _label(f"{label} {number}", _LEFT + _BAR_WIDTH + 10, y)]


def _label(text: str, x: float, y: float) -> str:
    return f'<text class="label" x="{x:g}" y="{y + 14:g}">{_escape(text)}</text>'


def _escape(text: str) -> str:
    return escape(clean(text))
