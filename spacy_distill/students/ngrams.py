"""Hashed n-grams of words and characters: the smallest and fastest text classifier."""

from typing import Any, Callable, List, Optional, Tuple

import numpy as np
from spacy.attrs import LOWER
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Linear, Model, chain
from thinc.types import Floats2d

from ..errors import DistillError, no_backprop
from .ngram_cache import NGramCache
from .ngram_hashes import (
    LONGEST_WORD_NGRAM,
    CharNGrams,
    buckets_of,
    ngram_hashes,
    word_ngrams,
)

NGRAMS = "hashed_ngrams"


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
    the mean). N-grams ignore case. Embeddings start at zero, so that n-grams that were
    not seen in training contribute nothing.

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
    if not 1 <= word_ngrams <= LONGEST_WORD_NGRAM:
        raise DistillError(
            f"Expected word_ngrams from 1 to {LONGEST_WORD_NGRAM}, got {word_ngrams}:"
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


def get_ngram_layers(model: Model) -> List[Model]:
    """Return the n-gram layers in a model."""
    return [node for node in model.walk() if node.name == NGRAMS]


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
        _NGramLayer(CharNGrams(min_chars, max_chars)),
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
    # The weights of the output layer are random, so that zeros can learn. Rows of
    # n-grams that training does not see stay zero: they decide nothing, and take no
    # space in a wheel.
    model.set_param("E", model.ops.alloc2f(model.get_dim("nV"), model.get_dim("nO")))


class _NGramLayer:
    """Forward pass of the n-gram layer, with its caches; the model owns the table."""

    def __init__(self, chars: CharNGrams) -> None:
        self.chars = chars
        self.cache = NGramCache(chars)

    def __reduce__(self) -> Any:
        return (_NGramLayer, (self.chars,))

    def __call__(
        self, model: Model[List[Doc], Floats2d], docs: List[Doc], is_train: bool
    ) -> Tuple[Floats2d, Callable]:
        table: Any = model.ops.to_numpy(model.get_param("E"))
        if is_train:
            return self._train(model, table, docs)
        Y: Any = self._predict(table, docs, model.attrs["word_ngrams"])
        return model.ops.asarray2f(Y), no_backprop

    def _predict(self, table: np.ndarray, docs: List[Doc], longest: int) -> np.ndarray:
        """Return what `_train` does without dropout, up to rounding.

        N-grams of a single word are cached by word type; those of several words are
        looked up each time.
        """
        Y = np.zeros((len(docs), table.shape[1]), dtype=np.float32)
        lengths = np.array([len(doc) for doc in docs])
        if not lengths.sum():
            return Y
        words = np.concatenate([doc.to_array(LOWER) for doc in docs])
        rows, sums, sizes = self.cache.find(table, words, docs[0].vocab.strings)
        owners = np.repeat(np.arange(len(docs)), lengths)
        numbers = sizes[rows]
        if not numbers.all():
            solid = numbers > 0
            words, rows, owners = words[solid], rows[solid], owners[solid]
            numbers = numbers[solid]
        vectors = sums.take(rows, axis=0)
        for n, hashes in enumerate(word_ngrams(words, longest), 2):
            grams = table.take(buckets_of(hashes, len(table)), axis=0)
            inside = owners[: len(hashes)] == owners[n - 1 :]
            # Windows over two Docs are no n-grams.
            grams[~inside] = 0.0
            vectors[: len(hashes)] += grams
            numbers[: len(hashes)] += inside
        starts = np.flatnonzero(np.diff(owners, prepend=-1))
        if len(starts):
            roots = np.sqrt(np.add.reduceat(numbers, starts), dtype=np.float32)
            totals = np.add.reduceat(vectors, starts, axis=0)
            Y[owners[starts]] = totals / roots[:, None]
        return Y

    def _train(
        self, model: Model[List[Doc], Floats2d], table: np.ndarray, docs: List[Doc]
    ) -> Tuple[Floats2d, Callable]:
        rate = model.attrs["dropout_rate"]
        longest = model.attrs["word_ngrams"]
        found = [ngram_hashes(doc, longest, self.chars) for doc in docs]
        if rate:
            found = [part[np.random.random(len(part)) >= rate] for part in found]
        lengths = np.array([len(part) for part in found], dtype=np.int64)
        rows = buckets_of(np.concatenate(found), len(table)) if found else lengths
        filled = np.flatnonzero(lengths)
        counts = lengths[filled]
        starts = np.cumsum(counts) - counts
        scales = (1.0 / np.sqrt(counts))[:, None].astype(np.float32)
        Y: Any = np.zeros((len(docs), table.shape[1]), dtype=np.float32)
        if len(rows):
            Y[filled] = np.add.reduceat(table[rows], starts, axis=0) * scales

        def backprop(dY: Floats2d) -> List[Doc]:
            d_docs: Any = model.ops.to_numpy(dY)[filled] * scales
            changing = np.repeat(d_docs.any(axis=1), counts)
            self.cache.watch(rows[changing])
            gradient: Any = np.empty_like(table)
            for i, column in enumerate(d_docs.T):
                gradient[:, i] = np.bincount(
                    rows, weights=np.repeat(column, counts), minlength=len(table)
                )
            model.inc_grad("E", model.ops.asarray2f(gradient))
            return []

        return model.ops.asarray2f(Y), backprop
