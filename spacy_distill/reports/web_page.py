"""Parts that HTML pages and pictures share: clean text, colors, page frame."""

import re
from html import escape
from typing import Dict, Iterable

_LAST = (0xFFFE, 0xFFFF)
# The last two code points of each plane are no characters.
_NONE = "".join(chr(plane * 0x10000 + end) for plane in range(17) for end in _LAST)
# Nor are control characters and halves of surrogate pairs, as far as markup goes.
_FORBIDDEN = re.compile(
    f"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufdd0-\ufdef{_NONE}]"
)


def clean(text: str) -> str:
    """The text with a replacement character for each of those. It is as long as
    before, so that offsets hold. Escaping is still to be done."""
    return _FORBIDDEN.sub("\ufffd", text)


_FIXED = {
    "PER": "#b8c9ff",
    "PERSON": "#b8c9ff",
    "ORG": "#8fe3dc",
    "LOC": "#ffb98a",
    "GPE": "#ffb98a",
    "MISC": "#f3d36b",
}
_OTHERS = ("#e3b9f5", "#a9dd9a", "#f7a8bb", "#9fd3f5", "#d9cbb0", "#c9d16f", "#cfcfd8")


def label_colors(labels: Iterable[str]) -> Dict[str, str]:
    """A color for each label; beyond eleven kinds they come round again."""
    colors: Dict[str, str] = {}
    others = 0
    for label in sorted(set(labels)):
        colors[label] = _FIXED.get(label.upper(), _OTHERS[others % len(_OTHERS)])
        others += label.upper() not in _FIXED
    return colors


# Colors by what they are for; the pages use these names alone.
_CSS = """
:root { color-scheme: light dark; --page: #f6f8fa; --card: #fff; --ink: #1f2328;
  --soft: #59636e; --line: #d1d9e0; --odd: #cf222e; --same: #1a7f37 }
@media (prefers-color-scheme: dark) { :root { --page: #0d1117; --card: #151b23;
  --ink: #e6edf3; --soft: #9198a1; --line: #3d444d; --odd: #ff6a69; --same: #4ac26b } }
* { box-sizing: border-box }
body { margin: 0 auto; padding: 2rem 1.25rem 4rem; max-width: 66rem;
  background: var(--page); color: var(--ink);
  font: 1rem/1.5 system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif }
h1 { font-size: 1.4rem; margin: 0 0 .25rem }
"""


def web_page(title: str, body: str, *, css: str, lang: str = "en") -> str:
    """A whole HTML document that needs no other file.

    title: plain text. body, css: as they are to stand there.
    lang: of most of the text.
    """
    return (
        f'<!DOCTYPE html>\n<html lang="{as_html(lang)}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{as_html(title)}</title>\n<style>{_CSS}{css}</style>\n</head>\n"
        f"<body>\n{body}\n</body>\n</html>\n"
    )


def as_html(text: str) -> str:
    """Plain text, to stand between tags or in an attribute."""
    return escape(clean(text))
