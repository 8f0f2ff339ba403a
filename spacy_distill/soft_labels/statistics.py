"""What can be told of soft labels without knowing the truth."""

from typing import Dict, Sequence

import numpy as np

from ..softmax import log_softmax
from ..tasks.ner.tags import OUTSIDE, entity_labels


def count_entities(logits: np.ndarray, tags: Sequence[str]) -> Dict[str, int]:
    """Count, by label, the tokens whose best tag begins an entity (`B-` or `U-`).

    logits: [n_tokens, n_tags]. Labels that never occur are there with 0.
    """
    best = np.bincount(logits.argmax(axis=1), minlength=len(tags))
    counts = dict.fromkeys(entity_labels(tags), 0)
    for tag, count in zip(tags, best):
        if tag != OUTSIDE and tag[0] in "BU":
            counts[tag[2:]] += int(count)
    return counts


def entropy(logits: np.ndarray) -> float:
    """Return the entropy of the tags' distribution, in nats, summed over the tokens.

    logits: [n_tokens, n_tags].
    """
    return float(token_entropies(logits).sum())


def token_entropies(logits: np.ndarray) -> np.ndarray:
    """Return the entropy of each token's distribution, in nats: float64 [n_tokens].

    logits: [n_tokens, n_tags].
    """
    log_probs = log_softmax(logits.astype(np.float32))
    out: np.ndarray = -(np.exp(log_probs) * log_probs).sum(axis=1, dtype=np.float64)
    return out
