"""Few gold sentences out of many."""

import random
from typing import List, Sequence, Tuple, TypeVar

from ..errors import DistillError

Item = TypeVar("Item")


def draw_gold(
    sentences: Sequence[Item], n: int, *, seed: int
) -> Tuple[List[Item], List[Item]]:
    """Draw `n` sentences at random as gold; the others are to lose their labels.

    The protocol of Izsak et al. 2019 (arXiv 1910.06294, section 4): the indices are
    shuffled once by `seed`, so a larger draw holds the smaller ones of the same seed.

    Returns the gold sentences and the rest, both in shuffled order.

    Raises DistillError when `n` is negative or there are fewer sentences than `n`.
    """
    if not 0 <= n <= len(sentences):
        raise DistillError(
            f"Expected a number of gold sentences from 0 to {len(sentences)}, the"
            f" training sentences there are, got {n}; ask for fewer or give more text."
        )
    order = list(range(len(sentences)))
    random.Random(seed).shuffle(order)
    return [sentences[i] for i in order[:n]], [sentences[i] for i in order[n:]]
