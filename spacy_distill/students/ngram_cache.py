"""Cache of what an n-gram layer computes once for each word type."""

from threading import Lock
from typing import Any, Dict, List, NamedTuple, Optional, Sequence

import numpy as np
from spacy.strings import StringStore

from .ngram_hashes import CharNGrams, buckets_of

_CACHED_TYPES = 32_768
# How many rows of the table are compared to detect a change.
_PROBED_ROWS = 32


class Entries(NamedTuple):
    """Cached word types and their entries for some tokens.

    Attributes:
        rows: Entry of each token, int64 [n_tokens].
        sums: Sum of the embeddings of each type's own n-grams, float32 [n, width].
        sizes: Number of these n-grams, int64 [n]; 0 for whitespace.
    """

    rows: np.ndarray
    sums: np.ndarray
    sizes: np.ndarray


class NGramCache:
    """Sums of the embeddings of each word type: those of the word and its characters.

    Types are keyed by the 64-bit hash of their text. The hash depends on the text
    alone, so an entry stays valid after the string itself is removed, e.g. at the end
    of a memory zone. When the cache is full, the most recently used half stays. Threads
    may share it. It is neither saved nor copied.

    Args:
        chars: Character n-grams of a word.
        capacity: Maximum number of types, unless a single batch has more.
    """

    def __init__(self, chars: CharNGrams, capacity: int = _CACHED_TYPES) -> None:
        self.chars = chars
        self.capacity = capacity
        self._lock = Lock()
        self._table: Optional[np.ndarray] = None
        self._probe = b""
        self._watched = np.zeros(0, dtype=np.int64)
        self._batch = 0
        self._index: Dict[int, int] = {}

    def __len__(self) -> int:
        return len(self._index)

    def __reduce__(self) -> Any:
        return (NGramCache, (self.chars, self.capacity))

    def watch(self, rows: np.ndarray) -> None:
        """Note rows of the table that the next step of training will change.

        Most rows do not change in a step, so these tell that one was made.

        Args:
            rows: int64 [n_rows]. The first few are enough.
        """
        with self._lock:
            self._table = None
            self._watched = rows[:_PROBED_ROWS].copy()

    def find(
        self, table: np.ndarray, words: np.ndarray, strings: StringStore
    ) -> Entries:
        """Return the types of tokens, adding new ones to the cache.

        Args:
            table: Embeddings of n-grams, float32 [n_buckets, width]. If it has changed,
                all types are computed again.
            words: Hashes of the tokens' lowercase forms, uint64 [n_tokens].
            strings: Maps hashes to texts.

        Returns:
            The types. The arrays have more rows than entries in use; rows in use do not
            change.
        """
        keys = words.tolist()
        with self._lock:
            self._check(table)
            self._batch += 1
            try:
                entries = self._entries(keys)
            except KeyError:
                self._add_missing(keys, strings, table)
                entries = self._entries(keys)
            self._last_used[entries] = self._batch
            return Entries(entries, self._sums, self._sizes)

    def _check(self, table: np.ndarray) -> None:
        """Empty the cache if the table is another one or has changed.

        Optimizers may update in place, so comparing the identity is not enough.
        """
        spread = np.linspace(0, len(table) - 1, _PROBED_ROWS, dtype=np.int64)
        probe = table[np.concatenate([spread, self._watched])].tobytes()
        if self._table is not table or probe != self._probe:
            self._table = table
            self._probe = probe
            self._index = {}
            self._allocate(min(self.capacity, 1024), table.shape[1])

    def _entries(self, keys: Sequence[int]) -> np.ndarray:
        return np.fromiter(map(self._index.__getitem__, keys), np.int64, len(keys))

    def _add_missing(
        self, keys: Sequence[int], strings: StringStore, table: np.ndarray
    ) -> None:
        unique = dict.fromkeys(keys)
        new = [key for key in unique if key not in self._index]
        # Before anything changes: it fails for a hash without a string.
        texts = [strings[key] for key in new]
        if len(self) + len(new) > self.capacity:
            self._evict([key for key in unique if key in self._index], len(new))
        start = len(self)
        if start + len(new) > len(self._sizes):
            self._grow(start + len(new))
        hashes = [self._own_hashes(key, text) for key, text in zip(new, texts)]
        counts = np.array([len(part) for part in hashes])
        filled = np.flatnonzero(counts)
        rows = buckets_of(np.concatenate(hashes), len(table))
        sums = np.zeros((len(new), table.shape[1]), dtype=np.float32)
        if len(filled):
            starts = (np.cumsum(counts) - counts)[filled]
            sums[filled] = np.add.reduceat(table[rows], starts, axis=0)
        self._sums[start : start + len(new)] = sums
        self._sizes[start : start + len(new)] = counts
        self._index.update(zip(new, range(start, start + len(new))))

    def _own_hashes(self, key: int, text: str) -> np.ndarray:
        if text.isspace():
            return np.zeros(0, dtype=np.uint64)
        word = np.array([key], dtype=np.uint64)
        if not self.chars.longest:
            return word
        return np.concatenate([word, self.chars.hashes(text)])

    def _evict(self, needed: List[int], room_for: int) -> None:
        """Keep the types that are needed and the most recently used of the others."""
        self._last_used[self._entries(needed)] = self._batch
        most = min(self.capacity // 2, self.capacity - room_for)
        latest = np.argsort(-self._last_used[: len(self)], kind="stable")
        kept = np.sort(latest[: max(most, len(needed))])
        keys = list(self._index)
        self._index = {keys[i]: place for place, i in enumerate(kept.tolist())}
        self._move(kept, len(self._sizes))

    def _grow(self, least: int) -> None:
        size = max(least, min(2 * len(self._sizes), self.capacity))
        self._move(np.arange(len(self)), size)

    def _move(self, kept: np.ndarray, size: int) -> None:
        """Copy entries to new arrays: other threads may read the old ones."""
        before = (self._sums, self._sizes, self._last_used)
        self._allocate(size, self._sums.shape[1])
        after = (self._sums, self._sizes, self._last_used)
        for i in range(len(before)):
            after[i][: len(kept)] = before[i][kept]

    def _allocate(self, size: int, width: int) -> None:
        self._sums = np.zeros((size, width), dtype=np.float32)
        self._sizes = np.zeros(size, dtype=np.int64)
        self._last_used = np.zeros(size, dtype=np.int64)
