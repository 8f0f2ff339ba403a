"""Probabilities of categories for teachers whose models have no logits."""

from typing import Mapping, Sequence

import numpy as np

from ..corpora.formats.categories.records import TOLERANCE
from ..errors import DistillError
from ..tasks.textcat.task import TextCatTask
from .probabilities import FLOOR


def category_logits(probabilities: np.ndarray, task: TextCatTask) -> np.ndarray:
    """Convert probabilities of categories to logits.

    Probabilities below `FLOOR`, and of several categories above 1 - `FLOOR`, become
    these.

    Args:
        probabilities: Probabilities [n, n_categories].
        task: The task.

    Returns:
        Log-probabilities of exclusive categories, otherwise log-odds, float32 [n,
        n_categories].
    """
    p = np.clip(probabilities.astype(np.float64), FLOOR, 1.0)
    if task.exclusive:
        logits = np.log(p / p.sum(axis=1, keepdims=True))
    else:
        p = np.minimum(p, 1.0 - FLOOR)
        logits = np.log(p / (1.0 - p))
    out: np.ndarray = logits.astype(np.float32)
    return out


def check_scores(
    scores: Mapping[str, float], task: TextCatTask, *, source: str
) -> None:
    """Check that scores are probabilities of the task's categories.

    Args:
        scores: Scores by category.
        task: The task.
        source: Where they are from, for error messages.

    Raises:
        DistillError: If a category is unknown, if a score is not in [0, 1], or if the
            scores of exclusive categories sum to something else than 1.
    """
    for label, score in scores.items():
        if label not in task.labels:
            raise DistillError(
                f"Expected categories out of {', '.join(task.labels)} from {source},"
                f" got {label!r}: add it to the labels, or correct it."
            )
        if not 0.0 <= score <= 1.0:
            raise DistillError(
                f"Expected scores from 0 to 1 from {source}, got {score} for"
                f" {label!r}: use probabilities as scores."
            )
    total = sum(scores.values())
    is_complete = len(scores) == len(task.labels)
    if task.exclusive and (
        total > 1.0 + TOLERANCE or (is_complete and total < 1.0 - TOLERANCE)
    ):
        raise DistillError(
            f"Expected scores that sum to 1 from {source}, as categories exclude each"
            f" other, got a sum of {total:.3g}: normalize them, or make the categories"
            ' independent by task = "textcat_multilabel".'
        )


def complete_scores(
    scores: Sequence[Mapping[str, float]], task: TextCatTask
) -> np.ndarray:
    """Complete the scores of some categories to probabilities of all.

    If categories are exclusive, those without a score share what is missing to 1
    equally. Otherwise their probability is 0.

    Args:
        scores: Scores by category, for each text; see `check_scores`.
        task: The task.

    Returns:
        Probabilities, float64 [n_texts, n_categories].
    """
    out = np.zeros((len(scores), len(task.labels)))
    for row, found in zip(out, scores):
        missing = [i for i, label in enumerate(task.labels) if label not in found]
        for label, score in found.items():
            row[task.labels.index(label)] = score
        if task.exclusive:
            rest = max(0.0, 1.0 - row.sum())
            row[missing] = rest / max(len(missing), 1)
            row /= row.sum()
    return out
