"""What can be told of soft labels without knowing the truth."""

from typing import Dict, Sequence

import numpy as np

from ..arrays import token_entropies
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
