"""Sequences of different lengths, one time step after the other, no padding.

Recurrent work in numpy goes step by step. Sorted by length, the sequences that
are still running at step `t` are the first `n[t]`, so every step is one dense
matrix and no step is wasted on padding.
"""

from typing import Iterator, Sequence, Tuple, Union

import numpy as np


class Packing:
    """Maps rows of concatenated sequences to time-major order and back.

    lengths: the number of rows of each sequence; zeros are allowed.
    """

    def __init__(self, lengths: Union[Sequence[int], np.ndarray]) -> None:
        counts = np.asarray(lengths, dtype=np.int64)
        if len(counts) == 1:
            self._pack_one(counts)
            return
        self.order = np.argsort(-counts, kind="stable")
        self.lengths = counts[self.order]
        n_steps = int(self.lengths[0]) if len(counts) else 0
        self.sizes = np.searchsorted(-self.lengths, -np.arange(n_steps), side="left")
        self.bounds = np.concatenate([[0], np.cumsum(self.sizes)])
        first_rows = (np.cumsum(counts) - counts)[self.order]
        steps = np.repeat(np.arange(n_steps), self.sizes)
        members = np.arange(self.bounds[-1]) - np.repeat(self.bounds[:-1], self.sizes)
        # Row of the concatenation that stands at each packed position.
        self.rows = first_rows[members] + steps
        self.reversed_rows = first_rows[members] + self.lengths[members] - 1 - steps

    def _pack_one(self, counts: np.ndarray) -> None:
        """The same for one sequence, where nothing has to be sorted out."""
        self.order = np.zeros(1, dtype=np.int64)
        self.lengths = counts
        self.bounds = np.arange(int(counts[0]) + 1)
        self.rows = self.bounds[:-1]
        self.reversed_rows = np.arange(len(self.rows) - 1, -1, -1)
        self.sizes = np.ones(len(self.rows), dtype=np.int64)

    def __len__(self) -> int:
        return len(self.sizes)

    def steps(self) -> Iterator[Tuple[int, int, int]]:
        """(start, end, size) of each step's slice, first to last."""
        bounds = self.bounds.tolist()
        return zip(bounds, bounds[1:], self.sizes.tolist())

    def runs(self) -> Iterator[Tuple[int, int, int]]:
        """(start, end, size) of the slice of each run of steps of the same size, first
        to last. Going through the rows of a run, reshaped to its steps, is faster than
        slicing one step after the other."""
        changes = np.flatnonzero(self.sizes[1:] != self.sizes[:-1]) + 1
        firsts = [0, *changes.tolist()] if len(self) else []
        bounds = [*self.bounds[firsts].tolist(), len(self.rows)]
        return zip(bounds, bounds[1:], self.sizes[firsts].tolist())


def ranges(starts: np.ndarray, ends: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """All rows from each start to its end (exclusive), and where among them each
    range begins. int64 [n_ranges] in, none of them empty."""
    lengths = ends - starts
    begins = np.cumsum(lengths) - lengths
    return np.repeat(starts - begins, lengths) + np.arange(lengths.sum()), begins
