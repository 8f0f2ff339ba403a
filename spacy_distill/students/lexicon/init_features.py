"""Fill lexicon features with words, before a student is trained."""

from pathlib import Path
from typing import Callable, Iterable, Iterator, List, Optional, Set, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import logger, registry
from thinc.api import Model

from ...errors import DistillError
from ..init_words import read_texts
from ..word_vectors import WordVectorSource
from .features import get_lexicon_features, set_lexicon
from .matching import Lexicon
from .source import check_lexicon, lexicon_vectors, read_lexicon

INIT_LEXICON_FEATURES = "spacy_distill.init_lexicon_features.v1"


@registry.callbacks(INIT_LEXICON_FEATURES)
def init_lexicon_features_v1(
    path: Optional[Path] = None,
    gold: Optional[Path] = None,
    soft_labels: Optional[Path] = None,
    source: Optional[WordVectorSource] = None,
    columns: bool = False,
    min_characters: int = 2,
    prune_words: bool = False,
) -> Callable[[Language], Language]:
    """Read a lexicon into all `LexiconFeatures.v1` layers of a pipeline.

    A callback for [initialize.before_init], beside `init_words.v1`, both by
    `run_callbacks.v1`. Words that are frequent in the training texts weigh more.

    In a trained pipeline whose lexicon or training texts are gone, as in an installed
    package, `nlp.initialize` keeps the words, and logs that it does.

    Args:
        path: A file with a word on each line; see `read_lexicon`.
        gold: A `.spacy` file or folder. At least one of `gold` and `soft_labels` is
            needed.
        soft_labels: A folder written by `annotate`.
        source: Source of the words' initial vectors; random if None.
        columns: Whether lines have further columns, which are ignored.
        min_characters: Shorter words are left out.
        prune_words: Whether to keep only words that occur in the training texts. It
            makes the student smaller, but names that only the lexicon has are lost.

    Returns:
        The callback. It raises a DistillError if the pipeline has no lexicon features,
        or if they have no words yet and there is no lexicon.
    """
    return InitLexiconFeatures(
        path,
        gold,
        soft_labels,
        source,
        columns=columns,
        min_characters=min_characters,
        prune_words=prune_words,
    )


class InitLexiconFeatures:
    """The callback of `init_lexicon_features_v1`, which can check its settings early.

    Args:
        path: The lexicon.
        gold: Training texts.
        soft_labels: More training texts.
        source: Source of vectors.
        columns: Whether lines have further columns.
        min_characters: Length of the shortest words.
        prune_words: Whether to keep only words of the texts.
    """

    def __init__(
        self,
        path: Optional[Path],
        gold: Optional[Path],
        soft_labels: Optional[Path],
        source: Optional[WordVectorSource],
        *,
        columns: bool,
        min_characters: int,
        prune_words: bool,
    ) -> None:
        self.path = path
        self.gold = gold
        self.soft_labels = soft_labels
        self.source = source
        self.columns = columns
        self.min_characters = min_characters
        self.prune_words = prune_words

    def check(self, nlp: Language) -> None:
        """Check that there is a lexicon, and a layer that takes it.

        Args:
            nlp: The untrained pipeline.

        Raises:
            DistillError: If one is missing.
        """
        if not _find_layers(nlp):
            raise DistillError(
                "Expected spacy_distill.LexiconFeatures.v1 in the pipeline, got"
                f" {', '.join(nlp.pipe_names) or 'nothing'}: add it as token_features"
                f" of the student, or remove {INIT_LEXICON_FEATURES} from"
                " [initialize.before_init]."
            )
        if self.path is None:
            raise DistillError(
                "Expected a file with the words of a lexicon, got none: set path of"
                f" {INIT_LEXICON_FEATURES} in [initialize.before_init]."
            )
        check_lexicon(self.path)

    def __call__(self, nlp: Language) -> Language:
        """Give the lexicon features of a pipeline their words.

        Args:
            nlp: The pipeline.
        """
        layers = _find_layers(nlp)
        given = (self.path, self.gold, self.soft_labels)
        paths = [Path(path) for path in given if path is not None]
        gone = [str(path) for path in paths if not path.exists()]
        has_words = layers and all(layer.attrs["words"] for layer in layers)
        if has_words and (gone or self.path is None):
            logger.warning(
                f"The lexicon stays as it is: there is no {' or '.join(gone) or 'path'}"
            )
            return nlp
        self.check(nlp)
        assert self.path is not None
        lexicon = read_lexicon(
            self.path,
            columns=self.columns,
            min_characters=self.min_characters,
            texts=self._read_texts(nlp) if self.prune_words else None,
        )
        lexicon, counts, n_used = sort_words(lexicon, self._read_texts(nlp))
        logger.info(
            f"The lexicon has {len(lexicon):,} words, {n_used:,} of them in the"
            " training texts"
        )
        for layer in layers:
            vectors = lexicon_vectors(lexicon, self.source, layer.attrs["width"])
            set_lexicon(layer, lexicon.words, vectors, counts, n_trained=n_used)
        return nlp

    def _read_texts(self, nlp: Language) -> Iterator[Doc]:
        return read_texts(nlp, self.gold, self.soft_labels)


def _find_layers(nlp: Language) -> List[Model]:
    return [
        layer
        for _, pipe in nlp.pipeline
        if isinstance(getattr(pipe, "model", None), Model)
        for layer in get_lexicon_features(pipe.model)  # type: ignore[attr-defined]
    ]


def sort_words(
    lexicon: Lexicon, texts: Iterable[Doc]
) -> Tuple[Lexicon, np.ndarray, int]:
    """Count the words of a lexicon in texts, and put those first that are in them.

    A word inside of a longer one does not count there (Ma et al. 2020, section 3.2).

    Args:
        lexicon: The lexicon.
        texts: The texts.

    Returns:
        A lexicon of the same words, their counts, int64 [n_words], and how many are in
        the texts, counted or not.
    """
    counts = dict.fromkeys(range(len(lexicon)), 0)
    used: Set[int] = set()
    for doc in texts:
        end = 0
        # By their first token, longest first: a match that ends no later than one
        # before it is inside of it.
        for match in sorted(lexicon.find(doc), key=lambda m: (m.start, -m.end)):
            used.add(match.word)
            if match.end > end:
                counts[match.word] += 1
                end = match.end
    order = sorted(counts, key=lambda word: word not in used)
    words = [lexicon.words[word] for word in order]
    return Lexicon(words), np.array([counts[word] for word in order]), len(used)
