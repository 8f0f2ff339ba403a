"""Where the word table starts from."""

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
from spacy.util import load_model, registry

from ..errors import DistillError
from ..soft_labels.store import SoftLabels
from ..tokenizer_pieces import transformer_pieces
from ..word_pieces import WordPieces
from .pieces import Segmenter, quantise_rows

# Spread of the projected vectors' entries, like that of a fresh word table.
_SPREAD = 0.5


class StartingVectors(NamedTuple):
    """vectors: float32 [n_words, width]. pieces: arguments of `Segmenter`, and
    piece_vectors: int8 [n_pieces, width] with scales [n_pieces]; None without."""

    vectors: np.ndarray
    pieces: Optional[Dict[str, Any]] = None
    piece_vectors: Optional[Tuple[np.ndarray, np.ndarray]] = None


@runtime_checkable
class WordVectorSource(Protocol):
    """Anything that the `source` of `init_words` may name."""

    def __call__(self, words: Sequence[str], width: int) -> StartingVectors:
        """Vectors of the given width for the given words."""
        ...


@registry.misc("spacy_distill.TeacherWords.v1")
def teacher_words_v1(soft_labels: Path) -> WordVectorSource:
    """Start from the teacher's own word pieces: the mean of a word's pieces, reduced
    by PCA over the word table (XtremeDistil, Mukherjee & Awadallah 2020, found this
    better than pretrained vectors). The pieces themselves come along, so that at
    prediction time a word without a row is composed the same way.

    soft_labels: a folder that `annotate` wrote.
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
        return _means_of_pieces(stored, words, width)

    return teacher_words


@registry.misc("spacy_distill.TransformerWords.v1")
def transformer_words_v1(name: str) -> WordVectorSource:
    """Start from the word pieces of any transformer, as TeacherWords does from the
    teacher's own. For teachers that have none: files of annotations, CNNs, rules.

    name: a folder, an installed package that carries a transformer, or a hub name.
    """

    def transformer_words(words: Sequence[str], width: int) -> StartingVectors:
        return _means_of_pieces(transformer_pieces(name), words, width)

    return transformer_words


@registry.misc("spacy_distill.SpacyVectors.v1")
def spacy_vectors_v1(name: str) -> WordVectorSource:
    """Start from the static vectors of an installed spaCy pipeline, reduced by PCA
    over the word table. Words without one start at 0.

    name: package or folder, such as `en_core_web_md`.
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


def _means_of_pieces(
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
    return StartingVectors(vectors, pieces, quantise_rows(project(table)))


def _principal_components(rows: np.ndarray, width: int) -> Any:
    """A function that projects onto the first `width` components of `rows`."""
    if min(rows.shape) < width:
        raise DistillError(
            f"Expected at least {width} words with vectors of {width} or more numbers "
            f"for word_width = {width}, got {rows.shape[0]} of {rows.shape[1]}: give "
            "more text or a smaller word_width."
        )
    mean = rows.mean(axis=0)
    centred = rows - mean
    _, axes = np.linalg.eigh(centred.T @ centred / len(rows))
    axes = axes[:, ::-1][:, :width]
    spread = (centred @ axes).std()

    def project(vectors: np.ndarray) -> np.ndarray:
        out: np.ndarray = (vectors - mean) @ axes * (_SPREAD / spread)
        return out

    return project


def random_vectors(words: List[str], width: int) -> StartingVectors:
    """Uniform noise, for a student that starts from nothing."""
    return StartingVectors(
        np.random.uniform(-0.17, 0.17, (len(words), width)).astype(np.float32)
    )
