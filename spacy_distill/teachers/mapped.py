"""A teacher with renamed, merged or dropped labels."""

import json
from functools import cached_property
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry

from ..errors import DistillError
from ..files import sha256_bytes
from ..tasks.base import Task
from ..words import WordPieces
from .base import DroppedSpan, Prediction, Teacher
from .map_checks import check_label_map


@registry.misc("spacy_distill.MappedTeacher.v1")
def mapped_teacher_v1(
    # Not Teacher, since confection validates the value before it resolves the block.
    teacher: Any,
    labels: Optional[Dict[str, Optional[str]]] = None,
) -> Teacher:
    """Create a teacher whose labels are renamed, merged or dropped.

    Args:
        teacher: Any teacher.
        labels: New label of each of the teacher's labels; None (null) drops a label.
            If categories are exclusive, the others are normalized then. The order of
            the new labels is that of their first appearance. Without a map, the error
            message contains one to start from.

    Returns:
        The teacher with the new labels.

    Raises:
        DistillError: If a label is missing, with a complete map to paste; if the map
            has labels that the teacher does not have; or if all labels are dropped.
    """
    return MappedTeacher(teacher, labels or {})


class MappedTeacher(Teacher):
    """A teacher that sums the probabilities of another teacher by new labels.

    Args:
        teacher: Any teacher.
        labels: New label of each of the teacher's labels; None drops a label. See
            `mapped_teacher_v1`.

    Raises:
        DistillError: If the labels do not match the teacher's, or all are dropped.
    """

    def __init__(self, teacher: Teacher, labels: Dict[str, Optional[str]]) -> None:
        if not isinstance(teacher, Teacher):
            raise DistillError(
                "Expected a teacher to map the labels of, got a"
                f" {type(teacher).__name__}: name one in [teacher.teacher]."
            )
        check_label_map(labels, teacher)
        self._teacher = teacher
        self._labels = {label: labels[label] for label in teacher.task.labels}
        self._task, self._columns = teacher.task.relabel(labels)

    @property
    def name(self) -> str:
        """Name of the teacher."""
        return self._teacher.name

    @property
    def task(self) -> Task:
        """The teacher's task with the new labels."""
        return self._task

    @property
    def nlp(self) -> Language:
        """Pipeline of the teacher."""
        return self._teacher.nlp

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the teacher's hash and the map."""
        parts = [self._teacher.hash, self._labels, self._task.columns]
        return sha256_bytes(json.dumps(parts).encode("utf-8"))

    @property
    def whole_documents(self) -> bool:
        """Whether the teacher needs full documents."""
        return self._teacher.whole_documents

    def check_texts(self, read: Callable[[], Iterator[Doc]]) -> None:
        """Check that the teacher can predict the texts.

        Args:
            read: Returns an iterator over all Docs each time it is called.
        """
        self._teacher.check_texts(read)

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs.

        Args:
            docs: Docs to predict, passed to the teacher.

        Returns:
            Log-probabilities, float32 [n_rows, n_columns]. The probability of a column
            is the sum over the teacher's columns that are mapped to it, such as
            `B-GPE` and `B-FAC` for `B-LOC`; of categories that are not exclusive, the
            log-odds of the most probable. Entities that the teacher dropped have their
            new labels; those with dropped labels are left out.
        """
        return [
            prediction._replace(
                logits=self._teacher.task.merge_columns(
                    prediction.logits, self._columns, len(self._task.columns)
                ),
                dropped=self._relabel(prediction.dropped),
            )
            for prediction in self._teacher.predict(docs)
        ]

    def sizes(self, docs: List[Doc]) -> List[int]:
        """Return the input sizes of the teacher.

        Args:
            docs: Docs to measure.

        Returns:
            The size of each Doc.
        """
        return self._teacher.sizes(docs)

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the teacher's word pieces."""
        return self._teacher.word_pieces()

    def _relabel(self, dropped: Tuple[DroppedSpan, ...]) -> Tuple[DroppedSpan, ...]:
        # Invalid labels, as in a file of annotations, are not in the map and are kept.
        new = ((span, self._labels.get(span.label, span.label)) for span in dropped)
        return tuple(
            span._replace(label=label) for span, label in new if label is not None
        )
