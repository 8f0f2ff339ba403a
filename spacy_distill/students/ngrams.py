"""Hashed n-grams of words and characters: the smallest and fastest text classifier."""

from threading import Lock
from typing import Any, Callable, Dict, List, Optional, Tuple

import numpy as np
from spacy.attrs import LOWER
from spacy.strings import StringStore, get_string_id
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Linear, Model, chain
from thinc.types import Floats2d

from ..errors import DistillError, no_backprop

NGRAMS = "hashed_ngrams"
# Odd 64-bit numbers: they spread the hashes of neighboring words over all buckets.
_MULTIPLIERS = np.array(
    [0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F, 0x165667B19E3779F9, 0xD6E8FEB86659FD93],
    dtype=np.uint64,
)
_CACHED_TYPES = 65_536
# Of longer words, such as encoded files, the beginning counts. No language needs more.
_LONGEST_WORD = 100


@registry.architectures("spacy_distill.NGramClassifier.v1")
def ngram_classifier_v1(
    width: int = 8,
    buckets: int = 131_072,
    word_ngrams: int = 2,
    min_chars: int = 3,
    max_chars: int = 5,
    dropout: float = 0.0,
    nO: Optional[int] = None,
) -> Model[List[Doc], Floats2d]:
    """Build a linear classifier over hashed n-grams, as in fastText.

    A document is the sum of the embeddings of its n-grams over the square root of their
    number (Joulin et al. 2017, Bag of Tricks for Efficient Text Classification, take
    the mean). N-grams ignore case.

    Args:
        width: Width of the n-gram embeddings. As many as categories are enough.
        buckets: Rows of the table. N-grams whose hashes fall together share a row.
        word_ngrams: Longest n-gram of words, from 1 to 4.
        min_chars: Shortest n-gram of the characters of a word, with a mark at both ends
            of the word.
        max_chars: Longest n-gram of characters; 0 for none.
        dropout: Share of n-grams that are left out in training. `spacy train` sets it
            from [training] dropout.
        nO: Number of categories. Set by the component at initialization.

    Returns:
        A model with output [n_docs, n_categories].

    Raises:
        DistillError: If a size is out of range.
    """
    if not 1 <= word_ngrams <= len(_MULTIPLIERS):
        raise DistillError(
            f"Expected word_ngrams from 1 to {len(_MULTIPLIERS)}, got {word_ngrams}:"
            " change [components.textcat.model]."
        )
    if width < 1 or buckets < 1 or (max_chars and not 1 <= min_chars <= max_chars):
        raise DistillError(
            "Expected width and buckets of 1 or more and min_chars from 1 to max_chars,"
            f" got {width}, {buckets}, {min_chars} and {max_chars}: change"
            " [components.textcat.model]."
        )
    linear = Linear(nO=nO, nI=width)
    model: Model[List[Doc], Floats2d] = chain(
        _hashed_ngrams(width, buckets, word_ngrams, min_chars, max_chars, dropout),
        linear,
    )
    model.name = "ngram_classifier"
    model.set_ref("output_layer", linear)
    return model


def _hashed_ngrams(
    width: int,
    buckets: int,
    word_ngrams: int,
    min_chars: int,
    max_chars: int,
    dropout: float,
) -> Model[List[Doc], Floats2d]:
    return Model(
        NGRAMS,
        _Forward(CharNGrams(min_chars, max_chars)),
        init=_init,
        params={"E": None},
        dims={"nO": width, "nV": buckets},
        attrs={
            "word_ngrams": word_ngrams,
            "min_chars": min_chars,
            "max_chars": max_chars,
            "dropout_rate": dropout,
        },
    )


def _init(model: Model, X: Optional[List[Doc]] = None, Y: Any = None) -> None:
    shape = (model.get_dim("nV"), model.get_dim("nO"))
    # Small: what was never seen in training must not decide anything.
    table: Any = np.random.normal(0.0, 0.01, shape).astype(np.float32)
    model.set_param("E", model.ops.asarray2f(table))


class CharNGrams:
    """Hashes of the character n-grams of words, computed once for each word.

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

    def __deepcopy__(self, memo: Any) -> "CharNGrams":
        return CharNGrams(self.shortest, self.longest)

    def find(self, keys: List[int], strings: StringStore) -> List[np.ndarray]:
        """Return the hashes of each word's n-grams, uint64.

        Args:
            keys: Hashes of the words.
            strings: Maps them to texts.
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
        """
        marked = f"<{word[:_LONGEST_WORD]}>"
        found = [
            get_string_id(marked[i : i + n])
            for n in range(self.shortest, self.longest + 1)
            for i in range(len(marked) - n + 1)
        ]
        return np.array(found, dtype=np.uint64)


class _Forward:
    """Forward pass of the n-gram layer; it has the cache of character n-grams."""

    def __init__(self, chars: CharNGrams) -> None:
        self.chars = chars

    def __call__(
        self, model: Model[List[Doc], Floats2d], docs: List[Doc], is_train: bool
    ) -> Tuple[Floats2d, Callable]:
        table: Any = model.ops.to_numpy(model.get_param("E"))
        rate = model.attrs["dropout_rate"] if is_train else 0.0
        found = [
            ngram_hashes(doc, model.attrs["word_ngrams"], self.chars) for doc in docs
        ]
        if rate:
            found = [part[np.random.random(len(part)) >= rate] for part in found]
        lengths = np.array([len(part) for part in found])
        rows = buckets_of(np.concatenate(found), len(table))
        filled = np.flatnonzero(lengths)
        counts = lengths[filled]
        starts = np.cumsum(counts) - counts
        scales = (1.0 / np.sqrt(counts))[:, None].astype(np.float32)
        Y: Any = np.zeros((len(docs), table.shape[1]), dtype=np.float32)
        if len(rows):
            Y[filled] = np.add.reduceat(table[rows], starts, axis=0) * scales
        if not is_train:
            return model.ops.asarray2f(Y), no_backprop

        def backprop(dY: Floats2d) -> List[Doc]:
            d_rows = np.repeat(model.ops.to_numpy(dY)[filled] * scales, counts, axis=0)
            gradient: Any = np.zeros_like(table)
            np.add.at(gradient, rows, d_rows)
            model.inc_grad("E", model.ops.asarray2f(gradient))
            return []

        return model.ops.asarray2f(Y), backprop


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
    parts = [words]
    mixed = words * _MULTIPLIERS[0]
    for n in range(2, min(longest, len(words)) + 1):
        mixed = mixed[:-1] + words[n - 1 :] * _MULTIPLIERS[n - 1]
        parts.append(mixed)
    if chars.longest:
        parts += chars.find(words.tolist(), doc.vocab.strings)
    out: np.ndarray = np.concatenate(parts)
    return out


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
