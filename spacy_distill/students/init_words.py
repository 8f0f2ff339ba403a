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
from .word_vectors import CheckedSource, WordVectorSource, random_vectors

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

    return InitWords(gold, soft_labels, source, min_count, max_characters)


class InitWords:
    """The callback of `init_words_v1`, which can check its settings early.

    Args:
        gold: Training texts.
        soft_labels: More training texts.
        source: Source of vectors.
        min_count: Least count of words with a row.
        max_characters: Size of the alphabet.
    """

    def __init__(
        self,
        gold: Optional[Path],
        soft_labels: Optional[Path],
        source: Optional[WordVectorSource],
        min_count: int,
        max_characters: int,
    ) -> None:
        self.gold = gold
        self.soft_labels = soft_labels
        self.source = source
        self.min_count = min_count
        self.max_characters = max_characters

    def check(self, nlp: Language) -> None:
        """Check that there are student encoders, and files of vectors that fit them.

        Args:
            nlp: The untrained pipeline.

        Raises:
            DistillError: If one is missing.
        """
        for encoder in _find_encoders(nlp):
            if isinstance(self.source, CheckedSource):
                self.source.check(encoder.attrs["word_width"])

    def __call__(self, nlp: Language) -> Language:
        """Give the student encoders of a pipeline their words.

        Args:
            nlp: The pipeline.
        """
        encoders = _find_encoders(nlp)
        given = [path for path in (self.gold, self.soft_labels) if path]
        gone = [str(path) for path in given if not Path(path).exists()]
        has_words = all(encoder.attrs["own_words"] for encoder in encoders)
        if has_words and (gone or not given):
            logger.warning(
                "The word embedding table stays as it is: the training texts are gone"
                f" ({', '.join(gone) or 'no path'})"
            )
            return nlp
        texts = read_texts(nlp, self.gold, self.soft_labels)
        counts = Counter(token.text for doc in texts for token in doc)
        characters: Counter = Counter()
        for word, count in counts.items():
            for char in word:
                characters[char] += count
        frequent = _by_frequency(characters)[: self.max_characters]
        alphabet = [char for char, _ in frequent]
        start = self.source if self.source is not None else random_vectors
        for encoder in encoders:
            lowercase = encoder.attrs["lowercase"]
            words = _table_words(counts, lowercase, self.min_count)
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


def _find_encoders(nlp: Language) -> List[Model]:
    """Return the student encoders of a pipeline; DistillError if there are none."""
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
    return encoders


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
