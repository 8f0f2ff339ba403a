"""Words to replace others: of the same part of speech, or with a similar vector."""

from bisect import bisect_right
from collections import Counter, defaultdict
from itertools import accumulate
from random import Random
from typing import DefaultDict, Dict, List, NamedTuple, Optional, Protocol, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Token
from spacy.vocab import Vocab

from ...errors import DistillError
from .passage import Passage

# Nearest neighbours among which a replacement is drawn.
_NEIGHBOURS = 10
# Words whose neighbours are remembered.
_MOST_REMEMBERED = 50_000
# A table is sorted again when it has grown by this factor.
_GROWTH = 1.1

# Tag, and whether the word has a capital.
_Kind = Tuple[str, bool]


class Replacements(Protocol):
    """Words that may take the place of others.

    Attributes:
        needs_texts: Whether the words are those of the texts, so that all of them have
            to be added first.
    """

    needs_texts: bool

    def add(self, passage: Passage) -> None:
        """Take note of the words of a text.

        Args:
            passage: The text.
        """
        ...

    def sample(self, token: Token, rng: Random) -> Optional[str]:
        """Return another word in place of a token.

        Args:
            token: The token.
            rng: Source of randomness.

        Returns:
            A different word; None if there is none.
        """
        ...


class _Table(NamedTuple):
    """Words in order of their first occurrence, with the sums of their counts."""

    words: List[str]
    sums: List[int]
    places: Dict[str, int]


class TaggedWords:
    """Words by part of speech, drawn by their frequency in the texts.

    Words are replaced by others with the same tag (`tag_`, or `pos_` without it), and
    with or without a capital, as they have it themselves. Words of entities are not
    counted, so that no replacement brings an entity to where gold annotation has none.
    Memory grows with the number of different words.
    """

    needs_texts = True

    def __init__(self) -> None:
        self._counts: DefaultDict[_Kind, Counter[str]] = defaultdict(Counter)
        self._totals: Counter[_Kind] = Counter()
        self._tables: Dict[_Kind, _Table] = {}

    def add(self, passage: Passage) -> None:
        """Count the free words of a text.

        Args:
            passage: The text. Its tokens have tags.
        """
        for i in passage.free:
            token = passage.doc[i]
            kind = _kind(token)
            if kind is not None:
                self._counts[kind][token.text] += 1
                self._totals[kind] += 1

    def sample(self, token: Token, rng: Random) -> Optional[str]:
        """Draw a word of a token's kind, other than its own, by frequency.

        Args:
            token: The token.
            rng: Source of randomness.

        Returns:
            The word; None if there is no other one.
        """
        kind = _kind(token)
        if kind is None or kind not in self._counts:
            return None
        table = self._table(kind)
        place = table.places.get(token.text)
        if place is None:
            return _draw(table, rng.randrange(table.sums[-1]))
        # Skip the token's own share of the sum.
        stop = table.sums[place]
        start = table.sums[place - 1] if place else 0
        others = table.sums[-1] - (stop - start)
        if not others:
            return None
        number = rng.randrange(others)
        return _draw(table, number if number < start else number + stop - start)

    def _table(self, kind: _Kind) -> _Table:
        table = self._tables.get(kind)
        if table is None or table.sums[-1] * _GROWTH < self._totals[kind]:
            counts = self._counts[kind]
            words = list(counts)
            table = _Table(
                words,
                list(accumulate(counts.values())),
                {word: i for i, word in enumerate(words)},
            )
            self._tables[kind] = table
        return table


class VectorNeighbours:
    """Words with the most similar vectors (cosine), all equally likely.

    Args:
        vocab: Vocab with vectors that have a row for each word.
    """

    needs_texts = False

    def __init__(self, vocab: Vocab) -> None:
        self._strings = vocab.strings
        self._vocab = vocab
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
        self._remembered: Dict[str, List[str]] = {}

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
        if token.text not in self._remembered:
            if len(self._remembered) == _MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[token.text] = self._neighbours(token)
        words = self._remembered[token.text]
        return rng.choice(words) if words else None

    def _neighbours(self, token: Token) -> List[str]:
        row = self._rows.get(token.orth, self._rows.get(token.lower, -1))
        if row < 0 or not np.isfinite(self._norms[row]):
            return []
        similarities = (self._data @ self._data[row]) / self._norms
        found: List[str] = []
        # Some rows are for other spellings of the word, or for no word.
        n = min(5 * _NEIGHBOURS, len(similarities))
        nearest = np.argpartition(-similarities, n - 1)[:n]
        for near in nearest[np.lexsort((nearest, -similarities[nearest]))].tolist():
            if similarities[near] <= 0:
                break
            found += [w for w in sorted(self._words[near]) if self._fits(w, token)]
        return found[:_NEIGHBOURS]

    def _fits(self, word: str, token: Token) -> bool:
        lexeme = self._vocab[word]
        return (
            word.lower() not in ("", token.lower_)
            and _has_capital(word) == _has_capital(token.text)
            and not (lexeme.is_punct or any(char.isspace() for char in word))
        )


def find_replacements(doc: Doc, nlp: Language) -> Replacements:
    """Choose where replacements are from, by what there is.

    Args:
        doc: A Doc as the others: with tags or without.
        nlp: Pipeline that may have vectors.

    Returns:
        Words by part of speech if the Doc has tags, else by vectors.

    Raises:
        DistillError: If there is neither.
    """
    if doc.has_annotation("TAG") or doc.has_annotation("POS"):
        return TaggedWords()
    # Floret's vectors have no words to find.
    if nlp.vocab.vectors.shape[1] and len(nlp.vocab.vectors.key2row):
        return VectorNeighbours(nlp.vocab)
    raise DistillError(
        "Expected a pipeline with a tagger or with word vectors, to replace words, got"
        f" one ({nlp.lang}) with {', '.join(nlp.pipe_names) or 'a tokenizer only'}:"
        " choose one such as en_core_web_sm (`python -m spacy download"
        " en_core_web_sm`), or set replace_rate to 0."
    )


def _kind(token: Token) -> Optional[_Kind]:
    tag = token.tag_ or token.pos_
    return (tag, _has_capital(token.text)) if tag else None


def _has_capital(word: str) -> bool:
    return word[:1].isupper()


def _draw(table: _Table, number: int) -> str:
    return table.words[bisect_right(table.sums, number)]
