"""Entities of teacher and student on the same texts, as an HTML page with displaCy."""

from typing import Dict, List, Sequence, Set, Tuple

from spacy import displacy

from ..evaluation.agreement import Disagreement
from ..evaluation.entities import Entity, SideBySide, format_probability
from .web_page import as_html, clean, label_colors, web_page

# displaCy template of an entity. A single line, since line breaks would add spaces.
_ENTITY_TEMPLATE = (
    '<mark class="entity {state}" style="background:{bg}" title="{note}">{text}'
    '<span class="label">{label}</span>{probability}</mark>'
)
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


def draw_page(
    texts: Sequence[SideBySide],
    *,
    lang: str = "en",
    direction: str = "ltr",
) -> str:
    """Render texts with the entities of teacher and student as an HTML page.

    The teacher's entities are above the student's, which have probabilities.
    Differences are outlined and listed; texts that have some come first. The page is
    self-contained.

    Args:
        texts: Texts with the entities of both.
        lang: Language code of the texts.
        direction: Writing direction, `ltr` or `rtl`.

    Returns:
        An HTML document.
    """
    colors = text_colors(texts)
    ordered = sorted(texts, key=lambda text: not text.differing)
    sections = [draw_text(t, colors=colors, direction=direction) for t in ordered]
    same = sum(not text.differing for text in texts)
    return web_page(
        "Teacher and student",
        "<h1>Teacher and student</h1>\n"
        f'<p class="summary">{len(texts)} {_plural("text", len(texts))}: the same'
        f" entities in {same}, differences in {len(texts) - same}.</p>\n"
        f"{draw_legend(colors, scored=any(t.probabilities for t in texts))}\n"
        '<input type="checkbox" id="filter"> <label class="filter" for="filter">show'
        " differences only</label>\n"
        "<main>\n" + "\n".join(sections) + "\n</main>",
        css=TEXTS_CSS,
        lang=lang,
    )


def draw_texts(worst: Sequence[Disagreement], names: Tuple[str, str]) -> List[str]:
    """Render a legend and passages on which two pipelines disagree.

    Args:
        worst: The passages.
        names: Display names of teacher and student.

    Returns:
        HTML of the legend and of each passage.
    """
    texts = [passage.side_by_side() for passage in worst]
    colors = text_colors(texts)
    return [
        draw_legend(colors, scored=any(text.probabilities for text in texts)),
        *(draw_text(text, colors=colors, names=names) for text in texts),
    ]


def text_colors(texts: Sequence[SideBySide]) -> Dict[str, str]:
    """Assign a color to each label in the texts.

    Args:
        texts: Texts with the entities of both pipelines.

    Returns:
        Hex color by label.
    """
    return label_colors(
        e.label for t in texts for e in (*t.teacher, *t.student, *(t.gold or ()))
    )


def draw_legend(colors: Dict[str, str], *, scored: bool) -> str:
    """Render the legend: label colors, outlines and probabilities.

    Args:
        colors: Color by label.
        scored: Whether the texts have probabilities.

    Returns:
        HTML.
    """
    keys = "".join(
        f'<mark style="background:{color}">{as_html(label)}</mark>'
        for label, color in colors.items()
    )
    return (
        f'<p class="legend">{keys}<span class="key odd"></span>only one of the two has'
        f" it{'; numbers are probabilities' if scored else ''}.</p>"
    )


def draw_text(
    text: SideBySide,
    *,
    colors: Dict[str, str],
    names: Tuple[str, str] = ("teacher", "student"),
    direction: str = "ltr",
) -> str:
    """Render a text with the entities of both pipelines and a list of the differences.

    Gold annotation is above both, if there is any.

    Args:
        text: Text with the entities of both.
        colors: Color by label.
        names: Display names of teacher and student.
        direction: Writing direction, a value of the CSS property.

    Returns:
        HTML.
    """
    odd = text.differing
    shown = [(names[0], text.teacher, False, odd), (names[1], text.student, True, odd)]
    if text.gold is not None:
        shown.insert(0, ("gold", text.gold, False, set()))
    rows = "".join(
        f'<div class="who"><b>{as_html(name)}</b>'
        f"{_render_entities(text, entities, colors, direction, scored, differing)}"
        "</div>"
        for name, entities, scored, differing in shown
    )
    if not text.differing:
        return (
            f'<section class="text same">{rows}<p class="verdict same">same</p>'
            "</section>"
        )
    described = zip(names, map(text.describe_only, (text.teacher, text.student)))
    only = [
        f"<b>only {as_html(name)}:</b> {as_html('; '.join(entities))}"
        for name, entities in described
        if entities
    ]
    return (
        f'<section class="text">{rows}<p class="verdict">{"<br>".join(only)}</p>'
        "</section>"
    )


def _render_entities(
    text: SideBySide,
    entities: Sequence[Entity],
    colors: Dict[str, str],
    direction: str,
    scored: bool,
    differing: Set[Entity],
) -> str:
    ents = []
    for entity in entities:
        shown = ""
        note = "only here" if entity in differing else ""
        probability = text.probabilities.get(entity) if scored else None
        if probability is not None:
            number = as_html(format_probability(probability))
            shown = f'<span class="probability">{number}</span>'
            note = f"probability {probability:.4f}" + (f", {note}" if note else "")
        ents.append(
            {
                "start": entity.start,
                "end": entity.end,
                # displaCy escapes the text, but not the label.
                "label": as_html(entity.label),
                "params": {
                    "bg": colors[entity.label],
                    "state": "odd" if entity in differing else "",
                    "note": note,
                    "probability": shown,
                },
            }
        )
    settings = {"direction": direction}
    drawn: str = displacy.render(
        {"text": clean(text.text), "ents": ents, "settings": settings},
        style="ent",
        manual=True,
        jupyter=False,
        options={"template": _ENTITY_TEMPLATE},
    )
    # Some versions of displaCy write the invalid tag </br>.
    return drawn.replace("</br>", "<br>")


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"
