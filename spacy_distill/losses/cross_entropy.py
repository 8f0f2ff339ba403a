"""Cross entropy of a softmax classifier against hard labels."""

from typing import Tuple

import numpy as np

from ..softmax import log_softmax


def cross_entropy(
    logits: np.ndarray, labels: np.ndarray, weights: np.ndarray
) -> Tuple[float, np.ndarray]:
    """Weighted sum over tokens of -log p(label), and its derivative by the logits.

    logits: [n_tokens, n_tags]. labels: int64 [n_tokens], -1 for none.
    weights: [n_tokens].
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
