"""Losses of softmax scores: cross entropy, and divergences from a teacher.

Each divergence takes logits [n_rows, n_columns] of student and teacher, weights
[n_rows] and a temperature, and returns the weighted sum over rows with its derivative
by the student's logits.
"""

from typing import Callable, Dict, Tuple

import numpy as np

from ..arrays import log_softmax

Divergence = Callable[
    [np.ndarray, np.ndarray, np.ndarray, float], Tuple[float, np.ndarray]
]


def cross_entropy(
    logits: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> Tuple[float, np.ndarray]:
    """Return the weighted sum of -log p(label), and its derivative by the logits.

    Args:
        logits: [n_rows, n_columns].
        labels: Columns, int64 [n_rows]; -1 for none.
        weights: [n_rows].
    """
    known = labels >= 0
    weights = weights * known
    columns = np.where(known, labels, 0)
    rows = np.arange(len(labels))
    log_probs = log_softmax(logits)
    loss = -float((weights * log_probs[rows, columns]).sum())
    d_logits = np.exp(log_probs)
    d_logits[rows, columns] -= 1.0
    return loss, d_logits * weights[:, None]


def kl_divergence(
    student: np.ndarray, teacher: np.ndarray, weights: np.ndarray, temperature: float
) -> Tuple[float, np.ndarray]:
    """KL(teacher || student), both softened by the temperature.

    Hinton et al. 2015; Izsak et al. 2019, section 3.
    """
    log_p = log_softmax(student / temperature)
    log_q = log_softmax(teacher / temperature)
    q = np.exp(log_q)
    loss = float((weights * (q * (log_q - log_p)).sum(axis=1)).sum())
    return loss, (np.exp(log_p) - q) * (weights / temperature)[:, None]


def soft_cross_entropy(
    student: np.ndarray, teacher: np.ndarray, weights: np.ndarray, temperature: float
) -> Tuple[float, np.ndarray]:
    """Cross entropy against the teacher's softened distribution.

    It is the KL divergence plus the teacher's entropy, which does not depend on the
    student, so both have the same derivative.
    """
    log_p = log_softmax(student / temperature)
    q = np.exp(log_softmax(teacher / temperature))
    loss = -float((weights * (q * log_p).sum(axis=1)).sum())
    return loss, (np.exp(log_p) - q) * (weights / temperature)[:, None]


def logit_mse(
    student: np.ndarray, teacher: np.ndarray, weights: np.ndarray, temperature: float
) -> Tuple[float, np.ndarray]:
    """Mean over columns of the squared difference of logits over temperature.

    Ba & Caruana 2014. Rows are centered first, since a softmax ignores their mean.
    """
    n_columns = student.shape[1]
    difference = (student - teacher) / temperature
    difference = difference - difference.mean(axis=1, keepdims=True)
    loss = float((weights * (difference**2).mean(axis=1)).sum())
    return loss, difference * (2.0 * weights / (n_columns * temperature))[:, None]


DIVERGENCES: Dict[str, Divergence] = {
    "kl": kl_divergence,
    "soft_cross_entropy": soft_cross_entropy,
    "mse": logit_mse,
}


class SoftmaxTerms:
    """Terms of a distillation loss for a softmax; see `losses.base.Terms`.

    Args:
        scores: Logits, [n_rows, n_columns].
    """

    def __init__(self, scores: np.ndarray) -> None:
        self.scores = scores

    def task(self, labels: np.ndarray, weights: np.ndarray) -> Tuple[float, np.ndarray]:
        """Return the cross entropy with the labels."""
        return cross_entropy(self.scores, labels, weights)

    def distillation(
        self,
        teacher: np.ndarray,
        weights: np.ndarray,
        temperature: float,
        divergence: str,
    ) -> Tuple[float, np.ndarray]:
        """Return the divergence from the teacher."""
        return DIVERGENCES[divergence](self.scores, teacher, weights, temperature)
