"""Categories of teacher and student for the same texts, as an HTML page."""

from typing import Collection, Dict, List, Mapping, Sequence, Tuple

from ..evaluation.categories import CategoryPair, decide
from ..evaluation.entities import format_probability
from .charts import CHARTS_CSS, Bar, bar_chart, series_class
from .paired_texts import TEXTS_CSS, draw_legend_line, draw_pairs
from .web_page import as_html, label_colors

CATEGORY_CSS = f"""{TEXTS_CSS}
.document {{ margin: 0 0 .6rem; white-space: pre-line; overflow-wrap: anywhere;
  unicode-bidi: plaintext; text-align: start; max-width: none }}
.who {{ line-height: 2 }}
.text .chart {{ max-width: 32rem; margin-top: .6rem }}
.swatch {{ display: inline-block; width: .75em; height: .75em; border-radius: 2px;
  background: var(--hue); margin: 0 .4em }}
"""


def draw_category_page(
    pairs: Sequence[CategoryPair], *, lang: str = "en", direction: str = "ltr"
) -> str:
    """Render texts with the categories of teacher and student as an HTML page.

    Below each text are the categories that both decide for and a chart of the
    probabilities. Texts with different decisions come first. The page is
    self-contained.

    Args:
        pairs: Texts with the categories of both.
        lang: Language code of the texts.
        direction: Writing direction, `ltr` or `rtl`.

    Returns:
        An HTML document.
    """
    colors = category_colors(pairs)
    ordered = sorted(pairs, key=lambda pair: not pair.differing)
    exclusive = all(pair.exclusive for pair in pairs)
    return draw_pairs(
        pairs,
        [draw_category_text(p, colors=colors, direction=direction) for p in ordered],
        found="category" if exclusive else "categories",
        legend=draw_category_legend(("teacher", "student")),
        css=f"{CATEGORY_CSS}{CHARTS_CSS}",
        lang=lang,
    )


def draw_category_texts(
    pairs: Sequence[CategoryPair], names: Tuple[str, str]
) -> List[str]:
    """Render a legend and texts on which two pipelines disagree.

    Args:
        pairs: The texts.
        names: Display names of teacher and student.

    Returns:
        HTML of the legend and of each text.
    """
    colors = category_colors(pairs)
    return [
        draw_category_legend(names),
        *(draw_category_text(pair, colors=colors, names=names) for pair in pairs),
    ]


def category_colors(pairs: Sequence[CategoryPair]) -> Dict[str, str]:
    """Assign a color to each category.

    Args:
        pairs: Texts with the categories of both pipelines.

    Returns:
        Hex color by category.
    """
    return label_colors(
        label for p in pairs for label in (*p.teacher, *p.student, *(p.gold or ()))
    )


def draw_category_legend(names: Tuple[str, str]) -> str:
    """Render the legend: outlines, probabilities and the colors of the bars.

    Args:
        names: Display names of teacher and student.
    """
    bars = "".join(
        f'<span class="{series_class(i)}"><span class="swatch"></span></span>'
        f"{as_html(name)}"
        for i, name in enumerate(names)
    )
    return draw_legend_line(scored=True, after=f" Bars:{bars}.")


def draw_category_text(
    pair: CategoryPair,
    *,
    colors: Mapping[str, str],
    names: Tuple[str, str] = ("teacher", "student"),
    direction: str = "ltr",
) -> str:
    """Render a text with the categories of both pipelines and their probabilities.

    Gold categories are above both, if there are any.

    Args:
        pair: Text with the categories of both.
        colors: Color by category.
        names: Display names of teacher and student.
        direction: Writing direction, a value of the HTML attribute `dir`.

    Returns:
        HTML.
    """
    rows = ""
    if pair.gold is not None:
        rows = _row("gold", dict.fromkeys(pair.gold, ""), colors)
    for name, found in zip(names, (pair.teacher, pair.student)):
        chosen = decide(found, exclusive=pair.exclusive)
        shown = {label: format_probability(found[label]) for label in chosen}
        rows += _row(name, shown, colors, odd=pair.differing)
    same = "" if pair.differing else " same"
    verdict = "" if pair.differing else '<p class="verdict same">same</p>'
    return (
        f'<section class="text{same}"><p class="document" dir="{direction}">'
        f"{as_html(pair.text)}</p>{rows}{_bars(pair, names)}{verdict}</section>"
    )


def _row(
    name: str,
    chosen: Mapping[str, str],
    colors: Mapping[str, str],
    *,
    odd: Collection[str] = (),
) -> str:
    """Render categories with their probabilities, if these are not empty."""
    marks = ""
    for label, probability in chosen.items():
        number = ""
        if probability:
            number = f'<span class="probability">{as_html(probability)}</span>'
        marks += (
            f'<mark class="entity{" odd" if label in odd else ""}"'
            f' style="background:{colors[label]}">{as_html(label)}{number}</mark>'
        )
    return (
        f'<div class="who"><b>{as_html(name)}</b>'
        f"<div>{marks or 'no category'}</div></div>"
    )


def _bars(pair: CategoryPair, names: Tuple[str, str]) -> str:
    groups = []
    for label in pair.leading():
        bars = []
        for i, found in enumerate((pair.teacher, pair.student)):
            probability = found.get(label)
            bars.append(Bar(i, probability, format_probability(probability)))
        groups.append((label, bars))
    title = f"Probabilities of {names[0]} and {names[1]}"
    return bar_chart(title, groups, most=1.0) if groups else ""
