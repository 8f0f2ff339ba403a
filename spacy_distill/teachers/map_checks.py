"""Checks of label maps against a teacher's labels, with maps to paste."""

import json
from typing import Iterable, Mapping, Optional

from ..corpora.tag_spellings import is_outside, similar_labels
from ..errors import DistillError
from ..label_maps import suggest_map
from ..tasks.textcat.task import TextCatTask
from .base import Teacher


def check_label_map(labels: Mapping[str, Optional[str]], teacher: Teacher) -> None:
    """Check a label map.

    Args:
        labels: New label of each of the teacher's labels; None drops a label.
        teacher: The teacher.

    Raises:
        DistillError: If a label is missing, with a complete map to paste; if the map
            has labels that the teacher does not have, or new ones that cannot be meant;
            or if too few labels are left.
    """
    _check_old(labels, teacher)
    new = [label for label in labels.values() if label is not None]
    if not all(label.strip() for label in new):
        raise DistillError(
            f"Expected new labels, or null for {_null(teacher)}, got"
            f" {json.dumps(labels)}: replace the empty ones."
        )
    # A category may have any name.
    if _has_entities(teacher) and any(is_outside(label) for label in new):
        complete = {
            old: None if label is None or is_outside(label) else label
            for old, label in labels.items()
        }
        raise DistillError(
            f"Expected null for labels of {teacher.name} that are no entity, got"
            f" {_quoted(label for label in new if is_outside(label))}."
            f" {_paste(complete, teacher)}"
        )
    for similar in similar_labels(new):
        complete = {
            old: similar[0] if label in similar else label
            for old, label in labels.items()
        }
        raise DistillError(
            "Expected new labels that differ in more than case and separators, got"
            f" {_quoted(similar)}. {_paste(complete, teacher)}"
        )
    _check_left(new, teacher)


def _check_old(labels: Mapping[str, Optional[str]], teacher: Teacher) -> None:
    known = teacher.task.labels
    unknown = [label for label in labels if label not in known]
    unmapped = [label for label in known if label not in labels]
    if unmapped:
        # A label that was meant by another name, as "per" for "PER", is mapped alike.
        meant = suggest_map(unmapped, unknown)
        given = {label: meant.get(label) or label for label in known}
        complete = {label: labels.get(name, label) for label, name in given.items()}
        others = f" and some for {_quoted(unknown)}, which it lacks" if unknown else ""
        raise DistillError(
            f"Expected a map of all labels of {teacher.name}, got none for"
            f" {', '.join(unmapped)}{others}. {_paste(complete, teacher)}"
        )
    if unknown:
        raise DistillError(
            f"Expected a map of the labels of {teacher.name}, which are"
            f" {', '.join(known)}, got {_quoted(unknown)} too: remove"
            f" {'it' if len(unknown) == 1 else 'them'}."
        )


def _check_left(new: Iterable[str], teacher: Teacher) -> None:
    """Check that something is left to tell apart."""
    task, left = teacher.task, list(dict.fromkeys(new))
    if not left:
        raise DistillError(
            f"Expected at least one label of {teacher.name} to be kept, got null for"
            f" {', '.join(task.labels)}: give a new label for one of them."
        )
    if isinstance(task, TextCatTask) and task.exclusive and len(left) == 1:
        raise DistillError(
            f"Expected two or more categories of {teacher.name} to be kept, since they"
            f" exclude each other, got {left[0]!r} alone: keep another one."
        )


def _has_entities(teacher: Teacher) -> bool:
    return not isinstance(teacher.task, TextCatTask)


def _null(teacher: Teacher) -> str:
    return "no entity" if _has_entities(teacher) else "a category to leave out"


def _paste(labels: Mapping[str, Optional[str]], teacher: Teacher) -> str:
    null = "labels that are no entity"
    if not _has_entities(teacher):
        null = "categories to leave out"
    # On one line, since that can be pasted into any section.
    return (
        "Paste this below @misc, in place of any existing map, with null for"
        f" {null}: labels = {json.dumps(labels, ensure_ascii=False)}"
    )


def _quoted(labels: Iterable[str]) -> str:
    return ", ".join(map(repr, dict.fromkeys(labels)))
