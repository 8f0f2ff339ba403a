"""HTML elements of the report page: tiles, figures with captions, tables."""

from typing import Sequence, Tuple

from .charts import series_class
from .web_page import as_html

ELEMENTS_CSS = """
.tiles { display: grid; gap: .75rem; margin: 1.25rem 0; padding: 0;
  grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); max-width: none }
.tiles li { list-style: none; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: .6rem .9rem; color: var(--soft); font-size: .85rem }
.tiles b { display: block; color: var(--ink); font-size: 1.5rem; line-height: 1.3;
  font-variant-numeric: tabular-nums }
.scroll { overflow-x: auto; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; margin: .75rem 0 }
table { border-collapse: collapse; width: 100%; font-size: .9rem;
  font-variant-numeric: tabular-nums }
th, td { padding: .4rem .7rem; text-align: right; white-space: nowrap;
  border-top: 1px solid var(--line) }
thead th { border-top: 0; color: var(--soft); font-weight: 600; white-space: normal;
  vertical-align: bottom }
tbody th { text-align: left; white-space: normal; min-width: 9rem }
thead th:first-child { text-align: left }
.swatch { display: inline-block; width: .75em; height: .75em; border-radius: 2px;
  background: var(--hue); margin-right: .4em }
figure { margin: 0; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: .75rem 1rem }
figcaption { font-size: .9rem; margin-bottom: .6rem; overflow-wrap: anywhere }
.series { color: var(--soft); font-size: .85rem; margin-right: .9em;
  display: inline-block }
"""


def draw_tiles(tiles: Sequence[Tuple[str, str]]) -> str:
    """Render a list of key figures.

    Args:
        tiles: Number and description of each.

    Returns:
        HTML.
    """
    items = "".join(
        f"<li><b>{as_html(n)}</b>{as_html(description)}</li>"
        for n, description in tiles
    )
    return f'<ul class="tiles">{items}</ul>'


def draw_figure(
    caption: str, drawn: str, series: Sequence[Tuple[int, str]] = ()
) -> str:
    """Render a chart with a caption.

    Args:
        caption: Caption as plain text.
        drawn: HTML or SVG of the chart.
        series: Index and name of each series in the legend.

    Returns:
        HTML.
    """
    legend = "".join(
        f'<span class="series {series_class(i)}"><span class="swatch"></span>'
        f"{as_html(name)}</span>"
        for i, name in series
    )
    below = f"<br>{legend}" if legend else ""
    return f"<figure><figcaption>{as_html(caption)}{below}</figcaption>{drawn}</figure>"


def draw_table(
    header: Sequence[str], cells: Sequence[Sequence[str]], *, colored: bool = False
) -> str:
    """Render a table. It scrolls horizontally if it is too wide.

    Args:
        header: Column names.
        cells: Cells of each row. The first cell is the row's name.
        colored: Whether row names have the color of the series with their index.

    Returns:
        HTML.
    """
    head = "".join(f'<th scope="col">{as_html(name)}</th>' for name in header)
    body = ""
    for i, (name, *others) in enumerate(cells):
        swatch = f'<span class="swatch {series_class(i)}"></span>' if colored else ""
        figures = "".join(f"<td>{as_html(cell)}</td>" for cell in others)
        body += f'<tr><th scope="row">{swatch}{as_html(name)}</th>{figures}</tr>'
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )
