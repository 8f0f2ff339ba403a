"""Vectors of words without a row: of known words, or composed from pieces."""

import itertools
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from thinc.api import Model

from .pieces import PIECE_PARAMS, Segmenter

# Parameters with the vectors of known words. They are not trained.
KNOWN_PARAMS = ("known_vectors", "known_scales")
# All parameters that are neither trained nor projected.
FROZEN_PARAMS = (*PIECE_PARAMS, *KNOWN_PARAMS)


class KnownWords(NamedTuple):
    """Words with a pretrained vector, whether the training texts have them or not.

    Attributes:
        words: The words, most frequent first.
        lowercase: Whether words are lowercased before they are looked up.
        vectors: int8 [n_words, at most word_width]. They are the last columns of a
            word vector.
        scales: Their quantization scales, float32 [n_words].
    """

    words: List[str]
    lowercase: bool
    vectors: np.ndarray
    scales: np.ndarray


class WordComposer:
    """Composes vectors of words.

    A word's vector is the mean of its pieces' vectors. Where it is a known word, the
    last columns are those of its pretrained vector instead.

    Args:
        segmenter: Splits words into pieces; None without pieces.
        piece_table: Piece vectors, int8 [n_pieces, width], and their quantization
            scales, float32 [n_pieces]; None without pieces.
        known: Known words; None for none.
        width: Width of word vectors.
    """

    def __init__(
        self,
        segmenter: Optional[Segmenter] = None,
        piece_table: Optional[Tuple[np.ndarray, np.ndarray]] = None,
        known: Optional[KnownWords] = None,
        *,
        width: int,
    ) -> None:
        self.width = width
        self._segmenter = segmenter
        self._piece_table = piece_table
        self._known = known
        self._known_rows: Dict[str, int] = {}
        if known is not None:
            self._known_rows = {word: i for i, word in enumerate(known.words)}

    def __call__(self, word: str) -> Optional[np.ndarray]:
        """Compose the vector of a word.

        Args:
            word: The word.

        Returns:
            float32 [width]; None if the word is not known and pieces do not cover it.
        """
        vectors, is_composed = self.compose_all([word])
        vector: np.ndarray = vectors[0]
        return vector if is_composed[0] else None

    def compose_all(self, words: Sequence[str]) -> Tuple[np.ndarray, np.ndarray]:
        """Compose the vectors of words.

        Args:
            words: The words.

        Returns:
            float32 [n_words, width], and whether each was composed, bool [n_words].
            The vectors of others are zeros.
        """
        vectors = np.zeros((len(words), self.width), dtype=np.float32)
        is_composed = np.zeros(len(words), dtype=bool)
        if self._segmenter is not None:
            assert self._piece_table is not None
            table, scales = self._piece_table
            segments = [self._segmenter(word) for word in words]
            lengths = np.array([len(rows) for rows in segments], dtype=np.int64)
            is_composed = lengths > 0
            pieces = np.fromiter(itertools.chain.from_iterable(segments), np.int64)
            if len(pieces):
                starts = (np.cumsum(lengths) - lengths)[is_composed]
                values = table[pieces] * scales[pieces, None]
                sums = np.add.reduceat(values, starts, axis=0)
                counts = lengths[is_composed, None].astype(np.float32)
                vectors[is_composed] = sums / counts
        if self._known is not None:
            rows = np.array([self._known_row(word) for word in words], dtype=np.int64)
            is_known = rows >= 0
            rows = rows[is_known]
            known, scales = self._known.vectors, self._known.scales
            columns = slice(self.width - known.shape[1], None)
            vectors[is_known, columns] = known[rows] * scales[rows, None]
            is_composed = is_composed | is_known
        return vectors, is_composed

    def _known_row(self, word: str) -> int:
        """Row of a known word; -1 for others."""
        assert self._known is not None
        return self._known_rows.get(word.lower() if self._known.lowercase else word, -1)


def get_composer(encoder: Model) -> WordComposer:
    """Return what composes the words of a student encoder.

    Args:
        encoder: The encoder.
    """
    pieces = encoder.attrs["pieces"]
    segmenter, table = None, None
    if pieces:
        segmenter = Segmenter(**pieces)
        table = _params(encoder, PIECE_PARAMS)
    known = None
    if encoder.attrs.get("known"):
        vectors, scales = _params(encoder, KNOWN_PARAMS)
        known = KnownWords(**encoder.attrs["known"], vectors=vectors, scales=scales)
    width = encoder.attrs["word_width"]
    return WordComposer(segmenter, table, known, width=width)


def _params(encoder: Model, names: Sequence[str]) -> Any:
    return tuple(encoder.get_param(name) for name in names)
