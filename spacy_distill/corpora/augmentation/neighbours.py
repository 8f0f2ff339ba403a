"""Words near others: by word vectors, or by the word pieces of a transformer."""

from collections import Counter, defaultdict
from random import Random
from typing import Callable, DefaultDict, Dict, List, Optional

import numpy as np
from spacy.lang.lex_attrs import is_punct
from spacy.tokens import Token
from spacy.vocab import Vocab

from ...students.pieces import Segmenter
from ...words import WordPieces
from .passage import Passage

# Nearest neighbours among which a replacement is drawn.
_NEIGHBOURS = 10
# Words whose neighbours are remembered.
_MOST_REMEMBERED = 50_000
# Words of the texts that may replace others, the most frequent ones.
_MOST_WORDS = 50_000


class _Remembered:
    """Draws from the neighbours of words, which are found once."""

    def __init__(self, find: Callable[[Token], List[str]]) -> None:
        self._find = find
        self._words: Dict[str, List[str]] = {}

    def sample(self, token: Token, rng: Random) -> Optional[str]:
        if token.text not in self._words:
            if len(self._words) == _MOST_REMEMBERED:
                self._words.clear()
            self._words[token.text] = self._find(token)
        words = self._words[token.text]
        return rng.choice(words) if words else None


class VectorNeighbours:
    """Words with the most similar vectors (cosine), all equally likely.

    Args:
        vocab: Vocab with vectors that have a row for each word.
    """

    needs_texts = False

    def __init__(self, vocab: Vocab) -> None:
        self._strings = vocab.strings
        # On a GPU, if the pipeline is.
        data = vocab.vectors.data
        self._data = np.asarray(data.get() if hasattr(data, "get") else data)
        norms = np.linalg.norm(self._data, axis=1)
        self._norms = np.where(norms > 0, norms, np.inf)
        self._rows: Dict[int, int] = dict(vocab.vectors.key2row)
        self._words: DefaultDict[int, List[str]] = defaultdict(list)
        for key, row in self._rows.items():
            # Some pipelines have vectors of words that they do not name.
            if key in self._strings:  # type: ignore[operator]
                self._words[row].append(self._strings[key])
        self._remembered = _Remembered(self._neighbours)

    def add(self, passage: Passage) -> None:
        """Do nothing: the words are those with vectors.

        Args:
            passage: Not used.
        """

    def sample(self, token: Token, rng: Random) -> Optional[str]:
        """Draw one of the nearest neighbours of a token.

        Args:
            token: The token.
            rng: Source of randomness.

        Returns:
            The word; None if the token has no vector, or if it has no neighbours.
        """
        return self._remembered.sample(token, rng)

    def _neighbours(self, token: Token) -> List[str]:
        row = self._rows.get(token.orth, self._rows.get(token.lower, -1))
        if row < 0 or not np.isfinite(self._norms[row]):
            return []
        similarities = (self._data @ self._data[row]) / self._norms
        found: List[str] = []
        for near in _nearest(similarities):
            found += [w for w in sorted(self._words[near]) if _fits(w, token)]
        return found[:_NEIGHBOURS]


class PieceNeighbours:
    """Words of the texts with the most similar word pieces (cosine), equally likely.

    The vector of a word is the mean of the input embeddings of its pieces, less the
    mean over all pieces. Words of entities replace no others. All texts are added
    before the first word is drawn. Memory grows with the number of different words.

    Args:
        pieces: Word pieces of a transformer.
    """

    needs_texts = True

    def __init__(self, pieces: WordPieces) -> None:
        self._segment = Segmenter(
            pieces.surfaces,
            pieces.initial.tolist(),
            lowercase=pieces.lowercase,
            strip_accents=pieces.strip_accents,
        )
        vectors = pieces.vectors.astype(np.float32)
        self._pieces = vectors - vectors.mean(axis=0)
        self._counts: Counter[str] = Counter()
        self._words: List[str] = []
        self._data = self._pieces[:0]
        self._remembered = _Remembered(self._neighbours)

    def add(self, passage: Passage) -> None:
        """Count the free words of a text.

        Args:
            passage: The text.
        """
        self._counts.update(passage.doc[i].text for i in passage.free)

    def sample(self, token: Token, rng: Random) -> Optional[str]:
        """Draw one of the nearest neighbours of a token.

        Args:
            token: The token.
            rng: Source of randomness.

        Returns:
            The word; None if the token has no pieces, or if it has no neighbours.
        """
        return self._remembered.sample(token, rng)

    def _neighbours(self, token: Token) -> List[str]:
        if not self._words:
            self._make_table()
        vector = self._vector(token.text)
        if vector is None:
            return []
        similarities = self._data @ vector
        found = [self._words[near] for near in _nearest(similarities)]
        return [word for word in found if _fits(word, token)][:_NEIGHBOURS]

    def _make_table(self) -> None:
        vectors = []
        for word, _ in self._counts.most_common(_MOST_WORDS):
            vector = self._vector(word)
            if vector is not None:
                self._words.append(word)
                vectors.append(vector)
        if vectors:
            self._data = np.stack(vectors)

    def _vector(self, word: str) -> Optional[np.ndarray]:
        """Return the vector of a word, of length 1; None without pieces."""
        rows = self._segment(word)
        if not rows:
            return None
        vector = self._pieces[rows].mean(axis=0)
        norm = np.linalg.norm(vector)
        return vector / norm if norm > 0 else None


def _nearest(similarities: np.ndarray) -> List[int]:
    """Return the rows that are most similar, best first; more than are needed.

    Some are for other spellings of the word, or for no word.
    """
    n = min(5 * _NEIGHBOURS, len(similarities))
    if not n:
        return []
    nearest = np.argpartition(-similarities, n - 1)[:n]
    ordered = nearest[np.lexsort((nearest, -similarities[nearest]))]
    return [row for row in ordered.tolist() if similarities[row] > 0]


def _fits(word: str, token: Token) -> bool:
    return (
        word.lower() not in ("", token.lower_)
        and has_capital(word) == has_capital(token.text)
        and not (is_punct(word) or any(char.isspace() for char in word))
    )


def has_capital(word: str) -> bool:
    """Return whether a word begins with a capital."""
    return word[:1].isupper()
