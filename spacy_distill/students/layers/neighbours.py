"""Who stands beside whom, when sequences lie one after the other."""

from typing import Sequence, Tuple

import numpy as np


def neighbours(lengths: Sequence[int], distance: int) -> Tuple[np.ndarray, np.ndarray]:
    """Rows of the tokens `distance` to the left and right of each token in its own
    sequence; the number of tokens where there is none. int64 [n_tokens] each."""
    counts = np.asarray(lengths, dtype=np.int64)
    n_tokens = int(counts.sum())
    rows = np.arange(n_tokens)
    ends = np.repeat(np.cumsum(counts), counts)
    starts = ends - np.repeat(counts, counts)
    left = np.where(rows - distance >= starts, rows - distance, n_tokens)
    right = np.where(rows + distance < ends, rows + distance, n_tokens)
    return left, right
