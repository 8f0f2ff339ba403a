"""Agreement of a student with its teacher."""

import re
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple

from spacy.scorer import PRFScore
from spacy.tokens import Doc

from .entities import Entity, SideBySide, get_entities, get_probabilities

# A text of as many characters is shown whole.
_LONG = 400
# Behind the end of a sentence or of a line.
_BREAK = re.compile(r"(?<=[.!?…。！？])[\"'”’)]*\s+|\n\s*|(?<=[。！？])")


def passages(text: str, entities: Sequence[Entity]) -> List[Tuple[int, int]]:
    """Where the passages of a text begin and end, by characters, in order.

    A short text is one passage. A long one is cut behind sentences and lines, but
    never within one of the entities; white space between passages is in neither.
    """
    if len(text) <= _LONG:
        return [(0, len(text))]
    inside: Set[int] = set()
    for entity in entities:
        inside.update(range(entity.start + 1, entity.end))
    out: List[Tuple[int, int]] = []
    start = 0
    for match in _BREAK.finditer(text):
        cut, after = _trim(text, match)
        if cut > start and inside.isdisjoint(range(cut, after + 1)):
            out.append((start, cut))
            start = after
    if start < len(text):
        out.append((start, len(text)))
    return out


def move(entity: Entity, offset: int) -> Entity:
    """The entity in a text that begins `offset` characters later."""
    return entity._replace(start=entity.start - offset, end=entity.end - offset)


def _trim(text: str, match: "re.Match[str]") -> Tuple[int, int]:
    """End of the passage before a break and start of the next: the quotation mark
    behind a full stop belongs to what it closes."""
    found = match.group()
    return match.start() + len(found.rstrip()), match.end()


@dataclass(frozen=True)
class Disagreement:
    """A passage on which two pipelines differ.

    document: its number, from 0. text: of the passage, and so are the characters that
        the entities count.
    probabilities: of the student's entities; None for one without.
    """

    document: int
    text: str
    teacher: List[Entity]
    student: List[Entity]
    probabilities: List[Optional[float]]

    @property
    def only_teacher(self) -> List[str]:
        """What the student does not have, as "text (LABEL)"."""
        return self._spell(self.teacher, self.student)

    @property
    def only_student(self) -> List[str]:
        """What the teacher does not have, as "text (LABEL)"."""
        return self._spell(self.student, self.teacher)

    @property
    def differences(self) -> int:
        """How many entities only one of the two has."""
        return len(set(self.teacher) ^ set(self.student))

    def side_by_side(self) -> SideBySide:
        """The passage, to be drawn."""
        scored = zip(self.student, self.probabilities)
        return SideBySide(
            text=self.text,
            teacher=self.teacher,
            student=self.student,
            probabilities={e: p for e, p in scored if p is not None},
        )

    def _spell(self, entities: List[Entity], others: List[Entity]) -> List[str]:
        return [
            f"{self.text[e.start : e.end]} ({e.label})"
            for e in entities
            if e not in others
        ]


@dataclass(frozen=True)
class Agreement:
    """precision, recall, f1: of the student's entities with the teacher's as gold; f1
        is None if neither has any.
    documents: number of those with the very same entities. compared: of all.
    worst: the passages with most differences, most first.
    """

    precision: float
    recall: float
    f1: Optional[float]
    documents: int
    compared: int
    worst: List[Disagreement]


def compare_entities(
    teacher: Sequence[Doc],
    student: Sequence[Doc],
    *,
    spans_key: Optional[str] = None,
    n_worst: int = 10,
) -> Agreement:
    """Compare two pipelines' Docs of the same texts. The tokens may differ.

    spans_key: where the student's Docs have their probabilities.
    """
    score = PRFScore()
    worst: List[Disagreement] = []
    same = 0
    for i, (theirs, ours) in enumerate(zip(teacher, student)):
        wanted, got = get_entities(theirs), get_entities(ours)
        score.score_set(set(got), set(wanted))
        if set(wanted) == set(got):
            same += 1
            continue
        scored = get_probabilities(ours, spans_key)
        worst.extend(_differing(i, theirs.text, wanted, got, scored))
    worst.sort(key=lambda passage: -passage.differences)
    return Agreement(
        precision=score.precision,
        recall=score.recall,
        f1=score.fscore if len(score) else None,
        documents=same,
        compared=len(teacher),
        worst=worst[:n_worst],
    )


def _differing(
    document: int,
    text: str,
    teacher: List[Entity],
    student: List[Entity],
    probabilities: Dict[Entity, float],
) -> Iterator[Disagreement]:
    for start, end in passages(text, [*teacher, *student]):
        theirs, ours = (
            [e for e in found if start <= e.start and e.end <= end]
            for found in (teacher, student)
        )
        if set(theirs) != set(ours):
            yield Disagreement(
                document=document,
                text=text[start:end],
                teacher=[move(e, start) for e in theirs],
                student=[move(e, start) for e in ours],
                probabilities=[probabilities.get(e) for e in ours],
            )
