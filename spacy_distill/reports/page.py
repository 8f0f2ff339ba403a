"""Entities of teacher and student on the same texts, as an HTML page with displaCy."""

from typing import Dict, List, Sequence, Set, Tuple

from spacy import displacy

from ..evaluation.agreement import Disagreement
from ..evaluation.entities import Entity, SideBySide, format_probability
from .paired_texts import TEXTS_CSS, draw_legend_line, draw_pairs
from .web_page import as_html, clean, label_colors

# displaCy template of an entity. A single line, since line breaks would add spaces.
_ENTITY_TEMPLATE = (
    '<mark class="entity {state}" style="background:{bg}" title="{note}">{text}'
    '<span class="label">{label}</span>{probability}</mark>'
)


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
    return draw_pairs(
        texts,
        [draw_text(t, colors=colors, direction=direction) for t in ordered],
        found="entities",
        legend=draw_legend(colors, scored=any(t.probabilities for t in texts)),
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
    return draw_legend_line(scored=scored, before=keys)


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
