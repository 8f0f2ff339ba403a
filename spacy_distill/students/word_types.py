"""Word types: a bounded cache of lookups, and the features computed from them."""

from typing import Any, Dict, Optional, Sequence, Tuple

import numpy as np
from spacy.attrs import ORTH
from spacy.strings import StringStore
from spacy.tokens import Doc

from ..kernel import get_kernel
from ..words import N_SHAPES, word_shape
from .composition import WordComposer
from .layers.base import Params
from .layers.char_cnn import N_POSITIONS, CharCNN, char_columns

# Row of the word embedding table for words that have no row and cannot be composed.
UNKNOWN_ROW = 0
# Arrays of `WordTypes` with one row for each entry.
_COLUMNS = ("rows", "composed", "chars", "shapes", "_last_used")


class WordLookup:
    """Maps a word to rows of the encoder's tables.

    Args:
        words: Keys of the word embedding table; row i + 1 belongs to words[i].
        alphabet: Characters, most frequent first.
        lowercase: Whether the keys are lowercase.

    Attributes:
        rows: Row of each key.
        alphabet: Index of each character, from 0.
        lowercase: Whether the keys are lowercase.
    """

    def __init__(
        self,
        words: Sequence[str],
        alphabet: Sequence[str],
        *,
        lowercase: bool,
    ) -> None:
        self.rows = {word: i + 1 for i, word in enumerate(words)}
        self.alphabet = {char: i for i, char in enumerate(alphabet)}
        self.lowercase = lowercase

    def __call__(self, text: str) -> Tuple[int, Sequence[int], int]:
        """Look up a word.

        Args:
            text: The word.

        Returns:
            Its row in the word embedding table (-1 if it has none), its `N_POSITIONS`
            character columns and its shape.
        """
        row = self.rows.get(text.lower() if self.lowercase else text, -1)
        return row, char_columns(text, self.alphabet), word_shape(text)


