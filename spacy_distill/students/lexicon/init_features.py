"""Fill lexicon features with words, before a student is trained."""

from pathlib import Path
from typing import Callable, Iterable, Optional, Set, Tuple

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
from .source import lexicon_vectors, read_lexicon


@registry.callbacks("spacy_distill.init_lexicon_features.v1")
def init_lexicon_features_v1(
    path: Optional[Path] = None,
    gold: Optional[Path] = None,
    soft_labels: Optional[Path] = None,
    source: Optional[WordVectorSource] = None,
    columns: bool = False,
    min_characters: int = 2,
    used_only: bool = False,
) -> Callable[[Language], Language]:
    """Read a lexicon into all `LexiconFeatures.v1` layers of a pipeline.

    A callback for [initialize.before_init]. Words of the lexicon that are frequent in
    the training texts weigh more.

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
        used_only: Whether to leave out words that are not in the training texts. It
            makes the student smaller, but a name that only the lexicon knows is lost.

    Returns:
        The callback. It raises DistillError if the pipeline has no lexicon features, or
        if they have no words yet and there is no lexicon.
    """

    def init_lexicon_features(nlp: Language) -> Language:
        layers = [
            layer
            for _, pipe in nlp.pipeline
            if isinstance(getattr(pipe, "model", None), Model)
            for layer in get_lexicon_features(pipe.model)  # type: ignore[attr-defined]
        ]
        if not layers:
            raise DistillError(
                "Expected spacy_distill.LexiconFeatures.v1 in the pipeline, got"
                f" {', '.join(nlp.pipe_names)}: add it as token_features of the student"
                " or remove the callback from [initialize.before_init]."
            )
        needed = [given for given in (path, gold, soft_labels) if given is not None]
        gone = [str(given) for given in needed if not Path(given).exists()]
        has_words = all(layer.attrs["words"] for layer in layers)
        if has_words and (gone or path is None):
            logger.warning(
                "The lexicon stays as it is: files are gone"
                f" ({', '.join(gone) or 'no path'})"
            )
            return nlp
        if path is None:
            raise DistillError(
                "Expected the path of a lexicon in [initialize.before_init], got none:"
                " give a file with a word on each line."
            )
        lexicon = read_lexicon(
            path,
            columns=columns,
            min_characters=min_characters,
            texts=read_texts(nlp, gold, soft_labels) if used_only else None,
        )
        texts = read_texts(nlp, gold, soft_labels)
        lexicon, counts, n_used = sort_words(lexicon, texts)
        logger.info(
            f"Lexicon: {len(lexicon):,} words, {n_used:,} of them in the training texts"
        )
        for layer in layers:
            vectors = lexicon_vectors(lexicon, source, layer.attrs["width"])
            set_lexicon(layer, lexicon.words, vectors, counts, n_trained=n_used)
        return nlp

    return init_lexicon_features


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
