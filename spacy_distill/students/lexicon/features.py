"""Features of tokens from the words of a lexicon, for the students that run in numpy.

For each token, the words in the text that begin at it, have it in their middle, end at
it, or are this token alone (SoftLexicon, Ma et al. 2020, "Simplify the Usage of Lexicon
in Chinese NER", eq. 4). The vector of a set is a mean of its words' vectors weighted by
their frequency (eq. 6, but within each set, so that a frequent word does not outweigh
rare ones that begin or end elsewhere). The vectors of the four sets are concatenated
(eq. 7).
"""

from typing import Any, Callable, List, Optional, Sequence, Tuple

import numpy as np
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Model, NumpyOps
from thinc.types import Floats2d

from ...arrays import Parts, ranges, whole
from ...errors import DistillError, no_backprop
from ...quantization import decode_rows, encode_rows
from .matching import Lexicon

LEXICON_FEATURES = "lexicon_features"
# Sets of a token, in order of their columns.
_BEGIN, _MIDDLE, _END, _SINGLE = range(4)
N_SETS = 4
# Vectors of words outside of the training texts, which never have a gradient: int8, and
# a scale for each.
_FIXED = ("lexicon_fixed", "lexicon_fixed_scales")
# Row of the vector of an empty set. The word NONE in the paper.
_NONE = 0


@registry.architectures("spacy_distill.LexiconFeatures.v1")
def lexicon_features_v1(width: int = 50) -> Model[List[Doc], List[Floats2d]]:
    """Build a layer of lexicon features, for `token_features` of a student encoder.

    The words come from `spacy_distill.init_lexicon_features.v1` in
    [initialize.before_init]. The vectors of those that are in the training texts are
    trained with the student.

    Args:
        width: Width of the vectors of words.

    Returns:
        A layer with output [n_tokens, 4 * width] for each Doc.

    Raises:
        DistillError: If the width is not positive.
    """
    if width < 1:
        raise DistillError(
            f"Expected a width of 1 or more for lexicon features, got {width}: change"
            " token_features in the student's config."
        )
    return Model(
        LEXICON_FEATURES,
        _LexiconLayer(),
        init=_init,
        params=dict.fromkeys(("lexicon_vectors", "lexicon_counts", *_FIXED)),
        dims={"nO": N_SETS * width},
        attrs={"words": [], "width": width},
        ops=NumpyOps(),
    )


def get_lexicon_features(model: Model) -> List[Model]:
    """Return the layers of lexicon features in a model."""
    return [node for node in model.walk() if node.name == LEXICON_FEATURES]


def set_lexicon(
    layer: Model,
    words: Sequence[str],
    vectors: np.ndarray,
    counts: np.ndarray,
    *,
    n_trained: int,
) -> None:
    """Set the words of a layer of lexicon features, before it is initialized.

    Args:
        layer: The layer.
        words: The words.
        vectors: Their initial vectors, float32 [n_words, width].
        counts: How often each of them is in the training texts, int64 [n_words].
        n_trained: How many of them have vectors that are trained: the first. The
            vectors of the others are quantized to int8.
    """
    table: Any = np.zeros((n_trained + 1, layer.attrs["width"]), dtype=np.float32)
    table[1:] = vectors[:n_trained]
    fixed: Any = encode_rows(vectors[n_trained:])
    # One more, so that words outside of the training texts count.
    weights: Any = (counts + 1).astype(np.float32)
    layer.attrs["words"] = list(words)
    layer.set_param("lexicon_vectors", table)
    layer.set_param("lexicon_counts", weights)
    for name, array in zip(_FIXED, fixed):
        layer.set_param(name, array)


