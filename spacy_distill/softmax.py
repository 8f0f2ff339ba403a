"""Softmax in log space, the ground that the token losses stand on."""

import numpy as np


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities of each row, [n_tokens, n_tags]."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    out: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return out


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of each row, [n_tokens, n_tags]."""
    out: np.ndarray = np.exp(log_softmax(logits))
    return out
