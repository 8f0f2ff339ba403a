"""Entities as plain values, to be compared across pipelines."""

from typing import Dict, List, NamedTuple, Optional

from spacy.tokens import Doc


class Entity(NamedTuple):
    """An entity by its characters, which two tokenizers share; tokens they may not."""

    start: int
    end: int
    label: str


def get_entities(doc: Doc) -> List[Entity]:
    """The entities of a Doc, in order."""
    return [Entity(e.start_char, e.end_char, e.label_) for e in doc.ents]


def get_probabilities(doc: Doc, spans_key: Optional[str]) -> Dict[Entity, float]:
    """The probability of each entity; none where the pipeline gives none."""
    group = doc.spans.get(spans_key) if spans_key is not None else None
    if group is None:
        return {}
    return {
        Entity(span.start_char, span.end_char, span.label_): float(score)
        for span, score in zip(group, group.attrs.get("scores", ()))
    }
