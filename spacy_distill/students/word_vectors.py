"""Sources of initial word vectors."""

from importlib.util import find_spec
from pathlib import Path
from typing import (
    Any,
    Dict,
    List,
    NamedTuple,
    Optional,
    Protocol,
    Sequence,
    Tuple,
    runtime_checkable,
)

import numpy as np
from spacy.util import load_model, logger, registry

from ..errors import DistillError
from ..hub import DEFAULT_TRANSFORMER, INSTALL_DEFAULT_TRANSFORMER
from ..quantization import MOST, quantize_rows
from ..soft_labels.store import SoftLabels
from ..tokenizer_pieces import transformer_pieces
from ..words import WordPieces
from .pieces import Segmenter

# Standard deviation of the entries of projected vectors.
_SPREAD = 0.5


class StartingVectors(NamedTuple):
    """Initial word vectors, and pieces to compose unknown words from.

    Attributes:
        vectors: float32 [n_words, width].
        pieces: Arguments of `Segmenter`; None without pieces.
        piece_vectors: int8 [n_pieces, width] and their quantization scales, float32
            [n_pieces]; None without pieces.
    """

    vectors: np.ndarray
    pieces: Optional[Dict[str, Any]] = None
    piece_vectors: Optional[Tuple[np.ndarray, np.ndarray]] = None


@runtime_checkable
class WordVectorSource(Protocol):
    """Anything that the `source` of `init_words` may name."""

    def __call__(self, words: Sequence[str], width: int) -> StartingVectors:
        """Return vectors for words.

        Args:
            words: The words.
            width: Width of the vectors.

        Returns:
            Their vectors, and pieces to compose unknown words from, if any.
        """
        ...


@registry.misc("spacy_distill.TeacherWords.v1")
def teacher_words_v1(soft_labels: Path) -> WordVectorSource:
    """Initialize from the teacher's own word pieces.

    A word starts from the mean of its pieces, reduced by PCA over the word embedding
    table. XtremeDistil (Mukherjee & Awadallah 2020) found this better than pretrained
    vectors. The pieces are kept as well, so that words without a row are composed in
    the same way at prediction.

    Args:
        soft_labels: A folder written by `annotate`.

    Returns:
        The source of word vectors. It raises DistillError if the teacher has no word
        pieces.
    """

    def teacher_words(words: Sequence[str], width: int) -> StartingVectors:
        stored = SoftLabels(soft_labels).word_pieces()
        if stored is None:
            raise DistillError(
                f"Expected word pieces in {soft_labels}, got none: this teacher has no "
                "word embeddings. Set [initialize.before_init.source] to null, to "
                "spacy_distill.TransformerWords.v1 (any transformer's), or to "
                "spacy_distill.SpacyVectors.v1."
            )
        return _mean_piece_vectors(stored, words, width)

    return teacher_words


@registry.misc("spacy_distill.TransformerWords.v1")
def transformer_words_v1(name: str) -> WordVectorSource:
    """Initialize from the word pieces of any transformer.

    Like TeacherWords, for teachers without word pieces: annotation files, CNNs, rules.

    Args:
        name: A folder, an installed package that contains a transformer, or a hub name.

    Returns:
        The source of word vectors.
    """

    def transformer_words(words: Sequence[str], width: int) -> StartingVectors:
        return _mean_piece_vectors(transformer_pieces(name), words, width)

    return transformer_words


@registry.misc("spacy_distill.AutoWords.v1")
def auto_words_v1(
    soft_labels: Optional[Path] = None,
    lang: str = "en",
    transformer: str = DEFAULT_TRANSFORMER,
) -> WordVectorSource:
    """Initialize from the best source there is, and log which one that is.

    The sources are, in order: the teacher's word pieces, those of an installed
    transformer, and random vectors.

    Args:
        soft_labels: A folder written by `annotate`; None without a teacher.
        lang: Language of the student. The default transformer is for English.
        transformer: An installed package that contains a transformer.

    Returns:
        The source of word vectors.
    """

    def auto_words(words: Sequence[str], width: int) -> StartingVectors:
        source, described = find_word_source(soft_labels, lang, transformer)
        logger.info(described)
        if source is None:
            return random_vectors(words, width)
        return source(words, width)

    return auto_words


