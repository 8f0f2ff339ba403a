"""Arrays of concatenated sequences: parts, packing, neighbours and stable softmax."""

from typing import Iterator, List, Sequence, Tuple, Union

import numpy as np


class Parts(List[np.ndarray]):
    """A list of arrays that lie one after the other in `whole`.

    Layers hand each other one array a Doc. At prediction most of them then work on
    all tokens at once, and putting the arrays together costs more than the work.
    The list is not to be changed.
    """

    def __init__(self, whole: np.ndarray, lengths: Sequence[int]) -> None:
        """whole: [sum of lengths, any width]."""
        self.whole = whole
        self.lengths = lengths
        end = 0
        # What np.split does, in a fifth of its time.
        for length in lengths:
            start, end = end, end + length
            self.append(whole[start:end])


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


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Log-probabilities of each row, [n_tokens, n_tags]."""
    shifted = logits - logits.max(axis=-1, keepdims=True)
    out: np.ndarray = shifted - np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    return out


def softmax(logits: np.ndarray) -> np.ndarray:
    """Probabilities of each row, [n_tokens, n_tags]."""
    out: np.ndarray = np.exp(log_softmax(logits))
    return out


def token_entropies(logits: np.ndarray) -> np.ndarray:
    """Return the entropy of each token's distribution, in nats: float64 [n_tokens].

    logits: [n_tokens, n_tags].
    """
    log_probs = log_softmax(logits.astype(np.float32))
    out: np.ndarray = -(np.exp(log_probs) * log_probs).sum(axis=1, dtype=np.float64)
    return out
