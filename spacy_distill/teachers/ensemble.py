"""Ensembles of teachers."""

import json
import math
from functools import cached_property
from typing import Callable, Dict, Iterator, List, Optional, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ..docs import bare_doc
from ..errors import DistillError
from ..files import sha256_bytes
from ..label_maps import suggest_map
from ..tasks.base import Task
from ..words import WordPieces
from .base import DroppedSpan, Prediction, Teacher


class EnsembleTeacher(Teacher):
    """A teacher that averages the probabilities of several teachers.

    The first member determines the tokenizer, the vocab and the order of the columns.
    See also `ensemble_teacher_v1`.

    Args:
        members: Teachers by name.
        weights: Weight of each member by name, normalized to sum to 1. By default all
            weights are equal.

    Raises:
        DistillError: If there are no members, if their columns differ, or if the
            weights do not match the members.
    """

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
                    f" {type(member).__name__}: name a registered teacher."
                )
        weights = dict.fromkeys(members, 1.0) if weights is None else weights
        _check_weights(members, weights)
        self._members = members
        total = sum(weights.values())
        self._weights = {name: weights[name] / total for name in members}
        self._first = next(iter(members.values()))
        self._columns = {
            name: _match_columns(self._first, name, member)
            for name, member in members.items()
        }

    @property
    def name(self) -> str:
        """Names of the members."""
        return f"ensemble of {', '.join(self._members)}"

    @property
    def task(self) -> Task:
        """Task of the first member."""
        return self._first.task

    @property
    def nlp(self) -> Language:
        """Pipeline of the first member."""
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
        """Whether any member needs full documents."""
        return any(member.whole_documents for member in self._members.values())

    def check_texts(self, read: Callable[[], Iterator[Doc]]) -> None:
        """Check that all members can predict the texts.

        Args:
            read: Returns an iterator over all Docs each time it is called.
        """
        for member in self._members.values():
            member.check_texts(read)

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs.

        Args:
            docs: Docs to predict. They are copied and not modified.

        Returns:
            Logarithms of the mean probabilities, float32 [n_rows, n_columns]. Tokens
            are unaligned if no member could see them. Entities are dropped if any
            member dropped them.
        """
        members = {
            name: self._predict_member(member, docs)
            for name, member in self._members.items()
        }
        return [
            Prediction(
                logits=self._mean(
                    {name: found[i].logits for name, found in members.items()}
                ),
                unaligned=_intersection([p[i].unaligned for p in members.values()]),
                dropped=_union([p[i].dropped for p in members.values()]),
            )
            for i in range(len(docs))
        ]

    def sizes(self, docs: List[Doc]) -> List[int]:
        """Return the input sizes of the first member.

        Args:
            docs: Docs to measure.

        Returns:
            The size of each Doc.
        """
        return self._first.sizes(docs)

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the word pieces of the first member that has any."""
        found = (member.word_pieces() for member in self._members.values())
        return next((pieces for pieces in found if pieces is not None), None)

    def _predict_member(self, member: Teacher, docs: List[Doc]) -> List[Prediction]:
        # Members may annotate their Docs, so each gets copies in its own vocab.
        return member.predict([bare_doc(doc, member.nlp.vocab) for doc in docs])

    def _mean(self, logits: Dict[str, np.ndarray]) -> np.ndarray:
        """Average the members' probabilities of one Doc."""
        return self.task.average(
            [logits[name][:, self._columns[name]] for name in self._weights],
            list(self._weights.values()),
        )


def _intersection(masks: List[Optional[np.ndarray]]) -> Optional[np.ndarray]:
    """Return the tokens that all masks mark; None if there are none."""
    marked = [mask for mask in masks if mask is not None]
    if len(marked) < len(masks):
        return None
    common: np.ndarray = np.logical_and.reduce(marked)
    return common if common.any() else None


def _union(dropped: List[Tuple[DroppedSpan, ...]]) -> Tuple[DroppedSpan, ...]:
    """Return all dropped spans, without duplicates, in order."""
    return tuple(dict.fromkeys(span for spans in dropped for span in spans))


def _check_weights(members: Dict[str, Teacher], weights: Dict[str, float]) -> None:
    if set(weights) != set(members):
        raise DistillError(
            f"Expected weights for the members {', '.join(members)}, got some for"
            f" {', '.join(weights) or 'none'}: give one weight for each member."
        )
    total = sum(weights.values())
    if min(weights.values()) < 0 or not (total > 0 and math.isfinite(total)):
        raise DistillError(
            f"Expected weights of 0 or more, not all 0, got {weights}: correct them."
        )


def _match_columns(first: Teacher, name: str, member: Teacher) -> List[int]:
    """Return the member's column for each column of the first member."""
    if member.task.name != first.task.name:
        raise DistillError(
            f"Expected members of one task, got {first.task.name} of the first and"
            f" {member.task.name} of {name!r}: take one of them out."
        )
    if set(member.task.columns) != set(first.task.columns):
        raise DistillError(
            "Expected the same labels of all members, got"
            f" {', '.join(first.task.labels)} of the first and"
            f" {', '.join(member.task.labels)} of {name!r}: map them with"
            f" spacy_distill.MappedTeacher.v1, {_suggest_maps(first, name, member)}"
        )
    return [member.task.columns.index(column) for column in first.task.columns]


def _suggest_maps(first: Teacher, name: str, member: Teacher) -> str:
    """Suggest maps to the labels that two members share."""
    wanted = first.task.labels
    of_member = suggest_map(member.task.labels, wanted)
    shared = {label for label in of_member.values() if label is not None}
    if not shared:
        return (
            f"with one of {', '.join(wanted)}, or null, for each label of {name!r}:"
            f" labels = {json.dumps(of_member, ensure_ascii=False)}"
        )
    maps = {repr(name): of_member}
    if shared < set(wanted):
        # Labels that only the first member has cannot be averaged.
        of_first = {label: label if label in shared else None for label in wanted}
        maps = {"the first": of_first, **maps}
    return ", ".join(
        f"those of {owner} by labels = {json.dumps(labels, ensure_ascii=False)}"
        for owner, labels in maps.items()
    )
