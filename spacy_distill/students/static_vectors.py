"""Initialize student words from pretrained vectors, alone or beside word pieces."""

from typing import Dict, Iterable, Optional, Sequence, Tuple

import numpy as np
from spacy.util import logger, registry

from ..errors import DistillError
from .composition import KnownWords
from .vector_files.base import ChosenVectors, VectorFile, choose_vectors
from .vector_files.open import open_vectors
from .word_vectors import (
    StartingVectors,
    WordVectorSource,
    project_vectors,
    quantize_vectors,
)

# Below this share of the most frequent words, vectors may be of another language.
_EXPECTED_SHARE = 0.5
_N_FREQUENT = 1000
# Weight of the ridge penalty, as a share of the mean variance of the pieces' vectors.
_RIDGE = 0.1


STATIC_VECTORS = "spacy_distill.StaticVectors.v1"


@registry.misc(STATIC_VECTORS)
def static_vectors_v1(
    path: Optional[str],
    known_words: int = 100_000,
    vector_width: Optional[int] = None,
    pieces: Optional[WordVectorSource] = None,
) -> WordVectorSource:
    """Initialize from pretrained word vectors, and keep those of frequent words.

    A student knows the frequent words of the file at prediction, whether its training
    texts had them or not. That needs space: `known_words` times the width of the
    vectors in bytes, before compression.

    With `pieces`, the first columns of a word's vector are those of its word pieces,
    and the last `vector_width` columns are of the file. Words that the file does not
    have get their last columns from their pieces: a ridge regression, fitted on the
    words that have both. Without `pieces`, they have no vector, as unknown words.

    Vectors are reduced by PCA where they are wider than asked, and scaled to the same
    spread as pieces. A file in lowercase gives its vectors to words in any case, as
    does a student whose table ignores case.

    Args:
        path: Installed spaCy pipeline or its folder, file of GloVe, fastText or
            word2vec, `.npy` file, or model2vec folder; see `open_vectors`. None for no
            vectors: all columns are then those of `pieces`.
        known_words: How many of the first words of the file to keep in the pipeline, 0
            for none. Files have the most frequent words first.
        vector_width: Columns for these vectors, of the student's word_width; by default
            the width of the file beside pieces, and all columns without.
        pieces: Source of the other columns, with word pieces: AutoWords.v1,
            TeacherWords.v1 or TransformerWords.v1.

    Returns:
        The source of word vectors. It raises DistillError if the file cannot be read,
        or if it has none of the words.

    Raises:
        DistillError: If `known_words` is negative, or if there are neither vectors nor
            pieces.
    """
    if not path and pieces is None:
        raise DistillError(
            "Expected path or pieces in [initialize.before_init.source], got neither:"
            " give the vectors, as in --paths.word_vectors FILE."
        )
    if known_words < 0:
        raise DistillError(
            f"Expected known_words of 0 or more, got {known_words}: change it in"
            " [initialize.before_init.source]."
        )
    return StaticVectors(path or None, known_words, vector_width, pieces)


class StaticVectors:
    """The source of `static_vectors_v1`, which can check its settings early.

    Args:
        path: The vectors; None for those of pieces alone.
        known_words: How many of the first words to keep.
        vector_width: Columns for these vectors.
        pieces: Source of the other columns.
    """

    def __init__(
        self,
        path: Optional[str],
        known_words: int,
        vector_width: Optional[int],
        pieces: Optional[WordVectorSource],
    ) -> None:
        self.path = path
        self.known_words = known_words
        self.vector_width = vector_width
        self.pieces = pieces

    def check(self, width: int) -> None:
        """Check that the vectors are there and fit; see `CheckedSource`."""
        if self.path is not None:
            self._own_width(open_vectors(self.path), width)

    def __call__(self, words: Sequence[str], width: int) -> StartingVectors:
        """Return vectors for words; see `WordVectorSource`."""
        if self.path is None:
            assert self.pieces is not None
            return self.pieces(words, width)
        file = open_vectors(self.path)
        own = self._own_width(file, width)
        forms = {form for word in words for form in _forms(word)}
        chosen = choose_vectors(file, first=self.known_words, wanted=forms)
        lowercase = _is_lowercase(words) or _is_lowercase(chosen.words)
        rows = _rows_by_key(chosen, lowercase)
        found = _find_rows(words, rows, lowercase)
        _tell_coverage(file, words, found)
        if chosen.n_first < self.known_words:
            logger.info(f"{file.name} has {chosen.n_first:,} words, all of them kept")
        has = found >= 0
        if not has.any():
            raise DistillError(
                f"Expected vectors of some words of the training texts in {file.name},"
                " got none: choose vectors of their language."
            )
        project = project_vectors(chosen.vectors[found[has]], own)
        table = project(chosen.vectors)
        ours = np.where(has[:, None], table[found], 0.0).astype(np.float32)
        known = _known(rows, table, chosen.n_first, lowercase=lowercase)
        if self.pieces is None:
            return StartingVectors(ours, known=known)
        return _joined(self.pieces(words, width - own), ours, has, known)

    def _own_width(self, file: VectorFile, width: int) -> int:
        """Return how many of the columns are of the file."""
        usual, most = width, width
        if self.pieces is not None:
            usual, most = file.width, width - 1
        own = usual if self.vector_width is None else self.vector_width
        if not 0 < own <= most:
            raise DistillError(
                f"Expected vectors of 1 to {most} numbers in a word_width of {width},"
                f" got {own} of {file.name}: set vector_width in"
                " [initialize.before_init.source], to which they are reduced, or a"
                " larger word_width of the student."
            )
        return own


