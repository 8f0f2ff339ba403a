"""Initialize transformer students: tokenizer, vocabulary and first weights."""

import contextlib
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import Any, Callable, List, Optional, Sequence, Set

from packaging.requirements import Requirement
from spacy.language import Language
from spacy.util import logger, registry
from thinc.api import Model

from ...errors import DistillError
from ...requirements import NAME, ONNX, own_requirement
from ..init_words import read_texts
from .architecture import find_students, get_shim
from .module import (
    Shape,
    check_fit,
    choose_layers,
    copied_config,
    copy_weights,
    make_module,
)
from .source import Encoder, load_encoder, lowercases, read_source_config
from .vocabulary import prune_tokenizer

INIT_TRANSFORMER = "spacy_distill.init_transformer.v1"
STARTS = ("source", "random")


@registry.callbacks(INIT_TRANSFORMER)
def init_transformer_v1(
    source: Optional[str],
    start: str = "source",
    source_layers: Optional[List[int]] = None,
    prune_vocabulary: bool = False,
    gold: Optional[Path] = None,
    soft_labels: Optional[Path] = None,
) -> Callable[[Language], Language]:
    """Initialize all transformer students in the pipeline.

    A callback for [initialize.before_init]. In a trained pipeline whose source is gone,
    as in an installed package, `nlp.initialize` keeps the weights, and logs that it
    does.

    Args:
        source: Where tokenizer and weights are from: a Hugging Face model (a folder, an
            installed package that contains one, a hub name), or a spaCy pipeline with a
            transformer, such as a teacher or another student.
        start: "source": embeddings and layers of the source, which must have the same
            width, feed-forward width and heads. "random": the tokenizer alone. Small
            transformers that start at random learn little from few labels.
        source_layers: Which layers of the source, from 1, in the order of the student.
            By default they are spread evenly and end with the last one: all of a source
            with as many layers, every second one of a source with twice as many.
        prune_vocabulary: Whether to keep only the word pieces that occur in the
            training texts, besides single characters and special tokens.
        gold: Training texts for this: a `.spacy` file or folder.
        soft_labels: More of them: a folder written by `annotate`.

    Returns:
        The callback. It raises DistillError if the pipeline has no transformer student,
        if the source does not fit, or if there are no texts to prune the vocabulary by.

    Raises:
        DistillError: If `start` is unknown.
    """
    if start not in STARTS:
        raise DistillError(
            f'Expected start = "source" or "random", got {start!r}: change'
            " [initialize.before_init]."
        )
    return InitTransformer(
        source, start, source_layers, prune_vocabulary, gold, soft_labels
    )


