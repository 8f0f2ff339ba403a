"""Teacher and student on one page: HTML, drawn by displaCy."""

from html import escape
from typing import Dict, List, Sequence

from spacy import displacy

from .colours import label_colours
from .entities import Entity
from .side_by_side import SideBySide, format_probability

# What displaCy makes of an entity; on one line, so that it adds no spaces of its own.
_ENTITY = (
    '<mark class="entity {state}" style="background:{bg}" title="{note}">{text}'
    '<span class="label">{label}</span>{probability}</mark>'
)
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
.summary, .legend, .filter { color: var(--soft); margin: .35rem 0 }
.legend mark, .entity { color: #1b1f24; border-radius: .35em; padding: .2em .45em;
  line-height: 1; -webkit-box-decoration-break: clone; box-decoration-break: clone }
.legend mark { margin-right: .35em; font-size: .8rem; font-weight: 600 }
section { background: var(--card); border: 1px solid var(--line); border-radius: 8px;
  padding: .75rem 1rem; margin: 1rem 0 }
.who { display: grid; grid-template-columns: 5.5rem 1fr; align-items: baseline }
.who > b { color: var(--soft); font-size: .72rem; letter-spacing: .06em;
  text-transform: uppercase }
.entities { line-height: 2.3 !important; overflow-wrap: anywhere }
.entity .label { font-size: .68em; font-weight: 700; margin-inline-start: .5em }
.entity .probability { font-size: .68em; margin-inline-start: .45em;
  font-variant-numeric: tabular-nums }
.entity { margin: 0 .12em }
.entity.odd, .key.odd { outline: 2px dashed #cf222e; outline-offset: -2px }
.key { display: inline-block; background: #e4e7eb; width: 1.8em; height: 1em;
  border-radius: .3em; margin: 0 .4em; vertical-align: -.1em }
.verdict { font-size: .85rem; margin: .4rem 0 0; padding: .4rem 0 0 5.5rem;
  border-top: 1px solid var(--line); color: var(--soft) }
.verdict.same { color: var(--same) }
.verdict b { color: var(--odd); font-weight: 600 }
#filter:checked ~ main section.same { display: none }
@media (max-width: 40rem) { .who { display: block } .verdict { padding-left: 0 } }
"""


def draw_page(
    texts: Sequence[SideBySide],
    *,
    lang: str = "en",
    direction: str = "ltr",
) -> str:
    """One HTML page that needs no other file: each text with the teacher's entities
    and below them the student's, with their probabilities; differences are framed and
    spelled out.

    lang, direction: of the texts.
    """
    colours = label_colours(e.label for t in texts for e in (*t.teacher, *t.student))
    sections = [_section(t, colours, direction) for t in texts]
    same = sum(not text.differing for text in texts)
    keys = "".join(
        f'<mark style="background:{colour}">{escape(label)}</mark>'
        for label, colour in colours.items()
    )
    return (
        f'<!DOCTYPE html>\n<html lang="{escape(lang)}">\n<head>\n'
        '<meta charset="utf-8">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>Teacher and student</title>\n<style>{_CSS}</style>\n</head>\n<body>\n"
        "<h1>Teacher and student</h1>\n"
        f'<p class="summary">{len(texts)} {_plural("text", len(texts))}: the same'
        f" entities in {same}, differences in {len(texts) - same}.</p>\n"
        f'<p class="legend">{keys}<span class="key odd"></span>only one of the two has'
        " it; numbers are the student's probabilities.</p>\n"
        '<input type="checkbox" id="filter"> <label class="filter" for="filter">show'
        " differences only</label>\n"
        "<main>\n" + "\n".join(sections) + "\n</main>\n</body>\n</html>\n"
    )


def _section(
    text: SideBySide,
    colours: Dict[str, str],
    direction: str,
) -> str:
    rows = "".join(
        f'<div class="who"><b>{name}</b>'
        f"{_render(text, entities, colours, direction, scored)}</div>"
        for name, entities, scored in (
            ("teacher", text.teacher, False),
            ("student", text.student, True),
        )
    )
    if not text.differing:
        return f'<section class="same">{rows}<p class="verdict same">same</p></section>'
    only = [
        f"<b>only {name}:</b> {_spell(text, entities)}"
        for name, entities in (("teacher", text.teacher), ("student", text.student))
        if set(entities) & text.differing
    ]
    return f'<section>{rows}<p class="verdict">{"<br>".join(only)}</p></section>'


def _render(
    text: SideBySide,
    entities: Sequence[Entity],
    colours: Dict[str, str],
    direction: str,
    scored: bool,
) -> str:
    ents = []
    for entity in entities:
        shown = ""
        note = "only here" if entity in text.differing else ""
        probability = text.probabilities.get(entity) if scored else None
        if probability is not None:
            number = escape(format_probability(probability))
            shown = f'<span class="probability">{number}</span>'
            note = f"probability {probability:.4f}" + (f", {note}" if note else "")
        ents.append(
            {
                "start": entity.start,
                "end": entity.end,
                # displaCy escapes the text, but takes a label for markup.
                "label": escape(entity.label),
                "params": {
                    "bg": colours[entity.label],
                    "state": "odd" if entity in text.differing else "",
                    "note": note,
                    "probability": shown,
                },
            }
        )
    settings = {"direction": direction}
    return displacy.render(
        {"text": text.text, "ents": ents, "settings": settings},
        style="ent",
        manual=True,
        jupyter=False,
        options={"template": _ENTITY},
    )


def _spell(text: SideBySide, entities: Sequence[Entity]) -> str:
    listed: List[str] = [
        f"{escape(text.text[e.start : e.end])} ({escape(e.label)})"
        for e in entities
        if e in text.differing
    ]
    return "; ".join(listed)


def _plural(word: str, number: int) -> str:
    return word if number == 1 else f"{word}s"