def _forms(word: str) -> Tuple[str, ...]:
    """Return the forms under which a file may have a word."""
    return (word, word.lower(), word.capitalize(), word.upper())


def _is_lowercase(words: Iterable[str]) -> bool:
    return not any(word != word.lower() for word in words)


def _rows_by_key(chosen: ChosenVectors, lowercase: bool) -> Dict[str, int]:
    """Return the row of each word, of the more frequent one if case is ignored."""
    rows: Dict[str, int] = {}
    for row, word in enumerate(chosen.words):
        rows.setdefault(word.lower() if lowercase else word, row)
    return rows


def _find_rows(
    words: Sequence[str], rows: Dict[str, int], lowercase: bool
) -> np.ndarray:
    """Return the row of each word, int64 [n_words]; -1 where there is none."""
    found = [rows.get(word.lower() if lowercase else word, -1) for word in words]
    return np.array(found, dtype=np.int64)


def _tell_coverage(file: VectorFile, words: Sequence[str], found: np.ndarray) -> None:
    """Log how many words have vectors; warn if they may be of another language."""
    has = found >= 0
    logger.info(
        f"{file.name} has vectors of {has.sum():,} of {len(words):,} words of the"
        f" training texts, {has.mean():.0%}"
    )
    # The words come with the most frequent ones first.
    frequent = [
        bool(is_found)
        for word, is_found in list(zip(words, has))[:_N_FREQUENT]
        if word.isalpha()
    ]
    if frequent and np.mean(frequent) < _EXPECTED_SHARE:
        logger.warning(
            f"Only {np.mean(frequent):.0%} of the most frequent words have a vector in"
            f" {file.name}: are they of another language, or otherwise written?"
        )


def _known(
    rows: Dict[str, int], table: np.ndarray, n_first: int, *, lowercase: bool
) -> Optional[KnownWords]:
    """Return the first words of the file with their vectors, quantized."""
    kept = {word: row for word, row in rows.items() if row < n_first}
    if not kept:
        return None
    vectors, scales = quantize_vectors(table[list(kept.values())])
    return KnownWords(list(kept), lowercase, vectors, scales)


def _joined(
    beside: StartingVectors,
    ours: np.ndarray,
    has_vector: np.ndarray,
    known: Optional[KnownWords],
) -> StartingVectors:
    """Put the vectors of pieces and those of the file side by side.

    Args:
        beside: The vectors of pieces.
        ours: Vectors of the file, float32 [n_words, width]; 0 where it has none.
        has_vector: Whether the file has one, bool [n_words].
        known: Known words.

    Returns:
        Both. Pieces get what a ridge regression from their vectors predicts.
    """
    predict = _ridge(beside.vectors[has_vector], ours[has_vector])
    # The prediction is linear: that of the mean of pieces is the mean of theirs.
    ours = np.where(has_vector[:, None], ours, predict(beside.vectors))
    vectors = np.concatenate([beside.vectors, ours], axis=1).astype(np.float32)
    piece_vectors = None
    if beside.piece_vectors is not None:
        rows, scales = beside.piece_vectors
        table = rows * scales[:, None]
        both = np.concatenate([table, predict(table)], axis=1)
        piece_vectors = quantize_vectors(both.astype(np.float32))
    return StartingVectors(vectors, beside.pieces, piece_vectors, known)


def _ridge(inputs: np.ndarray, outputs: np.ndarray) -> "_Linear":
    """Fit a ridge regression with an intercept."""
    mean_in, mean_out = inputs.mean(axis=0), outputs.mean(axis=0)
    centered: np.ndarray = (inputs - mean_in).astype(np.float64)
    gram = centered.T @ centered
    penalty = max(_RIDGE * float(np.trace(gram)) / len(gram), 1e-12)
    gram[np.diag_indices(len(gram))] += penalty
    weights = np.linalg.solve(gram, centered.T @ (outputs - mean_out))
    return _Linear(weights, mean_out - mean_in @ weights)


class _Linear:
    """A linear map with an intercept.

    Args:
        weights: [n_in, n_out].
        intercept: [n_out].
    """

    def __init__(self, weights: np.ndarray, intercept: np.ndarray) -> None:
        self._weights = weights
        self._intercept = intercept

    def __call__(self, inputs: np.ndarray) -> np.ndarray:
        """Map rows, [n, n_in] to [n, n_out]."""
        out: np.ndarray = inputs @ self._weights + self._intercept
        return out
