"""How far a student says what its teacher says, right or wrong."""

from dataclasses import dataclass
from typing import List, Optional, Sequence

from spacy.scorer import PRFScore
from spacy.tokens import Doc

from .entities import Entity, get_entities


@dataclass(frozen=True)
class Disagreement:
    """A document on which two pipelines differ.

    document: its number, from 0. only_teacher, only_student: entities that the other
        does not have, as "text (LABEL)".
    """

    document: int
    text: str
    only_teacher: List[str]
    only_student: List[str]


@dataclass(frozen=True)
class Agreement:
    """precision, recall, f1: of the student's entities with the teacher's as gold; f1
        is None if neither has any.
    documents: number of those with the very same entities.
    worst: the documents with most differences, most first.
    """

    precision: float
    recall: float
    f1: Optional[float]
    documents: int
    worst: List[Disagreement]


def compare_entities(
    teacher: Sequence[Doc], student: Sequence[Doc], *, n_worst: int = 10
) -> Agreement:
    """Compare two pipelines' Docs of the same texts. The tokens may differ."""
    score = PRFScore()
    differing: List[Disagreement] = []
    for i, (theirs, ours) in enumerate(zip(teacher, student)):
        wanted, got = set(get_entities(theirs)), set(get_entities(ours))
        score.score_set(got, wanted)
        if wanted != got:
            differing.append(
                Disagreement(
                    document=i,
                    text=theirs.text,
                    only_teacher=_spell(theirs.text, sorted(wanted - got)),
                    only_student=_spell(theirs.text, sorted(got - wanted)),
                )
            )
    differing.sort(key=lambda d: -len(d.only_teacher) - len(d.only_student))
    return Agreement(
        precision=score.precision,
        recall=score.recall,
        f1=score.fscore if len(score) else None,
        documents=len(teacher) - len(differing),
        worst=differing[:n_worst],
    )


def _spell(text: str, entities: List[Entity]) -> List[str]:
    return [f"{text[e.start : e.end]} ({e.label})" for e in entities]
