"""Find the words of a lexicon in texts."""

from typing import Any, Dict, List, NamedTuple, Sequence, Union

import numpy as np
from spacy.attrs import IDX, LENGTH
from spacy.tokens import Doc, Span

from ...arrays import overlapping
from ...errors import DistillError

# Number of Unicode's code points: a node and a character are one key of the trie.
_CHARACTERS = 0x110000
_ROOT = 0


class Match(NamedTuple):
    """A word of a lexicon in a text.

    Attributes:
        start: Its first token.
        end: The token after its last.
        word: Its number in the lexicon.
    """

    start: int
    end: int
    word: int


class Lexicon:
    """Words, and a trie of their characters.

    A word is found where the text has exactly its characters, capitals and spaces
    included, and where it begins and ends with a token. It may have several tokens: the
    characters of a Chinese word, or a name of several words.

    Args:
        words: The words. Their numbers are their indices.

    Raises:
        DistillError: If there are none, or if one is empty or there twice.

    Attributes:
        words: The words.
    """

    def __init__(self, words: Sequence[str]) -> None:
        if not words:
            raise DistillError("Expected words of a lexicon, got none: add some.")
        self.words: List[str] = list(words)
        # The child of a node by its character, and the number of the word that ends in
        # a node. Plain dicts of numbers, since nested ones take more memory, and a word
        # of a thousand characters would be too deep for pickle.
        self._children: Dict[int, int] = {}
        self._ends: Dict[int, int] = {}
        for number, word in enumerate(self.words):
            if not word.strip():
                raise DistillError(
                    f"Expected words of one or more characters, got {word!r} as number"
                    f" {number}: remove it."
                )
            node = self._add(word)
            if node in self._ends:
                raise DistillError(
                    f"Expected words that differ, got {word!r} twice: remove one."
                )
            self._ends[node] = number

    def __len__(self) -> int:
        return len(self.words)

    def find(self, text: Union[Doc, Span]) -> List[Match]:
        """Find all words in a text, overlapping ones too.

        Args:
            text: A Doc or Span.

        Returns:
            The matches, sorted by their first token, then by their length. Tokens are
            counted from the first of the Doc or Span.
        """
        characters = text.text
        places = _places(text)
        starts: List[int] = places[:, 0].tolist()
        token_ends = {end: i + 1 for i, end in enumerate(places[:, 1].tolist())}
        children, ends = self._children, self._ends
        found: List[Match] = []
        for token, start in enumerate(starts):
            node = _ROOT
            for i in range(start, len(characters)):
                child = children.get(node * _CHARACTERS + ord(characters[i]))
                if child is None:
                    break
                node = child
                if node in ends and i + 1 in token_ends:
                    found.append(Match(token, token_ends[i + 1], ends[node]))
        return found

    def words_of_tokens(self, text: Union[Doc, Span], *, max_words: int) -> np.ndarray:
        """Return the words that cover each token.

        Args:
            text: A Doc or Span.
            max_words: Words of a token at most. The longest are kept, since short ones
                say least about where names begin and end; of equally long ones those
                that begin first.

        Returns:
            int64 [n_tokens, max_words]: numbers of words from 1, longest first, then 0.
            No word is there twice.
        """
        found = self.find(text)
        return self._assign(
            [match.word for match in found],
            [match.start for match in found],
            [match.end for match in found],
            n_items=len(text),
            max_words=max_words,
        )

    def words_of_pieces(
        self, text: Union[Doc, Span], pieces: np.ndarray, *, max_words: int
    ) -> np.ndarray:
        """Return the words that share a character with each word piece.

        Args:
            text: A Doc or Span.
            pieces: First character and character after the last of each word piece,
                int64 [n_pieces, 2], in the order of the text.
            max_words: Words of a piece at most; see `words_of_tokens`.

        Returns:
            int64 [n_pieces, max_words], as for `words_of_tokens`.
        """
        found = self.find(text)
        places = _places(text)
        starts = places[[match.start for match in found], 0]
        ends = places[[match.end - 1 for match in found], 1]
        firsts, lasts = overlapping(starts, ends, pieces)
        return self._assign(
            [match.word for match in found],
            firsts.tolist(),
            lasts.tolist(),
            n_items=len(pieces),
            max_words=max_words,
        )

    def _assign(
        self,
        words: Sequence[int],
        firsts: Sequence[int],
        lasts: Sequence[int],
        *,
        n_items: int,
        max_words: int,
    ) -> np.ndarray:
        """Distribute words over the ranges of items that they cover."""
        rows: List[List[int]] = [[] for _ in range(n_items)]
        order = sorted(
            range(len(words)), key=lambda i: (-len(self.words[words[i]]), firsts[i])
        )
        for i in order:
            number = words[i] + 1
            for row in rows[firsts[i] : lasts[i]]:
                if len(row) < max_words and number not in row:
                    row.append(number)
        out = np.zeros((n_items, max_words), dtype=np.int64)
        for item, row in enumerate(rows):
            out[item, : len(row)] = row
        return out

    def _add(self, word: str) -> int:
        """Add the nodes of a word, and return the last."""
        node = _ROOT
        for character in word:
            key = node * _CHARACTERS + ord(character)
            node = self._children.setdefault(key, len(self._children) + 1)
        return node


def _places(text: Union[Doc, Span]) -> np.ndarray:
    """Return first character and character after the last of tokens, [n_tokens, 2]."""
    # The stubs of spaCy lack `Span.to_array`.
    part: Any = text
    places: np.ndarray = part.to_array([IDX, LENGTH]).astype(np.int64).reshape(-1, 2)
    if isinstance(text, Span) and len(places):
        places[:, 0] -= places[0, 0]
    places[:, 1] += places[:, 0]
    return places
