"""Sources of initial word vectors."""

from importlib.util import find_spec
from pathlib import Path
from typing import (
    Any,
    Callable,
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
import srsly
from spacy.util import get_installed_models, get_package_path, logger, registry
from spacy.vocab import Vocab

from ..docs import load_pipeline
from ..errors import DistillError
from ..hub import DEFAULT_TRANSFORMER, INSTALL_DEFAULT_TRANSFORMER
from ..quantization import MOST, quantize_rows
from ..soft_labels.store import SoftLabels
from ..tokenizer_pieces import transformer_pieces
from ..words import WordPieces
from .composition import KnownWords
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
        known: Words with a pretrained vector, in the training texts or not.
    """

    vectors: np.ndarray
    pieces: Optional[Dict[str, Any]] = None
    piece_vectors: Optional[Tuple[np.ndarray, np.ndarray]] = None
    known: Optional[KnownWords] = None


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


@runtime_checkable
class CheckedSource(WordVectorSource, Protocol):
    """A source of vectors that can tell early whether it will fail."""

    def check(self, width: int) -> None:
        """Check the source before time is spent.

        Args:
            width: Width of the vectors that will be asked for.

        Raises:
            DistillError: If it would fail.
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
    vectors: Optional[str] = None,
) -> WordVectorSource:
    """Initialize from the best source there is, and log which one that is.

    The sources are, in order: the teacher's word pieces, those of an installed
    transformer, the static vectors of a spaCy pipeline, and random vectors.

    Args:
        soft_labels: A folder written by `annotate`; None without a teacher.
        lang: Language of the student. The default transformer is for English.
        transformer: An installed package that contains a transformer.
        vectors: A pipeline with static vectors, package or folder; by default the
            installed package of the language that has most. `distill` gives that of
            the teacher, if it has any.

    Returns:
        The source of word vectors.
    """

    def auto_words(words: Sequence[str], width: int) -> StartingVectors:
        source, described = find_word_source(soft_labels, lang, transformer, vectors)
        logger.info(described)
        if source is None:
            return random_vectors(words, width)
        try:
            return source(words, width)
        except DistillError as error:
            logger.warning(f"Word embeddings start from random vectors. {error}")
            return random_vectors(words, width)

    return auto_words


def find_word_source(
    soft_labels: Optional[Path] = None,
    lang: str = "en",
    transformer: str = DEFAULT_TRANSFORMER,
    vectors: Optional[str] = None,
) -> Tuple[Optional[WordVectorSource], str]:
    """Find the source that `AutoWords.v1` takes; see `auto_words_v1`.

    Args:
        soft_labels: A folder written by `annotate`; None without a teacher.
        lang: Language of the student.
        transformer: An installed package that contains a transformer.
        vectors: A pipeline with static vectors.

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
    vectors = vectors or _find_installed_vectors(lang)
    if vectors is not None:
        described = f"Word embeddings start from the vectors of {vectors}"
        return spacy_vectors_v1(vectors), described
    return None, (
        "Word embeddings start from random vectors: the teacher has no word pieces,"
        f" {reason}, and no installed pipeline of the language {lang!r} has vectors"
    )


def _find_installed_vectors(lang: str) -> Optional[str]:
    """Return the installed pipeline of a language that has most static vectors."""
    keys: Dict[str, int] = {}
    for name in get_installed_models():
        # The file beside the code: loading a pipeline takes long.
        path = get_package_path(name) / "meta.json"
        meta = srsly.read_json(path) if path.is_file() else {}
        found = meta.get("vectors", {})
        if meta.get("lang") == lang and found.get("width"):
            # Floret vectors, which are of parts of words, have no keys.
            keys[name] = max(found.get("keys", 0), 0) or found.get("vectors", 0)
    return max(sorted(keys), key=lambda name: keys[name], default=None)


@registry.misc("spacy_distill.SpacyVectors.v1")
def spacy_vectors_v1(name: str) -> WordVectorSource:
    """Initialize from the static vectors of an installed spaCy pipeline.

    Vectors are reduced by PCA over the word embedding table. A word has the vector of
    its form as given, capitalized or in capitals, since tables may ignore case. Words
    without a vector start at 0.

    Args:
        name: A package or folder, such as `en_core_web_md`.

    Returns:
        The source of word vectors. It raises DistillError if no word has a vector.
    """

    def spacy_vectors(words: Sequence[str], width: int) -> StartingVectors:
        vocab = load_pipeline(name).vocab
        forms = [_known_form(vocab, word) for word in words]
        found = np.array([vocab.has_vector(form) for form in forms])
        if not found.any():
            raise DistillError(
                f"Expected vectors for some of the words in {name!r}, got none: name "
                "a pipeline with static vectors."
            )
        vectors: List[Any] = [vocab.get_vector(form) for form in forms]
        rows = np.stack(vectors).astype(np.float32)
        project = project_vectors(rows[found], width)
        return StartingVectors(
            np.where(found[:, None], project(rows), 0.0).astype(np.float32)
        )

    return spacy_vectors


def _known_form(vocab: Vocab, word: str) -> str:
    forms = (word, word.capitalize(), word.upper())
    return next((form for form in forms if vocab.has_vector(form)), word)


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
    project = project_vectors(means[covered], width)
    vectors = np.where(covered[:, None], project(means), 0.0).astype(np.float32)
    return StartingVectors(vectors, pieces, quantize_vectors(project(table)))


def project_vectors(rows: np.ndarray, width: int) -> Callable[[np.ndarray], np.ndarray]:
    """Fit a projection onto the first principal components of rows.

    Its results are scaled to the spread that a student's word vectors start with. Where
    there are fewer components, since there are few rows or they are narrow, the other
    columns are 0.

    Args:
        rows: float [n, any width].
        width: Number of components.

    Returns:
        The projection, from [n, any width] to [n, `width`].

    Raises:
        DistillError: If the rows do not differ.
    """
    n_axes = min(width, rows.shape[1], max(len(rows) - 1, 0))
    mean = rows.mean(axis=0) if len(rows) else np.zeros(rows.shape[1])
    centered = rows - mean
    _, axes = np.linalg.eigh(centered.T @ centered / max(len(rows), 1))
    axes = axes[:, ::-1][:, :n_axes]
    spread = (centered @ axes).std() if n_axes else 0.0
    if not spread > 0:
        raise DistillError(
            f"Expected two or more words with vectors that differ, got {len(rows)} with"
            " a vector: give more text, or another source of word vectors in"
            " [initialize.before_init.source]."
        )

    def project(vectors: np.ndarray) -> np.ndarray:
        out = np.zeros((len(vectors), width), dtype=vectors.dtype)
        out[:, :n_axes] = (vectors - mean) @ axes * (_SPREAD / spread)
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
