"""Initialize the word embedding tables of students from the training texts."""

from collections import Counter
from pathlib import Path
from typing import Callable, Iterator, List, Optional, Tuple

from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import logger, registry
from thinc.api import Model

from ..docs import read_gold
from ..errors import DistillError
from ..soft_labels.store import SoftLabels
from .encoder import get_encoders, set_words
from .word_vectors import WordVectorSource, random_vectors

INIT_WORDS = "spacy_distill.init_words.v1"


@registry.callbacks(INIT_WORDS)
def init_words_v1(
    gold: Optional[Path] = None,
    soft_labels: Optional[Path] = None,
    source: Optional[WordVectorSource] = None,
    min_count: int = 1,
    max_characters: int = 1000,
) -> Callable[[Language], Language]:
    """Initialize the word embedding tables of all student encoders in the pipeline.

    A callback for [initialize.before_init]. The words are those of the training texts.
    Frozen and sourced components keep their words. Shared encoders are included.

    In a trained pipeline whose training texts are gone, as in an installed package,
    `nlp.initialize` keeps words and embeddings, and logs that it does.

    Args:
        gold: A `.spacy` file or folder. At least one of `gold` and `soft_labels` is
            needed.
        soft_labels: A folder written by `annotate`.
        source: Source of the initial vectors; random if None.
        min_count: Words less frequent than this get no row. If the source has pieces,
            they are composed from them, like words outside the training texts.
        max_characters: Size of the alphabet; the most frequent characters are kept.

    Returns:
        The callback. It raises DistillError if the pipeline has no student encoder, or
        if its encoders have no words yet and there are no texts.
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
        given = [path for path in (gold, soft_labels) if path]
        gone = [str(path) for path in given if not Path(path).exists()]
        has_words = all(encoder.attrs["own_words"] for encoder in encoders)
        if has_words and (gone or not given):
            logger.warning(
                "The word embedding table stays as it is: the training texts are gone"
                f" ({', '.join(gone) or 'no path'})"
            )
            return nlp
        counts = Counter(
            token.text for doc in read_texts(nlp, gold, soft_labels) for token in doc
        )
        characters: Counter = Counter()
        for word, count in counts.items():
            for char in word:
                characters[char] += count
        alphabet = [char for char, _ in _by_frequency(characters)[:max_characters]]
        for encoder in encoders:
            words = _table_words(counts, encoder.attrs["lowercase"], min_count)
            start = source if source is not None else random_vectors
            found = start(words, encoder.attrs["word_width"])
            set_words(
                encoder,
                words,
                found.vectors,
                alphabet=alphabet,
                pieces=found.pieces,
                piece_vectors=found.piece_vectors,
                known=found.known,
            )
        return nlp

    return init_words


def read_texts(
    nlp: Language, gold: Optional[Path], soft_labels: Optional[Path]
) -> Iterator[Doc]:
    """Read training texts.

    Args:
        nlp: The pipeline, for its tokenizer and vocab.
        gold: A `.spacy` file or folder.
        soft_labels: A folder written by `annotate`.

    Yields:
        The Docs of both.

    Raises:
        DistillError: If neither is given, or if one cannot be read.
    """
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
    """Return items, most frequent first; ties by name, so that runs are repeatable."""
    return sorted(counts.items(), key=lambda item: (-item[1], item[0]))
