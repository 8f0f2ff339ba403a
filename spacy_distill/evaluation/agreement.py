"""Agreement of a student with its teacher."""

import re
from dataclasses import dataclass
from typing import Dict, Iterator, List, Optional, Sequence, Set, Tuple, Union

from spacy.scorer import PRFScore
from spacy.tokens import Doc

from .categories import CategoryPair
from .entities import Entity, SideBySide, get_entities, get_probabilities

# Texts of up to this many characters are not split.
_MAX_UNSPLIT = 400
# White space after a sentence, or a line break.
_BREAKS = re.compile(r"(?<=[.!?…。！？])[\"'”’)]*\s+|\n\s*|(?<=[。！？])")


def passages(text: str, entities: Sequence[Entity]) -> List[Tuple[int, int]]:
    """Split a text into passages for display.

    A short text is one passage. A long one is split after sentences and lines, but not
    inside an entity.

    Args:
        text: The text.
        entities: Entities that must not be split.

    Returns:
        Start and end offset of each passage, in characters and in order. White space
        between passages belongs to neither.
    """
    if len(text) <= _MAX_UNSPLIT:
        return [(0, len(text))]
    inside: Set[int] = set()
    for entity in entities:
        inside.update(range(entity.start + 1, entity.end))
    out: List[Tuple[int, int]] = []
    start = 0
    for match in _BREAKS.finditer(text):
        cut, after = _passage_bounds(text, match)
        if cut > start and inside.isdisjoint(range(cut, after + 1)):
            out.append((start, cut))
            start = after
    if start < len(text):
        out.append((start, len(text)))
    return out


def move(entity: Entity, offset: int) -> Entity:
    """Convert an entity's offsets from a text to a passage of it.

    Args:
        entity: Entity with offsets in the text.
        offset: Offset of the passage in the text, in characters.

    Returns:
        Entity with offsets in the passage.
    """
    return entity._replace(start=entity.start - offset, end=entity.end - offset)


def _passage_bounds(text: str, match: "re.Match[str]") -> Tuple[int, int]:
    """Return the end of the passage before a break and the start of the next.

    A closing quotation mark after a period belongs to the passage before.
    """
    found = match.group()
    return match.start() + len(found.rstrip()), match.end()


@dataclass(frozen=True)
class Disagreement:
    """A passage on which two pipelines disagree.

    Attributes:
        document: Index of the document.
        text: Text of the passage. Offsets of entities refer to it.
        teacher: Entities of the teacher.
        student: Entities of the student.
        probabilities: Probability of each entity of the student, None if unknown.
        gold: Entities of the gold annotation; None without it.
    """

    document: int
    text: str
    teacher: List[Entity]
    student: List[Entity]
    probabilities: List[Optional[float]]
    gold: Optional[List[Entity]] = None

    @property
    def differences(self) -> int:
        """Number of entities that only one of the two has."""
        return len(set(self.teacher) ^ set(self.student))

    def side_by_side(self) -> SideBySide:
        """Return the passage in the form that the reports render."""
        scored = zip(self.student, self.probabilities)
        return SideBySide(
            text=self.text,
            teacher=self.teacher,
            student=self.student,
            probabilities={e: p for e, p in scored if p is not None},
            gold=self.gold,
        )


@dataclass(frozen=True)
class Agreement:
    """Agreement of a student with its teacher.

    Attributes:
        precision: Precision of the student's entities or categories, with the teacher's
            as gold.
        recall: Recall of the same.
        f1: F1 of the same; None if neither has any. If each document has one category,
            it is the share of documents with the same one.
        documents: Number of documents with identical entities or categories.
        compared: Number of documents compared.
        worst: Passages with the most differences, in descending order; or documents
            with other categories, those with the most different probabilities first.
    """

    precision: float
    recall: float
    f1: Optional[float]
    documents: int
    compared: int
    worst: Sequence[Union[Disagreement, CategoryPair]]


def compare_entities(
    teacher: Sequence[Doc],
    student: Sequence[Doc],
    *,
    spans_key: Optional[str] = None,
    gold: Optional[Sequence[Doc]] = None,
    n_worst: int = 10,
) -> Agreement:
    """Compare the entities of two pipelines on the same texts. Tokenization may differ.

    Args:
        teacher: Docs of the teacher.
        student: Docs of the student, in the same order.
        spans_key: Key in `doc.spans` of the student's entities with probabilities.
        gold: Docs with gold annotation, in the same order. They do not count; their
            entities are shown beside those that differ.
        n_worst: Maximum number of passages in `Agreement.worst`.

    Returns:
        The agreement.
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
        right = _gold_entities(None if gold is None else gold[i], theirs.text)
        worst.extend(_find_disagreements(i, theirs.text, wanted, got, scored, right))
    worst.sort(key=lambda passage: -passage.differences)
    return Agreement(
        precision=score.precision,
        recall=score.recall,
        f1=score.fscore if len(score) else None,
        documents=same,
        compared=len(teacher),
        worst=worst[:n_worst],
    )


def _gold_entities(doc: Optional[Doc], text: str) -> Optional[List[Entity]]:
    """Return gold entities; None without annotation of that very text."""
    if doc is None or doc.text != text or not doc.has_annotation("ENT_IOB"):
        return None
    return get_entities(doc)


def _find_disagreements(
    document: int,
    text: str,
    teacher: List[Entity],
    student: List[Entity],
    probabilities: Dict[Entity, float],
    gold: Optional[List[Entity]],
) -> Iterator[Disagreement]:
    for start, end in passages(text, [*teacher, *student, *(gold or [])]):
        theirs, ours, right = (
            [e for e in found if start <= e.start and e.end <= end]
            for found in (teacher, student, gold or [])
        )
        if set(theirs) != set(ours):
            yield Disagreement(
                document=document,
                text=text[start:end],
                teacher=[move(e, start) for e in theirs],
                student=[move(e, start) for e in ours],
                probabilities=[probabilities.get(e) for e in ours],
                gold=None if gold is None else [move(e, start) for e in right],
            )
