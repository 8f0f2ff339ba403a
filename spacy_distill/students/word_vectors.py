"""Initialize word embedding tables from the training texts."""

from collections import Counter
from pathlib import Path
from typing import (
    Any,
    Callable,
    Dict,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Protocol,
    Sequence,
    Tuple,
    runtime_checkable,
)

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import load_model, registry
from thinc.api import Model

from ..docs import read_gold
from ..errors import DistillError
from ..soft_labels.store import SoftLabels
from ..tokenizer_pieces import transformer_pieces
from ..words import WordPieces
from .encoder import get_encoders, set_words
from .pieces import Segmenter, quantize_rows

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
    return StartingVectors(vectors, pieces, quantize_rows(project(table)))


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


@registry.callbacks("spacy_distill.init_words.v1")
def init_words_v1(
    gold: Optional[Path] = None,
    soft_labels: Optional[Path] = None,
    source: Optional[WordVectorSource] = None,
    min_count: int = 1,
    max_characters: int = 1000,
) -> Callable[[Language], Language]:
    """A callback for [initialize.before_init]: word tables of all student encoders
    in the pipeline, own or shared, from the words of the training texts. Components
    that are frozen or sourced keep their words.

    gold: `.spacy` file or folder. soft_labels: a folder that `annotate` wrote. At
        least one of them.
    source: where the vectors start from; random without one.
    min_count: rarer words get no row. With a source that has pieces they are
        composed, as words are that were never seen.
    max_characters: size of the alphabet, most frequent first.
    """

    def init_words(nlp: Language) -> Language:
        encoders = [
            encoder
            for _, pipe in nlp.pipeline
            if isinstance(getattr(pipe, "model", None), Model)
            for encoder in get_encoders(pipe.model)  # type: ignore[attr-defined]
        ]
        if not encoders:
            raise DistillError(
                "Expected a student encoder in the pipeline, got "
                f"{', '.join(nlp.pipe_names)}: use spacy_distill.CharCNNQRNN.v1 or "
                "remove [initialize.before_init]."
            )
        counts = Counter(
            token.text for doc in _docs(nlp, gold, soft_labels) for token in doc
        )
        characters: Counter = Counter()
        for word, count in counts.items():
            for char in word:
                characters[char] += count
        alphabet = [char for char, _ in _by_frequency(characters)[:max_characters]]
        for encoder in encoders:
            words = _table_words(counts, encoder.attrs["lowercase"], min_count)
            start = source if source is not None else random_vectors
            vectors, pieces, piece_vectors = start(words, encoder.attrs["word_width"])
            set_words(
                encoder,
                words,
                vectors,
                alphabet=alphabet,
                pieces=pieces,
                piece_vectors=piece_vectors,
            )
        return nlp

    return init_words


def _docs(
    nlp: Language, gold: Optional[Path], soft_labels: Optional[Path]
) -> Iterator[Doc]:
    if gold is None and soft_labels is None:
        raise DistillError(
            "Expected gold or soft_labels in [initialize.before_init], got neither."
        )
    if gold is not None:
        yield from read_gold(gold, nlp.vocab)
    if soft_labels is not None:
        yield from SoftLabels(soft_labels).read(nlp)


def _table_words(counts: Counter, lowercase: bool, min_count: int) -> List[str]:
    keys: Counter = Counter()
    for word, count in counts.items():
        keys[word.lower() if lowercase else word] += count
    return [word for word, count in _by_frequency(keys) if count >= min_count]


def _by_frequency(counts: Counter) -> List[Tuple[str, int]]:
    """Most frequent first; equal ones by name, so that runs repeat."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
