"""HTML elements of the report page: tiles, figures with captions, tables."""

from typing import Sequence, Tuple

from .caveats import Caveat
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
/* On a phone each row is a block, so that no column is out of sight. */
@media (max-width: 40rem) {
  table, tbody, tbody tr, tbody th, tbody td { display: block }
  thead { position: absolute; width: 1px; height: 1px; overflow: hidden;
    clip-path: inset(50%) }
  tbody tr + tr { border-top: 1px solid var(--line) }
  tbody th { border: 0; padding: .6rem .8rem .1rem; font-size: 1rem;
    overflow-wrap: anywhere }
  tbody td { border: 0; padding: .1rem .8rem; display: flex; gap: 1rem;
    justify-content: space-between; white-space: normal; overflow-wrap: anywhere }
  tbody td:last-child { padding-bottom: .6rem }
  tbody td:empty { display: none }
  tbody td::before { content: attr(data-column); color: var(--soft);
    text-align: left; flex: none; max-width: 60% }
}
.swatch { display: inline-block; width: .75em; height: .75em; border-radius: 2px;
  background: var(--hue); margin-right: .4em }
figure { margin: 0; background: var(--card); border: 1px solid var(--line);
  border-radius: 8px; padding: .75rem 1rem }
figcaption { font-size: .9rem; margin-bottom: .6rem; overflow-wrap: anywhere }
.series { color: var(--soft); font-size: .85rem; margin-right: .9em;
  display: inline-block }
.warning { border-left: 4px solid var(--odd); background: var(--card);
  padding: .5rem .9rem; margin: .75rem 0; max-width: none }
.warning code { display: block; white-space: pre-wrap; overflow-wrap: anywhere;
  font-size: .85rem; padding: .4rem 0 .1rem }
@media print {
  .tiles li, figure, tr, .warning { break-inside: avoid }
  .scroll { overflow: visible }
  table { font-size: .72rem }
  th, td { padding: .25rem .4rem; white-space: normal }
  .swatch { print-color-adjust: exact; -webkit-print-color-adjust: exact }
}
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
    """Render a table.

    It scrolls horizontally if it is too wide. On a phone its rows are lists.

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
        figures = "".join(
            f'<td data-column="{as_html(column)}">{as_html(cell)}</td>'
            for column, cell in zip(header[1:], others)
        )
        body += f'<tr><th scope="row">{swatch}{as_html(name)}</th>{figures}</tr>'
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def draw_warning(caveat: Caveat) -> str:
    """Render a warning.

    Args:
        caveat: The warning.

    Returns:
        HTML.
    """
    option = f"<code>{as_html(caveat.option)}</code>" if caveat.option else ""
    return f'<p class="warning">{as_html(caveat.text)}{option}</p>'
