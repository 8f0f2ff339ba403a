"""Convert Examples to categories and training targets."""

from numbers import Real
from typing import Dict, Iterable, List, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from ...docs import COLUMNS, GOLD_LABELS, LOGITS
from ...errors import DistillError
from ...losses.base import Targets


class Survey(NamedTuple):
    """What training data contain.

    Attributes:
        gold: Categories of gold documents, in order of first appearance.
        teacher: The teacher's categories in column order; None without soft labels.
    """

    gold: Tuple[str, ...]
    teacher: Optional[Tuple[str, ...]]


def survey(examples: Iterable[Example]) -> Survey:
    """Find the categories in training data.

    A reader that knows categories of later Examples names them in the first one's user
    data, since `spacy train` shows the first 100 Examples only if max_epochs is -1.

    Args:
        examples: The training data.

    Raises:
        DistillError: If two teachers have different categories.
    """
    gold: Dict[str, None] = {}
    teacher: Optional[Tuple[str, ...]] = None
    for eg in examples:
        reference = eg.reference
        columns = reference.user_data.get(COLUMNS)
        gold.update(dict.fromkeys(reference.user_data.get(GOLD_LABELS, ())))
        if LOGITS not in reference.user_data:
            gold.update(dict.fromkeys(reference.cats))
        if columns is None:
            continue
        if teacher is not None and tuple(columns) != teacher:
            raise DistillError(
                f"Expected soft labels of one label set, got {_short(teacher)} and"
                f" {_short(columns)}: annotate all texts with the same teacher."
            )
        teacher = tuple(columns)
    return Survey(tuple(gold), teacher)


def find_labels(
    found: Survey, given: Optional[Sequence[str]], added: Sequence[str] = ()
) -> Tuple[str, ...]:
    """Return the categories given, else the teacher's, else those of the gold, sorted.

    Args:
        found: Categories in the training data.
        given: Categories from the config.
        added: Categories that the component has already.

    Raises:
        DistillError: If the categories given are not the teacher's, or if the gold
            annotation has one that is not among those given, the teacher's or the
            added.
    """
    teacher = found.teacher
    if given is not None and teacher is not None and tuple(given) != teacher:
        raise DistillError(
            f"Expected the teacher's categories {_short(teacher)} in this order, got"
            f" {_short(given)} in [initialize.components.textcat]: remove them there,"
            " or annotate with a teacher that has them."
        )
    known = given if given is not None else teacher
    labels = tuple(sorted(found.gold)) if known is None else tuple(known)
    unknown = sorted(set(found.gold) - {*labels, *added})
    if unknown:
        raise DistillError(
            f"Expected documents with the categories {_short(labels)}, got"
            f" {_short(unknown)} in the gold data: rename them there, or train the"
            " teacher on them too."
        )
    return labels


def check_categories(labels: Sequence[str], *, exclusive: bool) -> None:
    """Check that there is something to tell apart.

    Args:
        labels: All categories.
        exclusive: Whether each document has exactly one of them.

    Raises:
        DistillError: If there are no categories, or if there is just one and all
            documents must have it.
    """
    if exclusive and len(labels) == 1:
        raise DistillError(
            "Expected two or more categories that exclude each other, got"
            f" {labels[0]!r} alone: annotate documents of the other category too, or"
            " set exclusive = false."
        )
    if not labels:
        raise DistillError(
            "Expected categories or soft labels in the training data, got neither: set"
            " doc.cats, and check [corpora.train]."
        )


def gold_category(cats: Mapping[str, float], text: str) -> Optional[str]:
    """Return the one category of a document.

    Args:
        cats: `doc.cats`.
        text: Text of the document, for error messages.

    Returns:
        The category; None for a document without annotation.

    Raises:
        DistillError: If the document has several or none, or values outside of 0 to 1.
    """
    if not cats:
        return None
    check_probabilities(cats, text)
    chosen = [label for label, value in cats.items() if value >= 0.5]
    if len(chosen) != 1:
        raise DistillError(
            "Expected one category for each document, got"
            f" {', '.join(chosen) or 'none'} for {text[:40]!r}: correct doc.cats, or"
            " set exclusive = false, with a teacher for several categories"
            " (textcat_multilabel)."
        )
    return chosen[0]


