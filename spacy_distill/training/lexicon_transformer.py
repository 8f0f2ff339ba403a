"""Transformer layer of teachers that reads the words of a lexicon, too."""

from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import registry
from thinc.api import Model, xp2torch

from ..errors import DistillError
from ..students.lexicon.interaction import LEXICON, WORD_IDS, insert_interaction
from ..students.lexicon.matching import Lexicon
from ..tokenizer_files import check_fast


@registry.architectures("spacy_distill.LexiconTransformer.v1")
def lexicon_transformer_v1(
    name: str,
    get_spans: Callable[[List[Doc]], List[List[Span]]],
    tokenizer_config: Dict[str, Any],
    transformer_config: Dict[str, Any],
    mixed_precision: bool = False,
    grad_scaler_config: Optional[Dict[str, Any]] = None,
) -> Model:
    """`spacy-transformers.TransformerModel.v3` with the words of a lexicon.

    The words that cover a word piece are added to its hidden state after the first
    layer, weighed by attention (Liu et al. 2021, Lexicon Enhanced BERT). Words and
    their vectors come from `spacy_distill.init_lexicon.v1` in [initialize.before_init],
    are fine-tuned with the transformer, and are saved with it.

    The model raises a DistillError during initialization if it was given no lexicon,
    if the transformer has not the layers of BERT, or its tokenizer no offsets.

    Args:
        name: As in `TransformerModel.v3`, like the other arguments: name of the model
            on the Hugging Face Hub, or a path.
        get_spans: Function that splits Docs into spans.
        tokenizer_config: Settings of the Hugging Face tokenizer.
        transformer_config: Settings of the Hugging Face transformer.
        mixed_precision: Whether to use mixed precision on GPUs.
        grad_scaler_config: Settings of the gradient scaler for mixed precision.

    Returns:
        The model.
    """
    return make_lexicon_transformer(
        name,
        get_spans,
        tokenizer_config,
        transformer_config,
        mixed_precision,
        # Copied, since spacy-transformers modifies it.
        dict(grad_scaler_config or {}),
    )


def find_lexicon_transformers(nlp: Language) -> Iterator[Any]:
    """Yield the layers of `lexicon_transformer_v1` in a pipeline.

    Args:
        nlp: The pipeline.
    """
    for _, pipe in nlp.pipeline:
        model = getattr(pipe, "model", None)
        for node in model.walk() if isinstance(model, Model) else ():
            if isinstance(getattr(node, "words", None), SpanWords):
                yield node


class SpanWords:
    """Finds the words of a lexicon in the spans that a transformer reads.

    spacy-transformers splits Docs into spans, gives their texts to the tokenizer, and
    its output to the transformer. Words are those of the spans, and the transformer
    needs those of the tokenizer's pieces, so this takes part in all three.

    Args:
        get_spans: Function that splits Docs into spans.
    """

    def __init__(self, get_spans: Callable[[List[Doc]], List[List[Span]]]) -> None:
        self._get_spans = get_spans
        self._spans: List[Span] = []
        self._ids: Optional[np.ndarray] = None
        self.lexicon: Optional[Lexicon] = None
        self.max_words = 0
        # Until the transformer has them.
        self.vectors: Optional[np.ndarray] = None

    def set(self, lexicon: Lexicon, vectors: np.ndarray, *, max_words: int) -> None:
        """Set the lexicon of a transformer that is not there yet.

        Args:
            lexicon: The lexicon.
            vectors: First vectors of its words, float32 [n_words, width].
            max_words: Words of a word piece at most.
        """
        self.lexicon, self.vectors, self.max_words = lexicon, vectors, max_words

    def restore(self, config: Any) -> None:
        """Set the lexicon of a transformer that was loaded.

        Args:
            config: Config of the transformer.
        """
        settings = getattr(config, LEXICON)
        self.lexicon, self.vectors = Lexicon(settings["words"]), None
        self.max_words = settings["max_words"]

    @property
    def is_waiting(self) -> bool:
        """Whether there are spans whose pieces are not known yet."""
        return bool(self._spans)

    def get_spans(self, docs: List[Doc]) -> List[List[Span]]:
        """Split Docs into spans, and remember them.

        Args:
            docs: The Docs.
        """
        nested = self._get_spans(docs)
        self._spans = [span for spans in nested for span in spans]
        return nested

    def find(self, places: np.ndarray) -> None:
        """Find the words of the pieces of the spans.

        Args:
            places: First character of each piece and character after its last, int64
                [n_spans, n_pieces, 2]. Special tokens and padding are empty.
        """
        assert self.lexicon is not None
        spans, self._spans = self._spans, []
        self._ids = np.zeros((*places.shape[:2], self.max_words), dtype=np.int64)
        for ids, span, row in zip(self._ids, spans, places):
            filled = row[:, 1] > row[:, 0]
            ids[filled] = self.lexicon.words_of_pieces(
                span, row[filled], max_words=self.max_words
            )

    def take(self, n_spans: int, n_pieces: int) -> np.ndarray:
        """Return the words that were found.

        Args:
            n_spans: Number of spans.
            n_pieces: Pieces of each span; others were cut off at the end.

        Returns:
            int64 [n_spans, n_pieces, max_words]; zeros if the texts were none of spans.
        """
        ids, self._ids = self._ids, None
        if ids is None:
            return np.zeros((n_spans, n_pieces, self.max_words), dtype=np.int64)
        return ids[:, :n_pieces]


