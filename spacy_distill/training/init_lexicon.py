"""Callback that gives transformers the words of a lexicon."""

from pathlib import Path
from typing import Any, Callable, List, Optional

from spacy.language import Language
from spacy.util import logger, registry

from ..errors import DistillError
from ..students.init_words import read_texts
from ..students.lexicon.interaction import LEXICON
from ..students.lexicon.source import check_lexicon, lexicon_vectors, read_lexicon
from ..students.transformer.architecture import find_students, get_shim
from ..students.transformer.shim import TransformerShim
from ..students.word_vectors import WordVectorSource
from .lexicon_transformer import find_lexicon_transformers

INIT_LEXICON = "spacy_distill.init_lexicon.v1"


@registry.callbacks(INIT_LEXICON)
def init_lexicon_v1(
    path: Optional[Path],
    source: Optional[WordVectorSource] = None,
    width: int = 100,
    max_words: int = 5,
    columns: bool = False,
    min_characters: int = 2,
    prune_words: bool = True,
    gold: Optional[Path] = None,
    soft_labels: Optional[Path] = None,
) -> Callable[[Language], Language]:
    """Give all transformer students and lexicon transformers words of a lexicon.

    A callback for [initialize.before_init]. For `TransformerStudent.v1` it runs after
    `init_transformer.v1`, both by `run_callbacks.v1`; for the teacher's
    `LexiconTransformer.v1` it runs alone. The words and their vectors are saved with
    the pipeline. In a trained pipeline whose lexicon is gone, as in an installed
    package, `nlp.initialize` keeps the words, and logs that it does.

    Args:
        path: The lexicon, a file with a word on each line; see
            `students.lexicon.source.read_lexicon`.
        source: Source of the words' first vectors, as in `init_words.v1`; random if
            None.
        width: Width of the vectors.
        max_words: Words of a word piece at most. The longest are kept, of equally long
            ones those that begin first.
        columns: Whether the lines of the file have further columns after white space,
            which are ignored.
        min_characters: Shorter words are left out.
        prune_words: Whether to keep only words that occur in the training texts. Other
            words are of use if their vectors are pretrained.
        gold: Training texts for this: a `.spacy` file or folder.
        soft_labels: More of them: a folder written by `annotate`.

    Returns:
        The callback. It raises a DistillError if no component takes a lexicon, or if
        the lexicon or its vectors cannot be used.

    Raises:
        DistillError: If a number is out of range.
    """
    numbers = {"width": width, "max_words": max_words, "min_characters": min_characters}
    for name, number in numbers.items():
        if number < 1:
            raise DistillError(
                f"Expected {name} of 1 or more for the lexicon, got {number}: change"
                " [initialize.before_init]."
            )
    return InitLexicon(
        path,
        source,
        width=width,
        max_words=max_words,
        columns=columns,
        min_characters=min_characters,
        prune_words=prune_words,
        gold=gold,
        soft_labels=soft_labels,
    )


class InitLexicon:
    """The callback of `init_lexicon_v1`, which can check its settings early.

    Args:
        path: The lexicon.
        source: Source of vectors.
        width: Their width.
        max_words: Words of a piece at most.
        columns: Whether lines have further columns.
        min_characters: Length of the shortest words.
        prune_words: Whether to keep only words of the texts.
        gold: Training texts.
        soft_labels: More training texts.
    """

    def __init__(
        self,
        path: Optional[Path],
        source: Optional[WordVectorSource],
        *,
        width: int,
        max_words: int,
        columns: bool,
        min_characters: int,
        prune_words: bool,
        gold: Optional[Path],
        soft_labels: Optional[Path],
    ) -> None:
        self.path = path
        self.source = source
        self.width = width
        self.max_words = max_words
        self.columns = columns
        self.min_characters = min_characters
        self.prune_words = prune_words
        self.gold = gold
        self.soft_labels = soft_labels

    def check(self, nlp: Language) -> None:
        """Check that there is a lexicon, and a component that takes it.

        Args:
            nlp: The untrained pipeline.

        Raises:
            DistillError: If one is missing.
        """
        _check_components(nlp)
        self._check_path()

    def _check_path(self) -> None:
        if not self.path:
            raise DistillError(
                "Expected a file with the words of a lexicon, got none: set path in"
                " [initialize.before_init], or the variable that it has, as in"
                " --paths.lexicon FILE."
            )
        check_lexicon(self.path)

    def __call__(self, nlp: Language) -> Language:
        """Give the transformers of a pipeline their words.

        Args:
            nlp: The pipeline.
        """
        _check_components(nlp)
        shims = _find_shims(nlp)
        # Those that have weights have words.
        empty = [
            node
            for node in find_lexicon_transformers(nlp)
            if not node.attrs["has_transformer"]
        ]
        try:
            self._check_path()
        except DistillError as error:
            if empty or not all(LEXICON in shim.cfg for shim in shims):
                raise
            logger.warning(f"The lexicon stays as it is. {error}")
            return nlp
        for shim in shims:
            if not shim.is_initialized:
                raise DistillError(
                    "Expected a transformer student with weights, got one without: run"
                    f" spacy_distill.init_transformer.v1 before {INIT_LEXICON}, both by"
                    " spacy_distill.run_callbacks.v1."
                )
        if shims or empty:
            self._set_words(nlp, shims, empty)
        return nlp

    def _set_words(
        self, nlp: Language, shims: List[TransformerShim], transformers: List[Any]
    ) -> None:
        assert self.path is not None
        texts = None
        if self.prune_words:
            texts = read_texts(nlp, self.gold, self.soft_labels)
        lexicon = read_lexicon(
            self.path,
            columns=self.columns,
            min_characters=self.min_characters,
            texts=texts,
        )
        logger.info(f"The lexicon has {len(lexicon):,} words")
        vectors = lexicon_vectors(lexicon, self.source, self.width)
        for shim in shims:
            shim.set_lexicon(lexicon.words, vectors, max_words=self.max_words)
        for node in transformers:
            node.words.set(lexicon, vectors, max_words=self.max_words)


def _check_components(nlp: Language) -> None:
    if not _find_shims(nlp) and not list(find_lexicon_transformers(nlp)):
        raise DistillError(
            "Expected a component that takes a lexicon, got"
            f" {', '.join(nlp.pipe_names) or 'nothing'}: use"
            " spacy_distill.TransformerStudent.v1 or"
            " spacy_distill.LexiconTransformer.v1, or remove"
            f" {INIT_LEXICON} from [initialize.before_init]."
        )


def _find_shims(nlp: Language) -> List[TransformerShim]:
    return [get_shim(student) for _, student in find_students(nlp)]