class InitTransformer:
    """The callback of `init_transformer_v1`, which can check its settings early.

    Args:
        source: See `init_transformer_v1`, for this and the others.
        start: How the encoder starts.
        source_layers: Layers of the source.
        prune_vocabulary: Whether to prune the vocabulary.
        gold: Training texts.
        soft_labels: More training texts.
    """

    def __init__(
        self,
        source: Optional[str],
        start: str,
        source_layers: Optional[Sequence[int]],
        prune_vocabulary: bool,
        gold: Optional[Path],
        soft_labels: Optional[Path],
    ) -> None:
        self.source = str(source or "")
        self.start = start
        self.source_layers = source_layers
        self.prune_vocabulary = prune_vocabulary
        self.gold = gold
        self.soft_labels = soft_labels

    def check(self, nlp: Language) -> None:
        """Check that the source is there and fits, without loading its weights.

        Args:
            nlp: The untrained pipeline.

        Raises:
            DistillError: If it is not or does not.
        """
        students = _find_students(nlp)
        if not self.source:
            raise DistillError(
                "Expected a transformer that the student starts from, got none: set"
                " source in [initialize.before_init], or the variable that it has, as"
                " in --paths.transformer FOLDER."
            )
        config = read_source_config(self.source)
        if config is not None and self.start == "source":
            for student in students:
                self._check_fit(config, _shape(student))

    def __call__(self, nlp: Language) -> Language:
        """Initialize the students of a pipeline.

        Args:
            nlp: The pipeline.

        Returns:
            The pipeline.
        """
        students = _find_students(nlp)
        try:
            self.check(nlp)
            encoder = load_encoder(self.source)
        except (DistillError, OSError) as error:
            if not all(get_shim(student).is_initialized for student in students):
                raise
            logger.warning(
                "The transformer student keeps its weights: its source cannot be loaded"
                f" ({error})"
            )
            return nlp
        used = self._used_pieces(nlp, encoder) if self.prune_vocabulary else None
        for student in students:
            self._initialize(student, encoder, used)
        _require_runtime(nlp)
        return nlp

    def _initialize(
        self, student: Model, source: Encoder, used: Optional[Set[int]]
    ) -> None:
        shape = _shape(student)
        tokenizer = source.tokenizer.to_str()
        pieces: List[int] = list(range(_n_ids(source.tokenizer)))
        if used is not None:
            tokenizer, pieces = prune_tokenizer(tokenizer, used)
        case = student.attrs["case"]
        cfg = copied_config(
            source.model.config,
            shape,
            vocab_size=len(pieces),
            pad_id=pieces.index(source.pad_id) if source.pad_id in pieces else 0,
            is_case_aware=lowercases(source.tokenizer) if case is None else case,
        )
        module = make_module(cfg)
        if self.start == "source":
            # A pipeline's was not checked before.
            layers = self._check_fit(source.model.config, shape)
            _check_tokenizer(source, self.source)
            copy_weights(
                source.model,
                module,
                layers=layers,
                pieces=pieces,
                has_shapes=source.is_case_aware,
            )
        get_shim(student).set_module(module, cfg=cfg, tokenizer_json=tokenizer)

    def _check_fit(self, config: Any, shape: Shape) -> List[int]:
        check_fit(config, shape, source=self.source)
        return choose_layers(config.num_hidden_layers, shape.layers, self.source_layers)

    def _used_pieces(self, nlp: Language, encoder: Encoder) -> Set[int]:
        if self.gold is None and self.soft_labels is None:
            raise DistillError(
                "Expected gold or soft_labels in [initialize.before_init] to prune the"
                " vocabulary by, got neither: set one, or prune_vocabulary = false."
            )
        used: Set[int] = set()
        for doc in read_texts(nlp, self.gold, self.soft_labels):
            used.update(encoder.tokenizer.encode(doc.text).ids)
        return used


def _find_students(nlp: Language) -> List[Model]:
    students = [student for _, student in find_students(nlp)]
    if not students:
        raise DistillError(
            "Expected a transformer student in the pipeline, got"
            f" {', '.join(nlp.pipe_names) or 'nothing'}: use"
            " spacy_distill.TransformerStudent.v1, or remove"
            " [initialize.before_init]."
        )
    return students


def _require_runtime(nlp: Language) -> None:
    """Make `spacy package` require what runs the student."""
    others = [
        requirement
        for requirement in nlp.meta.get("requirements", [])
        if Requirement(requirement).name != NAME
    ]
    # Without an installed package there is nothing to require.
    with contextlib.suppress(PackageNotFoundError):
        nlp.meta["requirements"] = [*others, own_requirement([ONNX])]


def _shape(student: Model) -> Shape:
    names = ("layers", "width", "feed_forward_width", "heads", "max_length")
    return Shape(*(student.attrs[name] for name in names))


def _n_ids(tokenizer: Any) -> int:
    return 1 + max(tokenizer.get_vocab(with_added_tokens=True).values(), default=-1)


def _check_tokenizer(encoder: Encoder, source: str) -> None:
    n_ids = _n_ids(encoder.tokenizer)
    n_rows = len(encoder.model.embeddings.word_embeddings.weight)
    if n_ids > n_rows:
        raise DistillError(
            f"Expected the tokenizer of its model in {source}, got one with {n_ids}"
            f" word pieces for {n_rows} word embeddings: save the right one there."
        )
