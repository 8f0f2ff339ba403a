"""The last pipeline of a report against the others, as far as that makes sense."""

from dataclasses import dataclass
from typing import Collection, Dict, Optional, Sequence

from ..tasks.textcat.task import EXCLUSIVE
from .rows import ReferenceCounts, Row

# An F1 below this is hardly better than nothing: something is wrong with the training.
# Ratios to such a pipeline, or of one, say nothing, and reports leave them out. For
# categories it is this share of the way from always the most frequent one to perfect.
LEAST_F1 = 0.1


@dataclass(frozen=True)
class Comparison:
    """The last pipeline of a report against the others.

    Attributes:
        pipeline: Name of the last pipeline, as a rule the student.
        against: Name of the first pipeline, as a rule the teacher.
        fewer_parameters: How many times fewer parameters than the first has. Numbers
            that unknown words are composed from count. None if unknown.
        smaller: How many times smaller on disk; None if unknown.
        faster: How many times faster; None if unknown.
        f1_share: F1 as a share of the first's; None if the two cannot be compared. In
            this and the next, F1 is the accuracy if each document has one category.
        f1_gain: F1 minus that of each of the others that it can be compared with.
    """

    pipeline: str
    against: str
    fewer_parameters: Optional[float]
    smaller: Optional[float]
    faster: Optional[float]
    f1_share: Optional[float]
    f1_gain: Dict[str, float]


def is_untrained(f1: Optional[float], baseline: float = 0.0) -> bool:
    """Return whether scores are those of a pipeline that has learned next to nothing.

    Args:
        f1: F1 of whole entities, in [0, 1], which is 0 if none are predicted; or that
            of categories. None if unknown.
        baseline: F1 of a pipeline that has learned nothing.
    """
    return f1 is not None and f1 < baseline + LEAST_F1 * (1.0 - baseline)


def has_learned_nothing(row: Row, references: ReferenceCounts) -> bool:
    """Return whether a pipeline has learned next to nothing.

    For entities, it finds next to none. For categories, it is hardly better than
    always choosing the most frequent one. A classifier that recognizes rare categories
    at the cost of the frequent one has learned something.

    Args:
        row: Its measurements.
        references: What it was compared with.
    """
    if not is_untrained(row.f1, references.baseline):
        return False
    if references.task != EXCLUSIVE:
        return True
    # The mean recall of any choice that ignores the text is one over their number.
    found = [row.per_type.get(label) for label in references.entities]
    recalls = [0.0 if score is None else score.recall for score in found]
    return is_untrained(sum(recalls) / len(recalls), 1.0 / len(recalls))


def compare_rows(
    rows: Sequence[Row],
    *,
    other_labels: Collection[str] = (),
    untrained: Optional[Collection[str]] = None,
) -> Optional[Comparison]:
    """Compare the last row with the others.

    Nothing is compared with a pipeline that is hardly better than nothing, and no F1
    with that of a pipeline whose labels differ from the gold annotation's.

    Args:
        rows: Measured pipelines.
        other_labels: Names of the pipelines whose labels differ from those of the gold
            annotation.
        untrained: Names of the pipelines that have learned next to nothing; by default
            those whose F1 says so, as for entities.

    Returns:
        The comparison; None with fewer than two rows.
    """
    if len(rows) < 2:
        return None
    first, last = rows[0], rows[-1]
    if untrained is None:
        untrained = [row.name for row in rows if is_untrained(row.f1)]
    works = first.name not in untrained and last.name not in untrained
    scored = [
        row
        for row in rows
        if row.name not in untrained and row.name not in other_labels
    ]
    return Comparison(
        pipeline=last.name,
        against=first.name,
        fewer_parameters=_times(_numbers(first), _numbers(last)) if works else None,
        smaller=_times(first.size, last.size) if works else None,
        faster=(
            _times(last.words_per_second, first.words_per_second) if works else None
        ),
        f1_share=(
            _times(last.f1, first.f1) if first in scored and last in scored else None
        ),
        f1_gain=(
            {row.name: last.f1 - row.f1 for row in scored if row is not last}
            if last in scored
            else {}
        ),
    )


def _numbers(row: Row) -> Optional[int]:
    return None if row.parameters is None else row.parameters + row.table


def _times(more: Optional[float], less: Optional[float]) -> Optional[float]:
    return more / less if more is not None and less else None
