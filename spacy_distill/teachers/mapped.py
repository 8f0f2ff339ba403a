"""A teacher under other labels."""

import json
from functools import cached_property
from typing import Any, Callable, Dict, Iterator, List, Optional, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry

from ..arrays import log_softmax
from ..errors import DistillError
from ..files import sha256_bytes
from ..tasks.ner.tags import OUTSIDE, biluo_tags, entity_labels
from ..words import WordPieces
from .base import LostEntity, Teacher


@registry.misc("spacy_distill.MappedTeacher.v1")
def mapped_teacher_v1(
    # Not Teacher: confection checks the value before it builds it.
    teacher: Any,
    labels: Optional[Dict[str, Optional[str]]] = None,
) -> Teacher:
    """A teacher whose labels are renamed, merged or dropped.

    teacher: any teacher.
    labels: for each of its labels the new one, or None (null) for what shall be no
        entity. The new labels come in order of first appearance. Left out, the error
        has a map to start from.

    Raises DistillError, with a map to paste, if a label of the teacher is missing, and
        if one is mapped that the teacher does not have, or none is left.
    """
    return MappedTeacher(teacher, labels or {})


class MappedTeacher(Teacher):
    """A teacher's probabilities summed by new labels; see `mapped_teacher_v1`."""

    def __init__(self, teacher: Teacher, labels: Dict[str, Optional[str]]) -> None:
        if not isinstance(teacher, Teacher):
            raise DistillError(
                "Expected a teacher to map the labels of, got a"
                f" {type(teacher).__name__}: name one in [teacher.teacher]."
            )
        _check_labels(teacher, labels)
        self._teacher = teacher
        self._labels = {label: labels[label] for label in entity_labels(teacher.tags)}
        new = [label for label in labels.values() if label is not None]
        self._tags = biluo_tags(list(dict.fromkeys(new)))
        self._columns = [
            self._tags.index(_new_tag(tag, self._labels)) for tag in teacher.tags
        ]

    @property
    def name(self) -> str:
        """The teacher's own name."""
        return self._teacher.name

    @property
    def tags(self) -> Tuple[str, ...]:
        """BILUO tags of the new labels, in order of first appearance in the map."""
        return self._tags

    @property
    def nlp(self) -> Language:
        """The teacher's own pipeline."""
        return self._teacher.nlp

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the teacher's hash and the map."""
        parts = [self._teacher.hash, self._labels, self._tags]
        return sha256_bytes(json.dumps(parts).encode("utf-8"))

    @property
    def whole_documents(self) -> bool:
        """Whether the teacher needs them."""
        return self._teacher.whole_documents

    def check_texts(self, read: Callable[[], Iterator[Doc]]) -> None:
        """Have the teacher check them."""
        self._teacher.check_texts(read)

    def logits(self, docs: List[Doc]) -> List[np.ndarray]:
        """Return log-probabilities, float32 [n_tokens, n_tags] for each Doc.

        That of a tag is of the sum over all tags that became it, `B-GPE` and `B-LOC`
        for `B-LOC`; tags of dropped labels become `O`.
        """
        return [self._summed(logits) for logits in self._teacher.logits(docs)]

    def sizes(self, docs: List[Doc]) -> List[int]:
        """Return the sizes that the teacher sees."""
        return self._teacher.sizes(docs)

    def without_pieces(self, docs: List[Doc]) -> List[np.ndarray]:
        """Mark the tokens that the teacher was blind to."""
        return self._teacher.without_pieces(docs)

    def lost_entities(self, docs: List[Doc]) -> List[List[LostEntity]]:
        """Name what the teacher lost, by the new labels; what is dropped is no loss."""
        lost = []
        for entities in self._teacher.lost_entities(docs):
            # A label that is no tag, as in a file of annotations, is kept as it is.
            new = ((e, self._labels.get(e.label, e.label)) for e in entities)
            lost.append(
                [e._replace(label=label) for e, label in new if label is not None]
            )
        return lost

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the teacher's pieces."""
        return self._teacher.word_pieces()

    def _summed(self, logits: np.ndarray) -> np.ndarray:
        log_probs = log_softmax(logits.astype(np.float64))
        out = np.full((len(logits), len(self._tags)), -np.inf)
        # In log space, so that the smallest probabilities are not lost.
        for old, new in enumerate(self._columns):
            out[:, new] = np.logaddexp(out[:, new], log_probs[:, old])
        return out.astype(np.float32)


def _new_tag(tag: str, labels: Dict[str, Optional[str]]) -> str:
    label = None if tag == OUTSIDE else labels[tag[2:]]
    return OUTSIDE if label is None else f"{tag[:2]}{label}"


def _check_labels(teacher: Teacher, labels: Dict[str, Optional[str]]) -> None:
    known = entity_labels(teacher.tags)
    unmapped = [label for label in known if label not in labels]
    if unmapped:
        # On one line, so that it can be pasted wherever the section stands.
        whole = json.dumps(
            {label: labels.get(label, label) for label in known}, ensure_ascii=False
        )
        raise DistillError(
            f"Expected a map of all labels of {teacher.name}, got none for"
            f" {', '.join(unmapped)}. Paste this below @misc, in place of any map that"
            f" is there, with null for what shall be no entity: labels = {whole}"
        )
    unknown = [label for label in labels if label not in known]
    if unknown:
        raise DistillError(
            f"Expected a map of the labels of {teacher.name}, which are"
            f" {', '.join(known)}, got {', '.join(map(repr, unknown))} too: remove"
            f" {'it' if len(unknown) == 1 else 'them'}."
        )
    if not all(label is None or label.strip() for label in labels.values()):
        raise DistillError(
            f"Expected new labels, or null for no entity, got {json.dumps(labels)}."
        )
    if all(label is None for label in labels.values()):
        raise DistillError(
            f"Expected at least one label of {teacher.name} to be kept, got null for"
            f" {', '.join(known)}."
        )
