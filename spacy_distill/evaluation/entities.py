"""Entities as plain values, and two pipelines' entities side by side."""

from dataclasses import dataclass, field
from typing import Dict, List, NamedTuple, Optional, Set

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


@dataclass(frozen=True)
class SideBySide:
    """A text with the entities of both, and the student's probabilities."""

    text: str
    teacher: List[Entity]
    student: List[Entity]
    probabilities: Dict[Entity, float] = field(default_factory=dict)

    @property
    def differing(self) -> Set[Entity]:
        """Entities that only one of the two has: another end or another label makes
        another entity."""
        return set(self.teacher) ^ set(self.student)


def put_side_by_side(
    teacher: Doc, student: Doc, *, spans_key: Optional[str] = None
) -> SideBySide:
    """Compare two Docs of the same text.

    spans_key: where the student's Doc has its probabilities.
    """
    return SideBySide(
        text=student.text,
        teacher=get_entities(teacher),
        student=get_entities(student),
        probabilities=get_probabilities(student, spans_key),
    )


def format_probability(probability: Optional[float]) -> str:
    """Two digits; never a certainty that is not there. Empty for None."""
    if probability is None:
        return ""
    if 0.995 <= probability < 1.0:
        return ">0.99"
    if 0.0 < probability < 0.005:
        return "<0.01"
    return f"{probability:.2f}"
