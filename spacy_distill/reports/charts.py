"""Charts as SVG for an HTML page, which has `CHARTS_CSS` and the colors of
`web_page`. They are narrow, to be read on a phone, and set side by side elsewhere."""

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple
from xml.sax.saxutils import escape

from .line_layout import text_width
from .web_page import clean

# Kinds of rows that colors are told apart for; then they come round again.
N_SERIES = 6
CHARTS_CSS = """
:root { --s0: #57606a; --s1: #d4860b; --s2: #0b7fc2; --s3: #0a8f6a; --s4: #b5528f;
  --s5: #c2410c }
@media (prefers-color-scheme: dark) { :root { --s0: #a3adb8; --s1: #e8a33d;
  --s2: #55b4ec; --s3: #35c59b; --s4: #e08dc0; --s5: #f0844f } }
.s0 { --hue: var(--s0) } .s1 { --hue: var(--s1) } .s2 { --hue: var(--s2) }
.s3 { --hue: var(--s3) } .s4 { --hue: var(--s4) } .s5 { --hue: var(--s5) }
svg.chart { display: block; width: 100%; height: auto }
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
# The widest name of a group.
_NAMES = 110.0
_SIZE = 12.0
_BAR = 13.0
_NEXT = 16.0
_GAP = 12.0
# A square with its axes, for probabilities.
_SIDE = 170.0
_LEFT = 40.0
_TOP = 8.0


@dataclass(frozen=True)
class Bar:
    """series: whose it is, by number. value: None draws none. text: stands beside."""

    series: int
    value: Optional[float]
    text: str


@dataclass(frozen=True)
class Dot:
    """A point in the unit square. weight: its area, as against other dots'.
    note: shown to those who point at it."""

    x: float
    y: float
    weight: float
    note: str


def series_class(number: int) -> str:
    """The class that gives a series its color."""
    return f"s{number % N_SERIES}"


def bar_chart(
    title: str,
    groups: Sequence[Tuple[str, Sequence[Bar]]],
    *,
    most: float,
    width: float = _WIDTH,
) -> str:
    """Bars from left to right, in groups one below the other.

    title: for those who cannot see it. groups: names and bars; a group without a name
        has no room for one. most: the value that fills the width, which is in pixels.
    """
    widest = min(max((_width(name) for name, _ in groups), default=0.0), _NAMES)
    left = widest + 8 if widest else 0.0
    texts = [bar.text for _, bars in groups for bar in bars]
    room = width - left - max(map(_width, texts), default=0.0) - 8
    scale = room / (most or 1.0)
    parts: List[str] = []
    y = 0.0
    for name, bars in groups:
        middle = y + (len(bars) * _NEXT + _BAR - _NEXT) / 2 + 4
        if name:
            parts.append(_text(_cut(name, _NAMES), widest, middle, "end"))
        for bar in bars:
            length = (bar.value or 0.0) * scale
            if bar.value is not None:
                parts.append(
                    f'<rect class="bar {series_class(bar.series)}" x="{left:.1f}"'
                    f' y="{y:.1f}" width="{max(length, 1.0):.1f}" height="{_BAR}"'
                    ' rx="2"/>'
                )
            parts.append(_text(bar.text, left + length + 5, y + 10.5, "small"))
            y += _NEXT
        y += _GAP
    return _svg(title, width, max(y - _GAP, 1.0), parts)


def histogram(title: str, bars: Sequence[Tuple[str, float, str]], *, axis: str) -> str:
    """Upright bars side by side.

    bars: what each stands for, its height (0 or more), and the text above it.
    axis: what the bars' names are.
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
    """Dots in the unit square, joined in their order, with the diagonal."""
    bottom, right = _TOP + _SIDE, _LEFT + _SIDE
    parts: List[str] = []
    for share in (0.0, 0.5, 1.0):
        x, y = _place(share, share)
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
    places = [_place(dot.x, dot.y) for dot in dots]
    points = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    parts.append(f'<polyline class="line" points="{points}"/>')
    most = max((dot.weight for dot in dots), default=0.0) or 1.0
    for dot, (x, y) in zip(dots, places):
        radius = 2.0 + 6.0 * (dot.weight / most) ** 0.5
        parts.append(
            f'<circle class="dot" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}"><title>'
            f"{_escape(dot.note)}</title></circle>"
        )
    # Room for a dot in the corner.
    drawn = f'<g class="{series_class(series)}">{"".join(parts)}</g>'
    return _svg(title, right + 10, bottom + 36, [drawn])


def _place(x: float, y: float) -> Tuple[float, float]:
    return _LEFT + x * _SIDE, _TOP + (1.0 - y) * _SIDE


def _svg(title: str, width: float, height: float, parts: Sequence[str]) -> str:
    return (
        f'<svg class="chart" viewBox="0 0 {width:g} {height:g}" role="img">'
        f"<title>{_escape(title)}</title>{''.join(parts)}</svg>"
    )


def _text(text: str, x: float, y: float, look: str) -> str:
    return f'<text class="{look}" x="{x:.1f}" y="{y:.1f}">{_escape(text)}</text>'


def _cut(text: str, width: float) -> str:
    if _width(text) <= width:
        return text
    while text and _width(f"{text}…") > width:
        text = text[:-1]
    return f"{text}…"


def _width(text: str) -> float:
    return text_width(text, _SIZE)


def _escape(text: str) -> str:
    return escape(clean(text))
