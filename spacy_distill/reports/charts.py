"""SVG charts for HTML pages.

The page must include `CHARTS_CSS` and the color variables of `web_page`. Charts are
narrow enough for a phone; wider screens show several in a row.
"""

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple
from xml.sax.saxutils import escape

from .line_layout import text_width
from .web_page import clean

# Number of distinct colors. Further series repeat them.
N_SERIES = 6
CHARTS_CSS = """
:root { --s0: #57606a; --s1: #d4860b; --s2: #0b7fc2; --s3: #0a8f6a; --s4: #b5528f;
  --s5: #c2410c }
@media screen and (prefers-color-scheme: dark) { :root { --s0: #a3adb8; --s1: #e8a33d;
  --s2: #55b4ec; --s3: #35c59b; --s4: #e08dc0; --s5: #f0844f } }
.s0 { --hue: var(--s0) } .s1 { --hue: var(--s1) } .s2 { --hue: var(--s2) }
.s3 { --hue: var(--s3) } .s4 { --hue: var(--s4) } .s5 { --hue: var(--s5) }
/* Fonts differ in width: a name that is wider than computed is not cut. */
svg.chart { display: block; width: 100%; height: auto; overflow: visible }
.chart text { font: 12px system-ui, -apple-system, 'Segoe UI', Helvetica, Arial,
  sans-serif; fill: var(--ink); font-variant-numeric: tabular-nums }
.chart .small { font-size: 10.5px; fill: var(--soft) }
.chart .middle { text-anchor: middle }
.chart .end { text-anchor: end }
.chart .grid { stroke: var(--line) }
.chart .even { stroke: var(--soft); stroke-dasharray: 3 3 }
.chart .bar { fill: var(--hue) }
.chart .line { fill: none; stroke: var(--hue); stroke-width: 1.5 }
.chart .dot { fill: var(--hue); fill-opacity: .45; stroke: var(--hue) }
"""
_WIDTH = 400.0
# Maximum width of a group name.
_MAX_NAME_WIDTH = 110.0
_FONT_SIZE = 12.0
_BAR_SIZE = 13.0
_BAR_STEP = 16.0
_GROUP_GAP = 12.0
# Layout of `unit_chart`: side of the square, and margins for the axes.
_SIDE = 170.0
_LEFT = 40.0
_TOP = 8.0


@dataclass(frozen=True)
class Bar:
    """A bar of a bar chart.

    Attributes:
        series: Index of the series, which determines the color.
        value: Length of the bar; None omits it.
        text: Text after the bar.
    """

    series: int
    value: Optional[float]
    text: str


@dataclass(frozen=True)
class Dot:
    """A point in the unit square.

    Attributes:
        x: Horizontal position, from 0 to 1.
        y: Vertical position, from 0 to 1.
        weight: Area of the dot, relative to the other dots.
        note: Tooltip.
    """

    x: float
    y: float
    weight: float
    note: str


def series_class(number: int) -> str:
    """Return the CSS class for the color of a series.

    Args:
        number: Index of the series.

    Returns:
        Name of the class.
    """
    return f"s{number % N_SERIES}"


def bar_chart(
    title: str,
    groups: Sequence[Tuple[str, Sequence[Bar]]],
    *,
    most: float,
    width: float = _WIDTH,
) -> str:
    """Draw a horizontal bar chart with grouped bars.

    Args:
        title: Accessible title.
        groups: Name and bars of each group. If no group has a name, there is no name
            column.
        most: Value of a bar that fills the width.
        width: Width of the chart in pixels.

    Returns:
        An `svg` element.
    """
    widest = min(
        max((_width(name) for name, _ in groups), default=0.0), _MAX_NAME_WIDTH
    )
    left = widest + 8 if widest else 0.0
    texts = [bar.text for _, bars in groups for bar in bars]
    room = width - left - max(map(_width, texts), default=0.0) - 8
    scale = room / (most or 1.0)
    parts: List[str] = []
    y = 0.0
    for name, bars in groups:
        middle = y + (len(bars) * _BAR_STEP + _BAR_SIZE - _BAR_STEP) / 2 + 4
        if name:
            parts.append(_text(_truncate(name, _MAX_NAME_WIDTH), widest, middle, "end"))
        for bar in bars:
            length = (bar.value or 0.0) * scale
            if bar.value is not None:
                parts.append(
                    f'<rect class="bar {series_class(bar.series)}" x="{left:.1f}"'
                    f' y="{y:.1f}" width="{max(length, 1.0):.1f}" height="{_BAR_SIZE}"'
                    ' rx="2"/>'
                )
            parts.append(_text(bar.text, left + length + 5, y + 10.5, "small"))
            y += _BAR_STEP
        y += _GROUP_GAP
    return _svg(title, width, max(y - _GROUP_GAP, 1.0), parts)


