"""Several teachers as one."""

import math
from functools import cached_property
from typing import Callable, Dict, Iterator, List, Optional, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ..arrays import log_softmax
from ..docs import bare_doc
from ..errors import DistillError
from ..files import sha256_bytes
from ..tasks.ner.tags import entity_labels
from ..words import WordPieces
from .base import LostEntity, Teacher


class EnsembleTeacher(Teacher):
    """The weighted mean of the members' probabilities; see `ensemble_teacher_v1`."""

    def __init__(
        self,
        members: Dict[str, Teacher],
        *,
        weights: Optional[Dict[str, float]] = None,
    ) -> None:
        if not members:
            raise DistillError(
                "Expected an ensemble with at least one member, got none: add"
                " [teacher.members.NAME] or paths."
            )
        for name, member in members.items():
            if not isinstance(member, Teacher):
                raise DistillError(
                    f"Expected a teacher as member {name!r} of the ensemble, got a"
                    f" {type(member).__name__}."
                )
        weights = dict.fromkeys(members, 1.0) if weights is None else weights
        _check_weights(members, weights)
        self._members = members
        total = sum(weights.values())
        self._weights = {name: weights[name] / total for name in members}
        first = next(iter(members.values()))
        self._columns = {
            name: _columns(first, name, member) for name, member in members.items()
        }
        self._own: Dict[str, List[Doc]] = {}

    @property
    def name(self) -> str:
        """The members' names."""
        return f"ensemble of {', '.join(self._members)}"

    @property
    def tags(self) -> Tuple[str, ...]:
        """The first member's tags."""
        return self._first.tags

    @property
    def nlp(self) -> Language:
        """The first member's pipeline."""
        return self._first.nlp

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the members' hashes and weights."""
        parts = [
            f"{self._members[name].hash} {weight!r}"
            for name, weight in self._weights.items()
        ]
        return sha256_bytes("\n".join(parts).encode("utf-8"))

    @property
    def whole_documents(self) -> bool:
        """Whether any member needs them."""
        return any(member.whole_documents for member in self._members.values())

    def check_texts(self, read: Callable[[], Iterator[Doc]]) -> None:
        """Have every member check them."""
        for member in self._members.values():
            member.check_texts(read)

    def logits(self, docs: List[Doc]) -> List[np.ndarray]:
        """Return the log of the mean probabilities, float32 [n_tokens, n_tags]."""
        means = [np.full((len(doc), len(self.tags)), -np.inf) for doc in docs]
        for name, weight in self._weights.items():
            member = self._members[name]
            # Copies, as a member writes on its Docs.
            self._own[name] = [bare_doc(doc, member.nlp.vocab) for doc in docs]
            # In log space, so that the smallest probabilities are not lost.
            for i, logits in enumerate(member.logits(self._own[name])):
                log_probs = log_softmax(logits.astype(np.float64))
                with np.errstate(divide="ignore"):
                    share = np.log(weight) + log_probs[:, self._columns[name]]
                means[i] = np.logaddexp(means[i], share)
        return [mean.astype(np.float32) for mean in means]

    def sizes(self, docs: List[Doc]) -> List[int]:
        """Return the sizes that the first member sees."""
        return self._first.sizes(docs)

    def without_pieces(self, docs: List[Doc]) -> List[np.ndarray]:
        """Mark the tokens that every member was blind to."""
        marked = [np.ones(len(doc), dtype=bool) for doc in docs]
        for name, member in self._members.items():
            for mine, blind in zip(marked, member.without_pieces(self._own[name])):
                mine &= blind
        return marked

    def lost_entities(self, docs: List[Doc]) -> List[List[LostEntity]]:
        """Name what any member lost."""
        lost: List[List[LostEntity]] = [[] for _ in docs]
        for name, member in self._members.items():
            for mine, more in zip(lost, member.lost_entities(self._own[name])):
                mine.extend(entity for entity in more if entity not in mine)
        return lost

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the pieces of the first member that has any."""
        found = (member.word_pieces() for member in self._members.values())
        return next((pieces for pieces in found if pieces is not None), None)

    @property
    def _first(self) -> Teacher:
        return next(iter(self._members.values()))


def _check_weights(members: Dict[str, Teacher], weights: Dict[str, float]) -> None:
    if set(weights) != set(members):
        raise DistillError(
            f"Expected weights for the members {', '.join(members)}, got some for"
            f" {', '.join(weights) or 'none'}."
        )
    total = sum(weights.values())
    if min(weights.values()) < 0 or not (total > 0 and math.isfinite(total)):
        raise DistillError(f"Expected weights of 0 or more, not all 0, got {weights}.")


def _columns(first: Teacher, name: str, member: Teacher) -> List[int]:
    """Where the first member's tags are among this member's."""
    if set(member.tags) != set(first.tags):
        raise DistillError(
            "Expected the same labels of all members, got"
            f" {', '.join(entity_labels(first.tags))} of the first and"
            f" {', '.join(entity_labels(member.tags))} of {name!r}: map them with"
            " spacy_distill.MappedTeacher.v1."
        )
    return [member.tags.index(tag) for tag in first.tags]
