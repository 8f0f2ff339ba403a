"""Categories of a Doc as plain values, and pairs of pipelines for display."""

from dataclasses import dataclass
from typing import Dict, List, Mapping, Optional, Set

from spacy.tokens import Doc

from ..label_maps import LabelMap
from ..tasks.textcat.scorer import THRESHOLD
from .entities import format_probability

# Characters of a text that are displayed.
_MOST_SHOWN = 1_000


@dataclass(frozen=True)
class CategoryPair:
    """A text with the categories of teacher and student.

    Attributes:
        document: Index of the document.
        text: The text; a long one is shortened.
        teacher: Probabilities of the teacher, by category.
        student: Probabilities of the student, by category.
        exclusive: Whether the text has exactly one category.
        gold: Categories of the gold annotation; None without it.
    """

    document: int
    text: str
    teacher: Dict[str, float]
    student: Dict[str, float]
    exclusive: bool
    gold: Optional[List[str]] = None

    @property
    def differing(self) -> Set[str]:
        """Categories that only one of the two decides for."""
        teacher, student = (
            set(decide(found, exclusive=self.exclusive))
            for found in (self.teacher, self.student)
        )
        return teacher ^ student

    @property
    def distance(self) -> float:
        """Largest difference between the probabilities of a category."""
        labels = {*self.teacher, *self.student}
        return max(
            (abs(self.teacher.get(x, 0.0) - self.student.get(x, 0.0)) for x in labels),
            default=0.0,
        )

    def leading(self, number: int = 5) -> List[str]:
        """Return the categories that matter, the most probable first.

        Args:
            number: How many categories to return, if not more of them are gold or
                decided for.
        """
        labels = sorted(
            {*self.teacher, *self.student},
            key=lambda x: (-max(self.teacher.get(x, 0.0), self.student.get(x, 0.0)), x),
        )
        chosen = {
            *(self.gold or ()),
            *decide(self.teacher, exclusive=self.exclusive),
            *decide(self.student, exclusive=self.exclusive),
        }
        kept = [
            label for i, label in enumerate(labels) if i < number or label in chosen
        ]
        return [*kept, *sorted(set(self.gold or ()) - set(kept))]

    def describe(self, probabilities: Mapping[str, float]) -> List[str]:
        """Describe the categories that one of the two decides for.

        Args:
            probabilities: `teacher` or `student`.

        Returns:
            Each with its probability, and whether it is right if that is known.
        """
        described = []
        for label in decide(probabilities, exclusive=self.exclusive):
            verdict = ""
            if self.gold is not None:
                verdict = ", right" if label in self.gold else ", wrong"
            number = format_probability(probabilities[label])
            described.append(f"{label} ({number}{verdict})")
        return described


def decide(probabilities: Mapping[str, float], *, exclusive: bool) -> List[str]:
    """Return the categories that are predicted.

    Args:
        probabilities: Probability of each category.
        exclusive: Whether there is exactly one: the most probable. Otherwise there are
            all with a probability of 0.5 or more.

    Returns:
        The categories; none without probabilities.
    """
    if not exclusive:
        return [label for label, p in probabilities.items() if p >= THRESHOLD]
    if not probabilities:
        return []
    return [max(probabilities, key=lambda label: probabilities[label])]


def relabel_categories(doc: Doc, label_map: LabelMap, *, exclusive: bool) -> None:
    """Rename, merge or drop the categories of a Doc, in place.

    The probability of merged categories is the sum if they are exclusive, else the
    largest. Exclusive probabilities that are left after others were dropped are
    normalized.

    Args:
        doc: A Doc with `doc.cats`.
        label_map: New category by category, None to drop it. Others stay.
        exclusive: Whether each document has exactly one category.
    """
    if not any(label in label_map for label in doc.cats):
        return
    merged: Dict[str, float] = {}
    for label, value in doc.cats.items():
        new = label_map.get(label, label)
        if new is not None:
            old = merged.get(new, 0.0)
            merged[new] = old + value if exclusive else max(old, value)
    left = sum(merged.values())
    if exclusive and left:
        before = sum(doc.cats.values())
        merged = {label: value * before / left for label, value in merged.items()}
    doc.cats = merged


def pair_categories(
    teacher: Doc,
    student: Doc,
    *,
    exclusive: bool,
    document: int = 0,
    gold: Optional[Doc] = None,
) -> CategoryPair:
    """Combine the categories of two Docs of the same text.

    Args:
        teacher: Doc of the teacher.
        student: Doc of the student.
        exclusive: Whether each document has exactly one category.
        document: Index of the document.
        gold: Doc with gold annotation, if any.
    """
    text = student.text
    if len(text) > _MOST_SHOWN:
        text = f"{text[:_MOST_SHOWN].rstrip()}…"
    right = None
    if gold is not None:
        right = decide(gold.cats, exclusive=exclusive)
    return CategoryPair(
        document=document,
        text=text,
        teacher=dict(teacher.cats),
        student=dict(student.cats),
        exclusive=exclusive,
        gold=right,
    )
