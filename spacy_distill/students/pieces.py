"""Unknown words from known pieces: longest match first over a fixed list."""

import unicodedata
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

# A longer piece than this is no part of a word.
_MAX_PIECE = 40
_MAX_WORD = 200


class Segmenter:
    """Cuts words into pieces, the longest that fits first (as WordPiece does; for
    other tokenizers an approximation, the same in training and prediction).

    surfaces: text of each piece. initial: whether it can begin a word.
    """

    def __init__(
        self,
        surfaces: Sequence[str],
        initial: Sequence[bool],
        *,
        lowercase: bool,
        strip_accents: bool,
    ) -> None:
        self.lowercase = lowercase
        self.strip_accents = strip_accents
        self._starts: Dict[str, int] = {}
        self._inner: Dict[str, int] = {}
        for i, (surface, begins) in enumerate(zip(surfaces, initial)):
            (self._starts if begins else self._inner).setdefault(surface, i)

    def __call__(self, word: str) -> List[int]:
        """Rows of the word's pieces; empty if some part of it has none.

        A part after punctuation may also begin like a word: tokenizers of
        transformers split there, spaCy's does not always.
        """
        word = self._normalise(word)[:_MAX_WORD]
        rows: List[int] = []
        start = 0
        while start < len(word):
            fresh = start == 0 or not word[start - 1].isalnum()
            for end in range(min(len(word), start + _MAX_PIECE), start, -1):
                row = self._find(word[start:end], fresh)
                if row is not None:
                    break
            else:
                return []
            rows.append(row)
            start = end
        return rows

    def _find(self, surface: str, fresh: bool) -> Optional[int]:
        if fresh:
            return self._starts.get(surface)
        row = self._inner.get(surface)
        if row is None and not surface[:1].isalnum():
            # Punctuation inside a word is a word of its own to the tokenizer.
            row = self._starts.get(surface)
        return row

    def _normalise(self, word: str) -> str:
        if self.lowercase:
            word = word.lower()
        if self.strip_accents:
            decomposed = unicodedata.normalize("NFD", word)
            word = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
        return word


def quantise_rows(vectors: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """int8 [n, width] and float32 scales [n]; row = scale * int8, to within half a
    scale."""
    scales = np.abs(vectors).max(axis=1) / 127.0
    safe = np.where(scales > 0, scales, 1.0)
    rows = np.rint(vectors / safe[:, None]).astype(np.int8)
    return rows, scales.astype(np.float32)
