"""Segmentation of words into known pieces, longest match first."""

import re
import unicodedata
from typing import Dict, List, Optional, Sequence, Tuple

# Parameters that unknown words are composed from. They are not trained.
PIECE_PARAMS = ("piece_vectors", "piece_scales")
# Maximum lengths in characters. Longer pieces never match; longer words are cut off.
_MAX_PIECE = 40
_MAX_WORD = 200
# What `_parts` does with printable ASCII characters.
_ASCII_PARTS = re.compile("[A-Za-z0-9]+|.")
# Chinese characters: first and last of each block.
_IDEOGRAPHS = (
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x20000, 0x2CEAF),
    (0x2F800, 0x2FA1F),
)


class Segmenter:
    """Splits words into pieces, longest match first.

    This is WordPiece. For other tokenizers it is an approximation, which is the same in
    training and prediction.

    Args:
        surfaces: Text of each piece.
        initial: Whether the piece can begin a word.
        lowercase: Whether to lowercase words first.
        strip_accents: Whether to strip accents first.

    Attributes:
        lowercase: Whether words are lowercased first.
        strip_accents: Whether accents are stripped first.
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
        self._initial: Dict[str, int] = {}
        self._inner: Dict[str, int] = {}
        for i, (surface, begins) in enumerate(zip(surfaces, initial)):
            (self._initial if begins else self._inner).setdefault(surface, i)

    def __call__(self, word: str) -> List[int]:
        """Split a word into pieces.

        Punctuation characters and ideographs are parts of their own, and so is the text
        between them. Each part starts like a word, because transformer tokenizers split
        there and spaCy's tokenizer does not always.

        Args:
            word: The word. Only the first 200 characters are used, after normalization.

        Returns:
            Rows of its pieces; empty if pieces do not cover it.
        """
        rows: List[int] = []
        for i, part in enumerate(self._split(word)):
            # Tokenizers that mark spaces may have such a part as an inner piece only,
            # or a character of a language that puts no spaces between words.
            is_either = i or (len(part) == 1 and not part.isascii())
            tables = [self._initial, self._inner] if is_either else [self._initial]
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

    def _split(self, word: str) -> List[str]:
        """Normalize a word and split off its separate characters."""
        if word.isascii() and word.isprintable():
            # Faster: nothing is removed from such words.
            word = word.lower() if self.lowercase else word
            return _ASCII_PARTS.findall(word[:_MAX_WORD])
        return _parts(self._normalize(word)[:_MAX_WORD])

    def _normalize(self, word: str) -> str:
        word = "".join(char for char in word if not _is_removed(char))
        if self.lowercase:
            # Character by character, as tokenizers do: no final sigma.
            word = "".join(char.lower() for char in word)
        if self.strip_accents:
            decomposed = unicodedata.normalize("NFD", word)
            word = "".join(c for c in decomposed if unicodedata.category(c) != "Mn")
        return word


def _is_removed(char: str) -> bool:
    """Whether BERT's tokenizer removes the character: controls and U+FFFD."""
    return char == "\ufffd" or unicodedata.category(char).startswith("C")


def _parts(word: str) -> List[str]:
    parts: List[str] = []
    for char in word:
        if not parts or _is_separate_word(char) or _is_separate_word(parts[-1][-1]):
            parts.append(char)
        else:
            parts[-1] += char
    return parts


def _is_separate_word(char: str) -> bool:
    """Whether BERT splits off the character as a word (Devlin et al. 2019).

    These are punctuation, all ASCII symbols, and ideographs.
    """
    code = ord(char)
    if code < 128:
        return not char.isalnum()
    return unicodedata.category(char).startswith("P") or any(
        first <= code <= last for first, last in _IDEOGRAPHS
    )
