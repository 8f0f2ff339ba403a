"""Word types: looked up once, cached, and turned into features."""

from typing import Any, Dict, List, Optional, Sequence, Tuple

import numpy as np
from spacy.strings import StringStore

from ..words import N_SHAPES, word_shape
from .layers.base import Params
from .layers.char_cnn import N_POSITIONS, CharCNN, char_columns
from .pieces import Segmenter

# Row of the word table for words that have neither a row nor pieces.
UNKNOWN_ROW = 0
# Of the table: what is known of a type, and in which batch it was last met.
_COLUMNS = ("rows", "composed", "chars", "shapes", "_met")


class WordLookup:
    """From a word's text to rows of the encoder's tables.

    words: keys of the word table; row i + 1 belongs to words[i].
    alphabet: characters, most frequent first. lowercase: whether keys are in lower
    case. segmenter: cuts words that have no row; None without pieces.
    """

    def __init__(
        self,
        words: Sequence[str],
        alphabet: Sequence[str],
        *,
        lowercase: bool,
        segmenter: Optional[Segmenter],
    ) -> None:
        self.rows = {word: i + 1 for i, word in enumerate(words)}
        self.alphabet = {char: i for i, char in enumerate(alphabet)}
        self.lowercase = lowercase
        self.segmenter = segmenter

    def __call__(self, text: str) -> Tuple[int, Sequence[int], int]:
        """(word row, or -1 for a word without one; characters; shape)."""
        row = self.rows.get(text.lower() if self.lowercase else text, -1)
        return row, char_columns(text, self.alphabet), word_shape(text)

    def pieces(self, text: str) -> List[int]:
        """Rows of the word's pieces; empty if it cannot be composed."""
        return self.segmenter(text) if self.segmenter is not None else []


