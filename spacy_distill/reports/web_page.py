"""Shared parts of HTML pages and SVG images: text cleaning, colors, page frame."""

import re
from html import escape
from typing import Dict, Iterable

_PLANE_ENDS = (0xFFFE, 0xFFFF)
# The last two code points of each plane are noncharacters.
_NONCHARACTERS = "".join(
    chr(plane * 0x10000 + end) for plane in range(17) for end in _PLANE_ENDS
)
# Markup does not allow control characters, surrogates and noncharacters.
_FORBIDDEN = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NONCHARACTERS}]"
)


def clean(text: str) -> str:
    """Replace characters that are not allowed in markup by U+FFFD.

    The length is unchanged, so offsets stay valid. The result is not escaped.

    Args:
        text: Plain text.

    Returns:
        Plain text of the same length.
    """
    return _FORBIDDEN.sub("\ufffd", text)


_FIXED_COLORS = {
    "PER": "#b8c9ff",
    "PERSON": "#b8c9ff",
    "ORG": "#8fe3dc",
    "LOC": "#ffb98a",
    "GPE": "#ffb98a",
    "MISC": "#f3d36b",
}
# Entry point `spacy_displacy_colors`: labels to which displaCy gives no color.
DISPLACY_COLORS = {label: _FIXED_COLORS[label] for label in ("PER", "MISC")}
_OTHER_COLORS = (
    "#e3b9f5",
    "#a9dd9a",
    "#f7a8bb",
    "#9fd3f5",
    "#d9cbb0",
    "#c9d16f",
    "#cfcfd8",
)


def label_colors(labels: Iterable[str]) -> Dict[str, str]:
    """Assign a color to each label.

    Args:
        labels: Entity labels; duplicates are allowed.

    Returns:
        Hex color by label. Common labels have a fixed color. The others share seven
        colors, which repeat.
    """
    colors: Dict[str, str] = {}
    others = 0
    for label in sorted(set(labels)):
        colors[label] = _FIXED_COLORS.get(
            label.upper(), _OTHER_COLORS[others % len(_OTHER_COLORS)]
        )
        others += label.upper() not in _FIXED_COLORS
    return colors


# Pages refer to colors only by these variables, so that dark mode works everywhere.
_CSS = """
:root { color-scheme: light dark; --page: #f6f8fa; --card: #fff; --ink: #1f2328;
  --soft: #59636e; --line: #d1d9e0; --odd: #cf222e; --same: #1a7f37 }
@media screen and (prefers-color-scheme: dark) { :root { --page: #0d1117;
  --card: #151b23; --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --odd: #ff6a69;
  --same: #4ac26b } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 66rem;
  background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif }
h1 { font-size: 1.4rem; margin: 0 0 .25rem }
@media (max-width: 40rem) { body { padding: 1rem .75rem 3rem } }
@media print { :root { color-scheme: light; --page: #fff }
  body { padding: 0; max-width: none; font-size: 10pt }
  h1, h2 { break-after: avoid } }
"""


def web_page(title: str, body: str, *, css: str, lang: str = "en") -> str:
    """Return a self-contained HTML document.

    Args:
        title: Title as plain text.
        body: HTML of the body.
        css: Style sheet, added after the default one.
        lang: Language code of the text.

    Returns:
        The HTML document.
    """
    return (
        f'<!DOCTYPE html>\n<html lang="{as_html(lang)}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{as_html(title)}</title>\n<style>{_CSS}{css}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def as_html(text: str) -> str:
    """Escape plain text for HTML elements and attributes.

    Args:
        text: Plain text.

    Returns:
        Escaped text without forbidden characters.
    """
    return escape(clean(text))
