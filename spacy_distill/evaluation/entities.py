"""Entities of a Doc as plain values, and pairs of pipelines for display."""

from dataclasses import dataclass, field
from typing import Dict, List, NamedTuple, Optional, Sequence, Set

from spacy.tokens import Doc


class Entity(NamedTuple):
    """An entity with character offsets, which do not depend on the tokenizer.

    Attributes:
        start: Offset of its first character.
        end: Offset after its last character.
        label: Entity label.
    """

    start: int
    end: int
    label: str


def get_entities(doc: Doc) -> List[Entity]:
    """Return the entities of a Doc.

    Args:
        doc: Annotated Doc.

    Returns:
        The entities in order.
    """
    return [Entity(e.start_char, e.end_char, e.label_) for e in doc.ents]


def get_probabilities(doc: Doc, spans_key: Optional[str]) -> Dict[Entity, float]:
    """Return the probabilities of the entities of a Doc.

    Args:
        doc: Annotated Doc.
        spans_key: Key in `doc.spans` of the entities with probabilities; None if the
            pipeline has no probabilities.

    Returns:
        Probabilities by entity; empty if there are none.
    """
    group = doc.spans.get(spans_key) if spans_key is not None else None
    if group is None:
        return {}
    return {
        Entity(span.start_char, span.end_char, span.label_): float(score)
        for span, score in zip(group, group.attrs.get("scores", ()))
    }


@dataclass(frozen=True)
class SideBySide:
    """A text with the entities of teacher and student.

    Attributes:
        text: The text.
        teacher: Entities of the teacher.
        student: Entities of the student.
        probabilities: Probabilities of the student's entities.
        gold: Entities of the gold annotation; None without it.
    """

    text: str
    teacher: List[Entity]
    student: List[Entity]
    probabilities: Dict[Entity, float] = field(default_factory=dict)
    gold: Optional[List[Entity]] = None

    @property
    def differing(self) -> Set[Entity]:
        """Entities that only one of the two has.

        Entities with different bounds or labels are different entities.
        """
        return set(self.teacher) ^ set(self.student)

    def describe_only(self, entities: Sequence[Entity]) -> List[str]:
        """Describe those entities of one of the two that the other does not have.

        Args:
            entities: `teacher` or `student`.

        Returns:
            Text and label of each, and whether it is right if that is known.
        """
        described = []
        for e in entities:
            if e in self.differing:
                verdict = ""
                if self.gold is not None:
                    verdict = ", right" if e in self.gold else ", wrong"
                described.append(f"{self.text[e.start : e.end]} ({e.label}{verdict})")
        return described


def put_side_by_side(
    teacher: Doc, student: Doc, *, spans_key: Optional[str] = None
) -> SideBySide:
    """Combine the entities of two Docs of the same text.

    Args:
        teacher: Doc of the teacher.
        student: Doc of the student.
        spans_key: Key in `doc.spans` of the student's entities with probabilities.

    Returns:
        The text with the entities of both.
    """
    return SideBySide(
        text=student.text,
        teacher=get_entities(teacher),
        student=get_entities(student),
        probabilities=get_probabilities(student, spans_key),
    )


def format_probability(probability: Optional[float]) -> str:
    """Format a probability with two decimals.

    Values below 1 are not rounded up to 1.00, nor values above 0 down to 0.00.

    Args:
        probability: Probability or None.

    Returns:
        The number, or an empty string for None.
    """
    if probability is None:
        return ""
    if 0.995 <= probability < 1.0:
        return ">0.99"
    if 0.0 < probability < 0.005:
        return "<0.01"
    return f"{probability:.2f}"