def find_sets(lexicon: Lexicon, docs: Sequence[Doc]) -> Tuple[np.ndarray, np.ndarray]:
    """Find the words in the four sets of each token.

    Args:
        lexicon: The lexicon.
        docs: The Docs. Their tokens are numbered through.

    Returns:
        Rows (number of the token times 4, plus the set), sorted, and the number of the
        word that is in each, int64 [n] both. A set with several words is there several
        times.
    """
    found: List[Tuple[int, int, int]] = []
    offsets: List[int] = []
    n_tokens = 0
    for doc in docs:
        matches = lexicon.find(doc)
        found += matches
        offsets += [n_tokens] * len(matches)
        n_tokens += len(doc)
    columns = np.array(found, dtype=np.int64).reshape(-1, 3).T
    starts, ends = columns[:2] + np.array(offsets, dtype=np.int64)
    words, lengths = columns[2], ends - starts
    single, several, long = lengths == 1, lengths > 1, lengths > 2
    middle, _ = ranges(starts[long] + 1, ends[long] - 1)
    rows = np.concatenate(
        [
            starts[several] * N_SETS + _BEGIN,
            middle * N_SETS + _MIDDLE,
            (ends[several] - 1) * N_SETS + _END,
            starts[single] * N_SETS + _SINGLE,
        ]
    )
    repeated = np.repeat(words[long], lengths[long] - 2)
    words = np.concatenate([words[several], repeated, words[several], words[single]])
    order = np.argsort(rows, kind="stable")
    return rows[order], words[order]


class _LexiconLayer:
    """Forward pass; holds the trie of the words, which the model has in its attrs."""

    def __init__(self) -> None:
        self._cached: Tuple[Any, Optional[Lexicon]] = (None, None)

    def __reduce__(self) -> Any:
        # The trie is neither saved nor copied: it is larger than the words.
        return (_LexiconLayer, ())

    def __call__(
        self, model: Model, docs: List[Doc], is_train: bool
    ) -> Tuple[List[Floats2d], Callable]:
        table: Any = model.get_param("lexicon_vectors")
        counts: Any = model.get_param("lexicon_counts")
        lengths = [len(doc) for doc in docs]
        rows, words = find_sets(self._get_lexicon(model), docs)
        # Sets that are not empty: first place among the pairs, and row.
        firsts = np.flatnonzero(np.diff(rows, prepend=-1))
        filled = rows[firsts]
        sets = np.empty((sum(lengths) * N_SETS, table.shape[1]), dtype=table.dtype)
        sets[:] = table[_NONE]
        weights = counts[words]
        if len(rows):
            sizes = np.diff(firsts, append=len(rows))
            weights /= np.repeat(np.add.reduceat(weights, firsts), sizes)
            vectors = _take_vectors(model, words) * weights[:, None]
            sets[filled] = np.add.reduceat(vectors, firsts, axis=0)
        Y: Any = Parts(sets.reshape(-1, model.get_dim("nO")), lengths)
        if not is_train:
            return Y, no_backprop

        def backprop(dY: List[Any]) -> List[Doc]:
            d_sets = whole(dY).reshape(sets.shape)
            gradient: Any = np.zeros_like(table)
            empty = np.ones(len(d_sets), dtype=bool)
            empty[filled] = False
            gradient[_NONE] = d_sets[empty].sum(axis=0)
            trained = words < len(table) - 1
            d_words = d_sets[rows[trained]] * weights[trained, None]
            np.add.at(gradient, words[trained] + 1, d_words)
            model.inc_grad("lexicon_vectors", gradient)
            return []

        return Y, backprop

    def _get_lexicon(self, model: Model) -> Lexicon:
        words, lexicon = self._cached
        # The list itself rather than its id, which is reused once it is freed.
        if lexicon is None or words is not model.attrs["words"]:
            words = model.attrs["words"]
            lexicon = Lexicon(words)
            # At once, since threads may share the layer.
            self._cached = (words, lexicon)
        return lexicon


def _take_vectors(model: Model, words: np.ndarray) -> np.ndarray:
    """Return vectors of words, float32 [n, width], by their numbers, int64 [n]."""
    table: Any = model.get_param("lexicon_vectors")
    fixed: Any = model.get_param("lexicon_fixed")
    scales: Any = model.get_param("lexicon_fixed_scales")
    rows = words + 1
    # Rows of others are replaced.
    vectors: np.ndarray = table.take(rows, axis=0, mode="clip")
    others = np.flatnonzero(rows >= len(table))
    rows = rows[others] - len(table)
    vectors[others] = decode_rows(fixed[rows], scales[rows])
    return vectors


def _init(model: Model, X: Optional[List[Doc]] = None, Y: Any = None) -> None:
    if not model.attrs["words"]:
        raise DistillError(
            "Expected words for spacy_distill.LexiconFeatures.v1, got none: add"
            " spacy_distill.init_lexicon_features.v1 to [initialize.before_init]."
        )
    table = model.get_param("lexicon_vectors")
    # Left from an earlier initialization, maybe in other shapes.
    model.set_grad("lexicon_vectors", model.ops.alloc_f(table.shape))
