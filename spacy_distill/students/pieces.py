"""Unknown words from known pieces: longest match first over a fixed list."""

import unicodedata
from typing import Dict, List, Optional, Sequence, Tuple

import numpy as np

# An encoder's table that unknown words are composed from. It is read, never trained.
PIECE_PARAMS = ("piece_vectors", "piece_scales")
# A longer piece than this is no part of a word.
_MAX_PIECE = 40
_MAX_WORD = 200
# Chinese characters: first and last of each block.
_IDEOGRAPHS = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)


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

        Punctuation and ideographs, and what follows them, begin like a word: there
        tokenizers of transformers split, and spaCy's does not always.
        """
        rows: List[int] = []
        for i, part in enumerate(_parts(self._normalize(word)[:_MAX_WORD])):
            # Tokenizers with marked spaces may know a part as an inner one only.
            tables = [self._starts, self._inner] if i else [self._starts]
            start = 0
            while start < len(part):
                match = self._longest(part, start, tables)
                if match is None:
                    return []
                row, start = match
                rows.append(row)
                tables = [self._inner]
        return rows

    def _longest(
        self, part: str, start: int, tables: Sequence[Dict[str, int]]
    ) -> Optional[Tuple[int, int]]:
        """Row and end of the longest piece at `start`, in the first table with any."""
        for table in tables:
            for end in range(min(len(part), start + _MAX_PIECE), start, -1):
                row = table.get(part[start:end])
                if row is not None:
                    return row, end
        return None

    def _normalize(self, word: str) -> str:
        word = "".join(char for char in word if not _is_removed(char))
        if self.lowercase:
            # Letter by letter: no final sigma, as in tokenizers.
            word = "".join(char.lower() for char in word)
        if self.strip_accents:
            decomposed = unicodedata.normalize("NFD", word)
            word = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
        return word


def _is_removed(char: str) -> bool:
    """Whether BERT's tokenizer drops the character: controls and U+FFFD, which stands
    for what could not be decoded."""
    return char == "\ufffd" or unicodedata.category(char).startswith("C")


def _parts(word: str) -> List[str]:
    parts: List[str] = []
    for char in word:
        if not parts or _stands_apart(char) or _stands_apart(parts[-1][-1]):
            parts.append(char)
        else:
            parts[-1] += char
    return parts


def _stands_apart(char: str) -> bool:
    """Whether BERT's tokenizer (Devlin et al. 2019) makes the character a word of its
    own: punctuation, all of ASCII's symbols, and ideographs."""
    code = ord(char)
    if code < 128:
        return not char.isalnum()
    return unicodedata.category(char).startswith("P") or any(
        first <= code <= last for first, last in _IDEOGRAPHS
    )


def quantize_rows(vectors: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """int8 [n, width] and float32 scales [n]; row = scale * int8, to within half a
    scale."""
    scales = np.abs(vectors).max(axis=1) / 127.0
    safe = np.where(scales > 0, scales, 1.0)
    rows = np.rint(vectors / safe[:, None]).astype(np.int8)
    return rows, scales.astype(np.float32)