def get_targets(
    examples: Iterable[Example], labels: Sequence[str], *, exclusive: bool
) -> Targets:
    """Return the training targets of Examples.

    With exclusive categories there is a row for each Example and a column for each
    category. Otherwise there is a row for each pair of Example and category, and two
    columns, for no and yes. The teacher's logits are then 0 for no and the log-odds for
    yes, since a softmax over (0, z) is the sigmoid of z; so the same losses apply.

    Args:
        examples: The Examples; stored logits are in `eg.reference.user_data`.
        labels: The component's categories.
        exclusive: Whether each document has exactly one category.

    Raises:
        DistillError: If a category is unknown, gold annotation does not fit, or stored
            logits do not fit the categories or are not finite.
    """
    examples = list(examples)
    gold = np.full((len(examples), len(labels)), -1, dtype=np.int64)
    teacher = np.zeros((len(examples), len(labels)), dtype=np.float32)
    has_teacher = np.zeros(len(examples), dtype=bool)
    for i, eg in enumerate(examples):
        logits = eg.reference.user_data.get(LOGITS)
        if logits is None:
            gold[i] = _gold_row(eg.reference, labels, exclusive=exclusive)
        else:
            _check_logits(logits, eg.reference, labels)
            teacher[i] = logits[0]
            has_teacher[i] = True
    if exclusive:
        annotated = (gold >= 0).any(axis=1)
        columns = np.where(annotated, gold.argmax(axis=1), -1)
        pseudo = np.where(has_teacher, teacher.argmax(axis=1), -1)
        return Targets(columns, teacher, has_teacher, pseudo)
    has_teacher = np.repeat(has_teacher, len(labels))
    pseudo = np.where(has_teacher, (teacher.ravel() > 0).astype(np.int64), -1)
    return Targets(gold.ravel(), as_pairs(teacher), has_teacher, pseudo)


def as_pairs(logits: np.ndarray) -> np.ndarray:
    """Return logits of pairs of document and category: 0 for no, z for yes.

    Args:
        logits: Logits z of categories that are not exclusive, [n_docs, n_categories].

    Returns:
        [n_docs * n_categories, 2].
    """
    flat = logits.ravel()
    return np.stack([np.zeros_like(flat), flat], axis=1)


def _gold_row(doc: Doc, labels: Sequence[str], *, exclusive: bool) -> List[int]:
    """1 for the categories of a Doc, 0 for the others; -1 for what is not annotated."""
    cats = doc.cats
    unknown = [label for label in cats if label not in labels]
    if unknown:
        raise DistillError(
            f"Expected categories out of {_short(labels)}, got {unknown[0]!r} for"
            f" {doc.text[:40]!r}: name all of them in"
            " [initialize.components.textcat.labels], or add it with `add_label`."
        )
    if exclusive:
        category = gold_category(cats, doc.text)
        if category is None:
            return [-1] * len(labels)
        return [int(label == category) for label in labels]
    check_probabilities(cats, doc.text)
    return [int(cats[label] >= 0.5) if label in cats else -1 for label in labels]


def check_probabilities(cats: Mapping[str, float], text: str) -> None:
    """Check the values of `doc.cats`.

    Args:
        cats: `doc.cats`.
        text: Text of the document, for error messages.

    Raises:
        DistillError: If a value is no number in [0, 1].
    """
    for label, value in cats.items():
        if not isinstance(value, Real) or not 0.0 <= float(value) <= 1.0:
            raise DistillError(
                f"Expected values from 0 to 1 in doc.cats, got {value!r} for {label!r}"
                f" of {text[:40]!r}: correct the gold annotation."
            )


def _check_logits(logits: np.ndarray, doc: Doc, labels: Sequence[str]) -> None:
    theirs = tuple(doc.user_data.get(COLUMNS, ()))
    if theirs != tuple(labels):
        raise DistillError(
            f"Expected soft labels with the student's categories {_short(labels)},"
            f" got the teacher's {_short(theirs)} for {doc.text[:40]!r}: give the"
            " student the teacher's ([initialize.components.textcat.labels]) or"
            " annotate again."
        )
    if logits.shape != (1, len(labels)) or not np.isfinite(logits).all():
        raise DistillError(
            f"Expected finite logits of shape {(1, len(labels))}, got"
            f" {logits.shape} for {doc.text[:40]!r}: annotate again."
        )


def _short(labels: Sequence[str]) -> str:
    return ", ".join(labels[:9]) + (", ..." if len(labels) > 9 else "")
