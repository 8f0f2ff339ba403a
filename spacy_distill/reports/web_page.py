"""What all HTML pages share: one file each, light or dark, wide or narrow."""

from html import escape

from .characters import clean

# Colours by what they are for; the pages use these names alone.
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