def make_lexicon_transformer(name: str, get_spans: Any, *settings: Any) -> Model:
    """Create the model of `lexicon_transformer_v1`.

    Args:
        name: Name of the transformer.
        get_spans: Function that splits Docs into spans.
        *settings: Other arguments of `spacy_transformers.layers.TransformerModel`.

    Returns:
        The model.
    """
    # Defined here, since spacy-transformers and torch are optional.
    from spacy_transformers.layers import TransformerModel
    from transformers import AutoModel

    words = SpanWords(get_spans)

    class WithLexicon:
        """Makes transformers of saved pipelines."""

        @staticmethod
        def from_config(config: Any) -> Any:
            """Make a transformer with the lexicon that its config has."""
            transformer = AutoModel.from_config(config)
            words.restore(config)
            lexicon = getattr(config, LEXICON)
            insert_interaction(transformer, len(lexicon["words"]), lexicon["width"])
            return transformer

    class LexiconTransformer(TransformerModel):
        @property
        def tokenizer(self) -> Any:
            """The transformer's tokenizer, which also finds words."""
            tokenizer = super().tokenizer
            return None if tokenizer is None else _WordTokenizer(tokenizer, words)

        def copy(self) -> Any:
            """Return a copy, with an id of its own."""
            copied = make_lexicon_transformer(name, get_spans, *settings)
            return copied.from_bytes(self.to_bytes())

    model: Any = LexiconTransformer(name, words.get_spans, *settings)
    model.words = words
    model.attrs["set_transformer"] = _set_transformer
    transformer = model.layers[0]
    transformer.shims[0].model_cls = WithLexicon
    convert = transformer.attrs["convert_inputs"]

    def convert_inputs(layer: Model, pieces: Any, is_train: bool) -> Any:
        inputs, backprop = convert(layer, pieces, is_train)
        ids: Any = words.take(*pieces.input_ids.shape)
        device = inputs.kwargs["input_ids"].device
        inputs.kwargs[WORD_IDS] = xp2torch(ids, device=device)
        return inputs, backprop

    transformer.attrs["convert_inputs"] = convert_inputs
    made: Model = model
    return made


class _WordTokenizer:
    """Wrapper of a tokenizer that finds the words of the pieces, too."""

    def __init__(self, tokenizer: Any, words: SpanWords) -> None:
        self._tokenizer = tokenizer
        self._words = words

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __len__(self) -> int:
        # `__getattr__` does not apply to special methods.
        return len(self._tokenizer)

    def __call__(self, texts: Sequence[str], **options: Any) -> Any:
        if not self._words.is_waiting:
            return self._tokenizer(texts, **options)
        batch = self._tokenizer(texts, **{**options, "return_offsets_mapping": True})
        self._words.find(np.asarray(batch["offset_mapping"]))
        return batch


def _set_transformer(model: Any, hf_model: Any) -> None:
    """Set the transformer, with the lexicon that the model was given."""
    from spacy_transformers.layers.transformer_model import set_pytorch_transformer

    words: SpanWords = model.words
    if words.lexicon is None or words.vectors is None:
        raise DistillError(
            "Expected words for spacy_distill.LexiconTransformer.v1, got none: set"
            ' [initialize.before_init] @callbacks = "spacy_distill.init_lexicon.v1".'
        )
    check_fast(hf_model.tokenizer, source=model.attrs["name"])
    n_words, width = words.vectors.shape
    insert_interaction(hf_model.transformer, n_words, width, vectors=words.vectors)
    settings = {
        "words": words.lexicon.words,
        "width": width,
        "max_words": words.max_words,
    }
    # It is saved with the transformer.
    setattr(hf_model.transformer.config, LEXICON, settings)
    words.vectors = None
    set_pytorch_transformer(model, hf_model)
