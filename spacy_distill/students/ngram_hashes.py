"""Hashes of the n-grams of words and characters, and their rows in a table."""

from threading import Lock
from typing import Any, Dict, Iterator, List

import numpy as np
from spacy.attrs import LOWER
from spacy.strings import StringStore, get_string_id
from spacy.tokens import Doc

# Odd 64-bit numbers: they spread the hashes of neighboring words over all buckets.
_MULTIPLIERS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93],
    dtype=np.uint64,
)
LONGEST_WORD_NGRAM = len(_MULTIPLIERS)
_CACHED_TYPES = 65_536
# Of longer words, such as encoded files, the beginning counts. No language needs more.
_LONGEST_WORD = 100


class CharNGrams:
    """Hashes of the character n-grams of words.

    Args:
        shortest: Length of the shortest n-gram.
        longest: Length of the longest; 0 for none.
    """

    def __init__(self, shortest: int, longest: int) -> None:
        self.shortest = shortest
        self.longest = longest
        self._lock = Lock()
        self._known: Dict[int, np.ndarray] = {}

    def __reduce__(self) -> Any:
        # A cache is neither copied nor pickled.
        return (CharNGrams, (self.shortest, self.longest))

    def find(self, keys: List[int], strings: StringStore) -> List[np.ndarray]:
        """Return the hashes of each word's n-grams, computed once for each word.

        Args:
            keys: Hashes of the words.
            strings: Maps them to texts.

        Returns:
            uint64 [n_ngrams] for each word.
        """
        with self._lock:
            known = self._known
            if len(known) > _CACHED_TYPES:
                known.clear()
            out = []
            for key in keys:
                hashes = known.get(key)
                if hashes is None:
                    hashes = known[key] = self.hashes(strings[key])
                out.append(hashes)
            return out

    def hashes(self, word: str) -> np.ndarray:
        """Return the hashes of the n-grams of a word, with a mark at both ends.

        Of a word of more than 100 characters, the first 100 count.

        Args:
            word: The word.

        Returns:
            uint64 [n_ngrams].
        """
        marked = f"<{word[:_LONGEST_WORD]}>"
        found = [
            get_string_id(marked[i : i + n])
            for n in range(self.shortest, self.longest + 1)
            for i in range(len(marked) - n + 1)
        ]
        return np.array(found, dtype=np.uint64)


def ngram_hashes(doc: Doc, longest: int, chars: CharNGrams) -> np.ndarray:
    """Return the hashes of the n-grams of a Doc.

    Args:
        doc: The Doc. Whitespace tokens are skipped.
        longest: Longest n-gram of words.
        chars: Character n-grams.

    Returns:
        uint64 [n_ngrams]: those of words, then those of characters.
    """
    words = doc.to_array(LOWER)
    spaces = [token.i for token in doc if token.is_space]
    if spaces:
        words = np.delete(words, spaces)
    parts = [words, *word_ngrams(words, longest)]
    if chars.longest:
        parts += chars.find(words.tolist(), doc.vocab.strings)
    out: np.ndarray = np.concatenate(parts)
    return out


def word_ngrams(words: np.ndarray, longest: int) -> Iterator[np.ndarray]:
    """Compute the hashes of n-grams of 2 and more words.

    Args:
        words: Hashes of the words, uint64 [n_words].
        longest: Longest n-gram.

    Yields:
        uint64 [n_words - n + 1] for n = 2, 3, ..., as long as there are any.
    """
    mixed = words * _MULTIPLIERS[0]
    for n in range(2, min(longest, len(words)) + 1):
        mixed = mixed[:-1] + words[n - 1 :] * _MULTIPLIERS[n - 1]
        yield mixed


def buckets_of(hashes: np.ndarray, n_buckets: int) -> np.ndarray:
    """Return the row of each hash in a table.

    Args:
        hashes: uint64 [n].
        n_buckets: Rows of the table.

    Returns:
        int64 [n].
    """
    # The lowest bits of a product are the weakest, so the higher ones are folded in.
    folded = (hashes ^ (hashes >> np.uint64(32))) * _MULTIPLIERS[0]
    out: np.ndarray = ((folded >> np.uint64(20)) % np.uint64(n_buckets)).astype(int)
    return out
