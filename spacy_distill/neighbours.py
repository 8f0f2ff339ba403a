"""Who stands beside whom, when sequences lie one after the other."""

from typing import Sequence, Tuple

import numpy as np


def with_neighbours(
    entries: np.ndarray, lengths: Sequence[int], edge: int
) -> np.ndarray:
    """Of each token its own entry, that of the token before it and that of the token
    behind it, [3, n_tokens]; `edge` where its sequence has none. No token is missing
    from the lengths, but sequences may be empty."""
    counts = np.asarray(lengths, dtype=np.int64)
    ends = np.cumsum(counts[counts > 0])
    out = np.empty((3, len(entries)), dtype=np.int64)
    out[0] = entries
    out[1, 1:] = entries[:-1]
    out[2, :-1] = entries[1:]
    # One sequence starts where the one before it ends.
    out[1, :1] = out[1, ends[:-1]] = edge
    out[2, ends - 1] = edge
    return out


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