def find_word_source(
    soft_labels: Optional[Path], lang: str, transformer: str = DEFAULT_TRANSFORMER
) -> Tuple[Optional[WordVectorSource], str]:
    """Find the source that `AutoWords.v1` takes; see `auto_words_v1`.

    Args:
        soft_labels: A folder written by `annotate`; None without a teacher.
        lang: Language of the student.
        transformer: An installed package that contains a transformer.

    Returns:
        The source, None for random vectors, and a description of it in one line.
    """
    if soft_labels is not None and SoftLabels(soft_labels).manifest.word_pieces:
        described = "Word embeddings start from the teacher's word pieces"
        return teacher_words_v1(soft_labels), described
    missing = [name for name in (transformer, "transformers") if not find_spec(name)]
    if transformer == DEFAULT_TRANSFORMER and lang != "en":
        reason = f"{transformer} is for English"
    elif missing == [DEFAULT_TRANSFORMER]:
        reason = f"{transformer} is not installed ({INSTALL_DEFAULT_TRANSFORMER})"
    elif missing:
        reason = f"{' and '.join(missing)} cannot be imported"
    else:
        described = f"Word embeddings start from the word pieces of {transformer}"
        return transformer_words_v1(transformer), described
    return None, (
        "Word embeddings start from random vectors: the teacher has no word pieces, and"
        f" {reason}"
    )


@registry.misc("spacy_distill.SpacyVectors.v1")
def spacy_vectors_v1(name: str) -> WordVectorSource:
    """Initialize from the static vectors of an installed spaCy pipeline.

    Vectors are reduced by PCA over the word embedding table. Words without a vector
    start at 0.

    Args:
        name: A package or folder, such as `en_core_web_md`.

    Returns:
        The source of word vectors. It raises DistillError if no word has a vector.
    """

    def spacy_vectors(words: Sequence[str], width: int) -> StartingVectors:
        vocab = load_model(name).vocab
        found = np.array([vocab.has_vector(word) for word in words])
        if not found.any():
            raise DistillError(
                f"Expected vectors for some of the words in {name!r}, got none: name "
                "a pipeline with static vectors."
            )
        vectors: List[Any] = [vocab.get_vector(word) for word in words]
        rows = np.stack(vectors).astype(np.float32)
        project = _principal_components(rows[found], width)
        return StartingVectors(
            np.where(found[:, None], project(rows), 0.0).astype(np.float32)
        )

    return spacy_vectors


def quantize_vectors(vectors: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Quantize rows to int8, each with its own quantization scale.

    Args:
        vectors: float [n, width].

    Returns:
        int8 [n, width] and quantization scales, float32 [n]. A row is scale * int8, to
        within half a scale.
    """
    scales = np.abs(vectors).max(axis=1) / MOST
    return quantize_rows(vectors, scales), scales.astype(np.float32)


def _mean_piece_vectors(
    stored: WordPieces, words: Sequence[str], width: int
) -> StartingVectors:
    table = stored.vectors.astype(np.float32)
    pieces: Dict[str, Any] = {
        "surfaces": list(stored.surfaces),
        "initial": [bool(x) for x in stored.initial],
        "lowercase": stored.lowercase,
        "strip_accents": stored.strip_accents,
    }
    segment = Segmenter(**pieces)
    cut = [segment(word) for word in words]
    means = np.zeros((len(words), table.shape[1]), dtype=np.float32)
    for i, rows in enumerate(cut):
        if rows:
            means[i] = table[rows].mean(axis=0)
    covered = np.array([bool(rows) for rows in cut])
    project = _principal_components(means[covered], width)
    vectors = np.where(covered[:, None], project(means), 0.0).astype(np.float32)
    return StartingVectors(vectors, pieces, quantize_vectors(project(table)))


def _principal_components(rows: np.ndarray, width: int) -> Any:
    """Return a projection onto the first `width` principal components of rows."""
    if min(rows.shape) < width:
        raise DistillError(
            f"Expected at least {width} words with vectors of {width} or more numbers "
            f"for word_width = {width}, got {rows.shape[0]} of {rows.shape[1]}: give "
            "more text or a smaller word_width."
        )
    mean = rows.mean(axis=0)
    centered = rows - mean
    _, axes = np.linalg.eigh(centered.T @ centered / len(rows))
    axes = axes[:, ::-1][:, :width]
    spread = (centered @ axes).std()

    def project(vectors: np.ndarray) -> np.ndarray:
        out: np.ndarray = (vectors - mean) @ axes * (_SPREAD / spread)
        return out

    return project


def random_vectors(words: Sequence[str], width: int) -> StartingVectors:
    """Return uniform random vectors, for students without a source of vectors.

    Args:
        words: The words.
        width: Width of the vectors.

    Returns:
        Vectors in [-0.17, 0.17), without pieces.
    """
    return StartingVectors(
        np.random.uniform(-0.17, 0.17, (len(words), width)).astype(np.float32)
    )
