"""Texts on which teacher and student disagree, as lists in Markdown."""

from typing import Sequence, Tuple

from ..evaluation.agreement import Disagreement
from ..evaluation.categories import CategoryPair
from ..evaluation.entities import Entity

_MOST_SHOWN = 200


def list_entities(worst: Sequence[Disagreement], names: Tuple[str, str]) -> str:
    """List passages with the entities that only one of two pipelines has.

    Args:
        worst: The passages.
        names: Display names of teacher and student.
    """
    lines = []
    for passage in worst:
        lines.append(f"- {_shorten(passage.text)}")
        both = passage.side_by_side()
        if both.gold is not None:
            lines.append(f"  - gold: {_describe_gold(both.text, both.gold)}")
        for name, entities in zip(names, (both.teacher, both.student)):
            only = both.describe_only(entities)
            if only:
                lines.append(f"  - only {name}: {escape_markdown('; '.join(only))}")
    return "\n".join(lines)


def list_categories(worst: Sequence[CategoryPair], names: Tuple[str, str]) -> str:
    """List texts with the categories of two pipelines, and their probabilities.

    Args:
        worst: The texts.
        names: Display names of teacher and student.
    """
    lines = []
    for pair in worst:
        lines.append(f"- {_shorten(pair.text)}")
        if pair.gold is not None:
            gold = escape_markdown(", ".join(pair.gold)) or "no category"
            lines.append(f"  - gold: {gold}")
        for name, found in zip(names, (pair.teacher, pair.student)):
            described = escape_markdown(", ".join(pair.describe(found)))
            lines.append(f"  - {name}: {described or 'no category'}")
    return "\n".join(lines)


def escape_markdown(text: str) -> str:
    """Take Markdown's marks literally, and line breaks as spaces."""
    text = " ".join(text.split())
    for mark in "\\`*_[]<>#|":
        text = text.replace(mark, f"\\{mark}")
    return text


def _shorten(text: str) -> str:
    text = " ".join(text.split())
    text = text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 3] + "..."
    return escape_markdown(text)


def _describe_gold(text: str, entities: Sequence[Entity]) -> str:
    listed = "; ".join(f"{text[e.start : e.end]} ({e.label})" for e in entities)
    return escape_markdown(listed) or "no entity"
