"""HTML about the same texts by teacher and student, of entities and of categories."""

from typing import Sequence, Union

from ..evaluation.categories import CategoryPair
from ..evaluation.entities import SideBySide
from .web_page import web_page

TEXTS_CSS = """
.summary, .legend, .filter { color: var(--soft); margin: .35rem 0 }
.legend mark, .entity { color: #1b1f24; border-radius: .35em; padding: .2em .45em;
  line-height: 1; -webkit-box-decoration-break: clone; box-decoration-break: clone }
.legend mark { margin-right: .35em; font-size: .8rem; font-weight: 600 }
.text { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: .75rem 1rem; margin: 1rem 0 }
.who { display: grid; grid-template-columns: 5.5rem 1fr; align-items: baseline }
.who > b { color: var(--soft); font-size: .72rem; letter-spacing: .06em;
  text-transform: uppercase; overflow-wrap: anywhere }
.entities { line-height: 2.3 !important; overflow-wrap: anywhere }
.entity .label { font-size: .68em; font-weight: 700; margin-inline-start: .5em }
.entity .probability { font-size: .68em; margin-inline-start: .45em;
  font-variant-numeric: tabular-nums }
.entity { margin: 0 .12em }
.entity.odd, .key.odd { outline: 2px dashed #cf222e; outline-offset: -2px }
.key { display: inline-block; background: #e4e7eb; width: 1.8em; height: 1em;
  border-radius: .3em; margin: 0 .4em; vertical-align: -.1em }
.verdict { font-size: .85rem; margin: .4rem 0 0; padding: .4rem 0 0 5.5rem;
  border-top: 1px solid var(--line); color: var(--soft); overflow-wrap: anywhere }
.verdict.same { color: var(--same) }
.verdict b { color: var(--odd); font-weight: 600 }
#filter:checked ~ main .text.same { display: none }
@media (max-width: 40rem) { .who { display: block } .verdict { padding-left: 0 } }
@media print { .text { break-inside: avoid; padding: .4rem .8rem; margin: .6rem 0 }
  .entities { line-height: 2.1 !important } .legend { break-after: avoid }
  input, label.filter { display: none }
  .legend mark, .entity, .key { print-color-adjust: exact;
    -webkit-print-color-adjust: exact } }
"""


def draw_pairs(
    pairs: Sequence[Union[SideBySide, CategoryPair]],
    sections: Sequence[str],
    *,
    found: str,
    legend: str,
    css: str,
    lang: str,
) -> str:
    """Render a page of texts, with a box to tick that hides those without differences.

    Args:
        pairs: The texts, in any order.
        sections: HTML of each.
        found: What the predictions are called, as in "the same entities".
        legend: HTML of the legend; see `draw_legend_line`.
        css: Style sheet of legend and texts.
        lang: Language code of the texts.

    Returns:
        An HTML document.
    """
    same = sum(not pair.differing for pair in pairs)
    return web_page(
        "Teacher and student",
        "<h1>Teacher and student</h1>\n"
        f'<p class="summary">{len(pairs)} {"text" if len(pairs) == 1 else "texts"}: the'
        f" same {found} in {same}, differences in {len(pairs) - same}.</p>\n"
        f"{legend}\n"
        '<input type="checkbox" id="filter"> <label class="filter" for="filter">show'
        " differences only</label>\n"
        "<main>\n" + "\n".join(sections) + "\n</main>",
        css=css,
        lang=lang,
    )


def draw_legend_line(*, scored: bool, before: str = "", after: str = "") -> str:
    """Render a legend: what the outline means, and numbers if there are any.

    Args:
        scored: Whether the texts have probabilities.
        before: HTML in front of it.
        after: HTML after it.

    Returns:
        HTML.
    """
    numbers = "; numbers are probabilities" if scored else ""
    return (
        f'<p class="legend">{before}<span class="key odd"></span>only one of the two'
        f" has it{numbers}.{after}</p>"
    )