class WordTypes:
    """A bounded table of the word types met so far.

    Types are keyed by the 64-bit hash of their text. The hash depends on the text
    alone, so an entry stays right when the string itself is gone, as after a
    memory zone. When the table is full, the half of its types that were met last stays,
    in new places: a new generation begins.

    rows: int64 [n], word row or -1 for a word that is composed. composed: float32
    [n, width], the vector of such a word, else 0. chars: int64 [n, N_POSITIONS].
    shapes: int64 [n].

    generation: how often entries have got new places. kept: the entries of the
    generation before that are the first of this one, in order.

    composes_all: compose words that have a row as well, for training, where they are
        now and then taken for unknown.
    """

    def __init__(
        self,
        lookup: WordLookup,
        *,
        width: int,
        pieces: Optional[Tuple[np.ndarray, np.ndarray]],
        capacity: int,
        composes_all: bool = False,
    ) -> None:
        self.lookup = lookup
        self.width = width
        self.pieces = pieces
        self.capacity = capacity
        self.composes_all = composes_all
        self.generation = 0
        self.kept = np.zeros(0, dtype=np.int64)
        self._batch = 0
        self._index: Dict[int, int] = {}
        self._make_room(min(capacity, 1024))

    def __len__(self) -> int:
        return len(self._index)

    def __reduce__(self) -> Any:
        # Only a cache: a copy of the model, or another process, makes its own.
        return (_nothing, ())

    def find(self, hashes: np.ndarray, strings: StringStore) -> np.ndarray:
        """Entries of tokens, int64 [n_tokens]; new types are added.

        hashes: uint64 [n_tokens], their ORTH.
        """
        keys = hashes.tolist()
        self._batch += 1
        try:
            entries = self._entries(keys)
        except KeyError:
            self._meet(keys, strings)
            entries = self._entries(keys)
        self._met[entries] = self._batch
        return entries

    def _entries(self, keys: Sequence[int]) -> np.ndarray:
        return np.fromiter(map(self._index.__getitem__, keys), np.int64, len(keys))

    def _meet(self, keys: Sequence[int], strings: StringStore) -> None:
        """Make sure that all keys have an entry."""
        unique = dict.fromkeys(keys)
        new = [key for key in unique if key not in self._index]
        if len(self._index) + len(new) > self.capacity:
            old = [self._index[key] for key in unique if key in self._index]
            self._forget(old, room_for=len(new))
        self._add(new, strings)

    def _forget(self, needed: Sequence[int], *, room_for: int) -> None:
        """Keep the entries that are needed, and of the others those met last."""
        self._met[needed] = self._batch
        most = min(self.capacity // 2, self.capacity - room_for)
        latest = np.argsort(-self._met[: len(self)], kind="stable")
        self.kept = np.sort(latest[: max(most, len(needed))])
        self.generation += 1
        keys = list(self._index)
        self._index = {keys[i]: place for place, i in enumerate(self.kept.tolist())}
        before = [getattr(self, name) for name in _COLUMNS]
        self._make_room(len(self.rows))
        for name, column in zip(_COLUMNS, before):
            getattr(self, name)[: len(self)] = column[self.kept]

    def _make_room(self, size: int) -> None:
        self._met = np.zeros(size, dtype=np.int64)
        self.rows = np.zeros(size, dtype=np.int64)
        self.composed = np.zeros((size, self.width), dtype=np.float32)
        self.chars = np.zeros((size, N_POSITIONS), dtype=np.int64)
        self.shapes = np.zeros(size, dtype=np.int64)

    def _add(self, keys: Sequence[int], strings: StringStore) -> None:
        start = len(self._index)
        while len(self.rows) < start + len(keys):
            for name in _COLUMNS:
                array = getattr(self, name)
                setattr(self, name, np.concatenate([array, np.zeros_like(array)]))
        for i, key in enumerate(keys, start):
            text = strings[key]
            row, chars, shape = self.lookup(text)
            self._index[key] = i
            self.rows[i] = row
            self.chars[i] = chars
            self.shapes[i] = shape
            self.composed[i] = 0.0
            if row < 0 or self.composes_all:
                self._compose(i, text)

    def _compose(self, i: int, text: str) -> None:
        pieces = self.lookup.pieces(text)
        if pieces:
            assert self.pieces is not None
            vectors, scales = self.pieces
            parts = vectors[pieces] * scales[pieces, None]
            self.composed[i] = parts.mean(axis=0)
        elif self.rows[i] < 0:
            self.rows[i] = UNKNOWN_ROW


def _nothing() -> None:
    return None


_SHAPE_WIDTH = 10


class WordFeatures:
    """Features of word types, in numpy and in torch."""

    def __init__(self, chars: CharCNN) -> None:
        self.chars = chars

    def n_out(self, word_width: int) -> int:
        """The width of a type's features, with word vectors of `word_width`."""
        return word_width + self.chars.n_out + _SHAPE_WIDTH

    def init_shapes(self) -> Params:
        """Fresh vectors for the shapes; `CharCNN.init` has those for the spelling."""
        vectors = np.random.uniform(-0.5, 0.5, (N_SHAPES, _SHAPE_WIDTH))
        return {"shape_vectors": vectors.astype("f")}

    def predict(self, params: Params, types: WordTypes, entries: slice) -> np.ndarray:
        """Of some of the types. RETURNS: float32 [n_entries, n_out]."""
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
        """The same in torch. params: tensors. word_dropout: share of the types that are
        taken for unknown. RETURNS: tensor [n_entries, n_out]."""
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
    """Word rows of the types, -1 for those to compose. A share of those that have a row
    is taken for unknown, so that the student learns to read what is unknown when it
    predicts: composed from pieces, or else row 0."""
    rows = types.rows[entries]
    dropped = (np.random.random(len(rows)) < share) & (rows > UNKNOWN_ROW)
    has_pieces = types.composed[entries].any(axis=1)
    return np.where(dropped, np.where(has_pieces, -1, UNKNOWN_ROW), rows)