def histogram(title: str, bars: Sequence[Tuple[str, float, str]], *, axis: str) -> str:
    """Draw a vertical bar chart.

    Args:
        title: Accessible title.
        bars: Name, height (0 or more) and text above each bar.
        axis: Label of the horizontal axis.

    Returns:
        An `svg` element.
    """
    high = 130.0
    step = _WIDTH / max(len(bars), 1)
    scale = high / (max((value for _, value, _ in bars), default=0.0) or 1.0)
    parts: List[str] = []
    for i, (name, value, text) in enumerate(bars):
        height = max(value * scale, 1.0)
        top = 16 + high - height
        middle = (i + 0.5) * step
        parts += [
            f'<rect class="bar s0" x="{i * step + 3:.1f}" y="{top:.1f}"'
            f' width="{step - 6:.1f}" height="{height:.1f}" rx="2"/>',
            _text(text, middle, top - 4, "small middle"),
            _text(name, middle, high + 31, "small middle"),
        ]
    base = high + 16.5
    parts.append(f'<line class="grid" x1="0" x2="{_WIDTH}" y1="{base}" y2="{base}"/>')
    parts.append(_text(axis, _WIDTH / 2, high + 50, "small middle"))
    return _svg(title, _WIDTH, high + 56, parts)


def unit_chart(
    title: str, dots: Sequence[Dot], *, series: int, x_axis: str, y_axis: str
) -> str:
    """Draw connected dots in the unit square, with the diagonal.

    Args:
        title: Accessible title.
        dots: Dots in the order in which they are connected.
        series: Index of the series, which determines the color.
        x_axis: Label of the horizontal axis.
        y_axis: Label of the vertical axis.

    Returns:
        An `svg` element.
    """
    bottom, right = _TOP + _SIDE, _LEFT + _SIDE
    parts: List[str] = []
    for share in (0.0, 0.5, 1.0):
        x, y = _to_pixels(share, share)
        parts += [
            f'<line class="grid" x1="{_LEFT}" x2="{right}" y1="{y}" y2="{y}"/>',
            f'<line class="grid" x1="{x}" x2="{x}" y1="{_TOP}" y2="{bottom}"/>',
            _text(f"{share:g}", _LEFT - 5, y + 4, "small end"),
            _text(f"{share:g}", x, bottom + 14, "small middle"),
        ]
    parts += [
        f'<line class="even" x1="{_LEFT}" x2="{right}" y1="{bottom}" y2="{_TOP}"/>',
        _text(x_axis, _LEFT + _SIDE / 2, bottom + 30, "small middle"),
        f'<text class="small middle" transform="translate(11 {_TOP + _SIDE / 2:g})'
        f' rotate(-90)">{_escape(y_axis)}</text>',
    ]
    places = [_to_pixels(dot.x, dot.y) for dot in dots]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts.append(f'<polyline class="line" points="{points}"/>')
    most = max((dot.weight for dot in dots), default=0.0) or 1.0
    for dot, (x, y) in zip(dots, places):
        radius = 2.0 + 6.0 * (dot.weight / most) ** 0.5
        parts.append(
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>'
            f"{_escape(dot.note)}</title></circle>"
        )
    # The margin leaves room for a dot in the corner.
    drawn = f'<g class="{series_class(series)}">{"".join(parts)}</g>'
    return _svg(title, right + 10, bottom + 36, [drawn])


def _to_pixels(x: float, y: float) -> Tuple[float, float]:
    """Convert a position in the unit square to pixels."""
    return _LEFT + x * _SIDE, _TOP + (1.0 - y) * _SIDE


def _svg(title: str, width: float, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {width:g} {height:g}" role="img">'
        f"<title>{_escape(title)}</title>{''.join(parts)}</svg>"
    )


def _text(text: str, x: float, y: float, look: str) -> str:
    return f'<text class="{look}" x="{x:.1f}" y="{y:.1f}">{_escape(text)}</text>'


def _truncate(text: str, width: float) -> str:
    if _width(text) <= width:
        return text
    while text and _width(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def _width(text: str) -> float:
    return text_width(text, _FONT_SIZE)


def _escape(text: str) -> str:
    return escape(clean(text))
