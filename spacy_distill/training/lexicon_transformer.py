"""Transformer layer of teachers that reads the words of a lexicon, too."""

from typing import Any, Callable, Dict, Iterator, List, Optional, Sequence

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span
from spacy.util import registry
from thinc.api import Model, xp2torch

from ..errors import DistillError
from ..students.lexicon.interaction import LEXICON, WORD_IDS, insert_interaction
from ..tokenizer_files import check_fast
from .span_words import SpanWords


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
