"""How far a softmax student's token distributions are from the teacher's.

Each function takes logits [n_tokens, n_tags] of student and teacher, weights
[n_tokens] and a temperature, and returns the weighted sum over tokens with its
derivative by the student's logits.
"""

from typing import Callable, Dict, Tuple

import numpy as np

from ..softmax import log_softmax

Divergence = Callable[
    [np.ndarray, np.ndarray, np.ndarray, float], Tuple[float, np.ndarray]
]


def kl_divergence(
    student: np.ndarray, teacher: np.ndarray, weights: np.ndarray, temperature: float
) -> Tuple[float, np.ndarray]:
    """KL(teacher || student), both softened by the temperature (Hinton et al.
    2015; Izsak et al. 2019, section 3)."""
    log_p = log_softmax(student / temperature)
    log_q = log_softmax(teacher / temperature)
    q = np.exp(log_q)
    loss = float((weights * (q * (log_q - log_p)).sum(axis=1)).sum())
    return loss, (np.exp(log_p) - q) * (weights / temperature)[:, None]


def soft_cross_entropy(
    student: np.ndarray, teacher: np.ndarray, weights: np.ndarray, temperature: float
) -> Tuple[float, np.ndarray]:
    """Cross entropy against the teacher's softened distribution: KL plus the
    teacher's entropy, which no student can change, so the derivative is KL's."""
    log_p = log_softmax(student / temperature)
    q = np.exp(log_softmax(teacher / temperature))
    loss = -float((weights * (q * log_p).sum(axis=1)).sum())
    return loss, (np.exp(log_p) - q) * (weights / temperature)[:, None]


def logit_mse(
    student: np.ndarray, teacher: np.ndarray, weights: np.ndarray, temperature: float
) -> Tuple[float, np.ndarray]:
    """Mean over tags of the squared difference of logits over temperature (Ba &
    Caruana 2014). Rows are centred first: a softmax ignores their mean."""
    n_tags = student.shape[1]
    difference = (student - teacher) / temperature
    difference = difference - difference.mean(axis=1, keepdims=True)
    loss = float((weights * (difference**2).mean(axis=1)).sum())
    return loss, difference * (2.0 * weights / (n_tags * temperature))[:, None]


DIVERGENCES: Dict[str, Divergence] = {
    "kl": kl_divergence,
    "soft_cross_entropy": soft_cross_entropy,
    "mse": logit_mse,
}
