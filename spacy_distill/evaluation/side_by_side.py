"""Teacher and student on the same text."""

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Set

from spacy.tokens import Doc

from .entities import Entity, get_entities, get_probabilities


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