class WordTypes:
    """A bounded cache of word types, with one entry for each type.

    Types are keyed by the 64-bit hash of their text. The hash depends on the text
    alone, so an entry stays valid after the string itself is removed, e.g. at the end
    of a memory zone. When the cache is full, the most recently used half of the types
    moves to new entries and the rest is evicted: a new generation begins.

    Args:
        lookup: Looks up new types.
        compose: Composes the vectors of words without a row.
        capacity: Maximum number of types, unless a single batch has more.
        composes_all: Whether to compose words that have a row as well. Used in
            training, where word dropout treats them as unknown.

    Attributes:
        rows: Row in the word embedding table, int64 [n]; -1 for a composed word.
        composed: Vector of a composed word, float32 [n, width]; otherwise 0.
        chars: Character columns, int64 [n, N_POSITIONS].
        shapes: Word shapes, int64 [n].
        generation: How many times entries have moved.
        kept: Entries of the previous generation that became the first entries of this
            one, in order.
    """

    def __init__(
        self,
        lookup: WordLookup,
        *,
        compose: WordComposer,
        capacity: int,
        composes_all: bool = False,
    ) -> None:
        self.lookup = lookup
        self.compose = compose
        self.capacity = capacity
        self.composes_all = composes_all
        self.generation = 0
        self.kept = np.zeros(0, dtype=np.int64)
        self._batch = 0
        self._index: Dict[int, int] = {}
        # The same for the kernel, if there is one.
        self._map = _make_map(self._index)
        self._allocate(min(capacity, 1024))

    def __len__(self) -> int:
        return len(self._index)

    def __reduce__(self) -> Any:
        # A cache is neither copied nor pickled: each copy of the model makes its own.
        return (_nothing, ())

    def find_tokens(self, docs: Sequence[Doc]) -> np.ndarray:
        """Return the entries of the tokens of Docs, adding new types to the cache.

        Args:
            docs: The Docs, which share a vocab.

        Returns:
            Entries, int64 [n_tokens], concatenated.
        """
        if self._map is not None:
            entries: Optional[np.ndarray] = self._map.find(docs)
            if entries is not None:
                self._batch += 1
                self._last_used[entries] = self._batch
                return entries
        hashes = np.concatenate([doc.to_array(ORTH) for doc in docs])
        return self.find(hashes, docs[0].vocab.strings)

    def find(self, hashes: np.ndarray, strings: StringStore) -> np.ndarray:
        """Return the entries of tokens, adding new types to the cache.

        Args:
            hashes: ORTH of the tokens, uint64 [n_tokens].
            strings: Maps hashes to texts.

        Returns:
            Entries, int64 [n_tokens].
        """
        keys = hashes.tolist()
        self._batch += 1
        try:
            entries = self._entries(keys)
        except KeyError:
            self._add_missing(keys, strings)
            entries = self._entries(keys)
        self._last_used[entries] = self._batch
        return entries

    def _entries(self, keys: Sequence[int]) -> np.ndarray:
        return np.fromiter(map(self._index.__getitem__, keys), np.int64, len(keys))

    def _add_missing(self, keys: Sequence[int], strings: StringStore) -> None:
        """Make sure that all keys have an entry."""
        unique = dict.fromkeys(keys)
        new = [key for key in unique if key not in self._index]
        if len(self._index) + len(new) > self.capacity:
            old = [self._index[key] for key in unique if key in self._index]
            self._evict(old, room_for=len(new))
        self._add(new, strings)

    def _evict(self, needed: Sequence[int], *, room_for: int) -> None:
        """Keep the entries that are needed and the most recently used of the others."""
        self._last_used[needed] = self._batch
        most = min(self.capacity // 2, self.capacity - room_for)
        latest = np.argsort(-self._last_used[: len(self)], kind="stable")
        self.kept = np.sort(latest[: max(most, len(needed))])
        self.generation += 1
        keys = list(self._index)
        self._index = {keys[i]: place for place, i in enumerate(self.kept.tolist())}
        self._map = _make_map(self._index)
        before = [getattr(self, name) for name in _COLUMNS]
        self._allocate(len(self.rows))
        for name, column in zip(_COLUMNS, before):
            getattr(self, name)[: len(self)] = column[self.kept]

    def _allocate(self, size: int) -> None:
        self._last_used = np.zeros(size, dtype=np.int64)
        self.rows = np.zeros(size, dtype=np.int64)
        self.composed = np.zeros((size, self.compose.width), dtype=np.float32)
        self.chars = np.zeros((size, N_POSITIONS), dtype=np.int64)
        self.shapes = np.zeros(size, dtype=np.int64)

    def _add(self, keys: Sequence[int], strings: StringStore) -> None:
        start = len(self._index)
        while len(self.rows) < start + len(keys):
            for name in _COLUMNS:
                array = getattr(self, name)
                setattr(self, name, np.concatenate([array, np.zeros_like(array)]))
        if not keys:
            return
        texts = [strings[key] for key in keys]
        rows, chars, shapes = zip(*map(self.lookup, texts))
        new = slice(start, start + len(keys))
        self.rows[new], self.chars[new], self.shapes[new] = rows, chars, shapes
        self.composed[new] = 0.0
        without_row = self.rows[new] < 0
        chosen = np.flatnonzero(without_row | self.composes_all)
        vectors, is_composed = self.compose.compose_all([texts[i] for i in chosen])
        self.composed[start + chosen] = vectors
        is_unknown = without_row[chosen] & ~is_composed
        self.rows[start + chosen[is_unknown]] = UNKNOWN_ROW
        self._index.update(zip(keys, range(new.start, new.stop)))
        if self._map is not None:
            for i, key in enumerate(keys, start):
                self._map.add(key, i)


def _nothing() -> None:
    return None


def _make_map(index: Dict[int, int]) -> Any:
    """Return a copy of the index that the kernel reads; None without a kernel."""
    kernel = get_kernel()
    if kernel is None:
        return None
    types = kernel.TypeMap()
    for key, entry in index.items():
        types.add(key, entry)
    return types


_SHAPE_WIDTH = 10


class WordFeatures:
    """Features of word types: word vector, characters and shape, in numpy and torch.

    Args:
        chars: The character CNN.

    Attributes:
        chars: The character CNN.
    """

    def __init__(self, chars: CharCNN) -> None:
        self.chars = chars

    def n_out(self, word_width: int) -> int:
        """Return the width of a type's features.

        Args:
            word_width: Width of word vectors.

        Returns:
            Width of word vector, character features and shape vector together.
        """
        return word_width + self.chars.n_out + _SHAPE_WIDTH

    def init_shapes(self) -> Params:
        """Return new shape vectors.

        `CharCNN.init` returns the parameters of the character CNN.
        """
        vectors = np.random.uniform(-0.5, 0.5, (N_SHAPES, _SHAPE_WIDTH))
        return {"shape_vectors": vectors.astype("f")}

    def predict(self, params: Params, types: WordTypes, entries: slice) -> np.ndarray:
        """Compute features in numpy.

        Args:
            params: Arrays by name.
            types: The cached types.
            entries: The entries to compute.

        Returns:
            Features, float32 [n_entries, n_out].
        """
        rows = types.rows[entries]
        table = params["word_vectors"][np.maximum(rows, 0)]
        words = np.where(rows[:, None] < 0, types.composed[entries], table)
        chars = self.chars.predict(params, types.chars[entries])
        shapes = params["shape_vectors"][types.shapes[entries]]
        return np.concatenate([words, chars, shapes], axis=1)

    def train(
        self,
        params: Params,
        types: WordTypes,
        entries: np.ndarray,
        *,
        word_dropout: float,
    ) -> Any:
        """Compute features in torch, with word dropout.

        Args:
            params: Tensors by name.
            types: The cached types.
            entries: The entries to compute, int64 [n_entries].
            word_dropout: Share of the types that are treated as unknown.

        Returns:
            Features, tensor [n_entries, n_out].
        """
        import torch
        import torch.nn.functional as F

        rows = torch.from_numpy(_drop_words(types, entries, word_dropout))
        table = F.embedding(rows.clamp(min=0), params["word_vectors"])
        composed = torch.from_numpy(types.composed[entries]).to(table.dtype)
        words = torch.where((rows < 0).unsqueeze(1), composed, table)
        chars = self.chars.train(params, torch.from_numpy(types.chars[entries]))
        shape_rows = torch.from_numpy(types.shapes[entries])
        shapes = F.embedding(shape_rows, params["shape_vectors"])
        return torch.cat([words, chars, shapes], dim=1)


def _drop_words(types: WordTypes, entries: np.ndarray, share: float) -> np.ndarray:
    """Return the rows of types, int64 [n_entries], after word dropout.

    -1 marks types to compose from pieces. Dropped words are represented as unknown
    words are at prediction: composed from pieces, or else by row 0.
    """
    rows = types.rows[entries]
    dropped = (np.random.random(len(rows)) < share) & (rows > UNKNOWN_ROW)
    has_pieces = types.composed[entries].any(axis=1)
    return np.where(dropped, np.where(has_pieces, -1, UNKNOWN_ROW), rows)
