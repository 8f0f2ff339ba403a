"""Words to replace others: of the same part of speech, or near them."""

from bisect import bisect_right
from collections import Counter, defaultdict
from itertools import accumulate
from random import Random
from typing import DefaultDict, Dict, List, NamedTuple, Optional, Protocol, Tuple

from spacy.language import Language
from spacy.tokens import Doc, Token

from ...errors import DistillError
from ...words import WordPieces
from .neighbours import PieceNeighbours, VectorNeighbours, has_capital
from .passage import Passage

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


def find_replacements(
    doc: Doc, nlp: Language, pieces: Optional[WordPieces] = None
) -> Replacements:
    """Choose where replacements are from, by what there is.

    Args:
        doc: A Doc as the others: with tags or without.
        nlp: Pipeline that may have vectors.
        pieces: Word pieces of a transformer.

    Returns:
        Words near others by the pieces, if there are any; else words by part of speech
        if the Doc has tags, else by vectors.

    Raises:
        DistillError: If there is none of them.
    """
    if pieces is not None:
        return PieceNeighbours(pieces)
    if doc.has_annotation("TAG") or doc.has_annotation("POS"):
        return TaggedWords()
    # Floret's vectors have no words to find.
    if nlp.vocab.vectors.shape[1] and len(nlp.vocab.vectors.key2row):
        return VectorNeighbours(nlp.vocab)
    raise DistillError(
        "Expected a pipeline with a tagger or with word vectors, to replace words, got"
        f" one ({nlp.lang}) with {', '.join(nlp.pipe_names) or 'a tokenizer only'}:"
        " choose one such as en_core_web_sm (`python -m spacy download"
        " en_core_web_sm`), name a transformer whose word pieces serve as vectors, or"
        " set replace_rate to 0."
    )


def _kind(token: Token) -> Optional[_Kind]:
    tag = token.tag_ or token.pos_
    return (tag, has_capital(token.text)) if tag else None


def _draw(table: _Table, number: int) -> str:
    return table.words[bisect_right(table.sums, number)]
