"""Transformer layer that adds letter case to uncased word pieces."""

from typing import Any, Callable, Dict, List, Optional, Sequence

from spacy.tokens import Doc, Span
from spacy.util import registry
from thinc.api import Model

from ..errors import DistillError
from ..words import N_SHAPES, word_shape


@registry.architectures("spacy_distill.CaseAwareTransformer.v1")
def case_aware_transformer_v1(
    name: str,
    get_spans: Callable[[List[Doc]], List[List[Span]]],
    tokenizer_config: Dict[str, Any],
    transformer_config: Dict[str, Any],
    mixed_precision: bool = False,
    grad_scaler_config: Optional[Dict[str, Any]] = None,
) -> Model:
    """`spacy-transformers.TransformerModel.v3` with letter case, for uncased models.

    Uncased word pieces do not show capitals, which are a strong feature of names.
    BERT-like models have segment embeddings (`token_type_ids`), of which token
    classification uses only one. This layer uses the segment of a piece for its word
    shape (see `words.word_shape`). The new embeddings are learned during fine-tuning.

    The model raises a DistillError during initialization if the transformer has no
    segment embeddings, or its tokenizer no offsets.

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
    return make_case_aware_transformer(
        name,
        get_spans,
        tokenizer_config,
        transformer_config,
        mixed_precision,
        # Copied, since spacy-transformers modifies it.
        dict(grad_scaler_config or {}),
    )


# Standard deviation of the noise that is added to the pretrained segment embedding, to
# break the symmetry of the new ones.
_INIT_STD = 0.01


def make_case_aware_transformer(*settings: Any) -> Model:
    """Create the model of `case_aware_transformer_v1`.

    Args:
        *settings: Arguments of `spacy_transformers.layers.TransformerModel`.

    Returns:
        The model.
    """
    # Defined here, since spacy-transformers and torch are optional.
    from spacy_transformers.layers import TransformerModel

    class CaseAwareTransformer(TransformerModel):
        @property
        def tokenizer(self) -> Any:
            """The transformer's tokenizer, with word shapes as segments."""
            tokenizer = super().tokenizer
            return None if tokenizer is None else _ShapeTokenizer(tokenizer)

    model = CaseAwareTransformer(*settings)
    model.attrs["set_transformer"] = _set_transformer
    return model


class _ShapeTokenizer:
    """Wrapper of a tokenizer that returns word shapes as `token_type_ids`."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __len__(self) -> int:
        # `__getattr__` does not apply to special methods.
        return len(self._tokenizer)

    def __call__(self, texts: Sequence[str], **options: Any) -> Any:
        if options.get("return_token_type_ids") is False:
            return self._tokenizer(texts, **options)
        batch = self._tokenizer(texts, **{**options, "return_offsets_mapping": True})
        segments = batch["input_ids"] * 0
        for row, (text, places) in enumerate(zip(texts, batch["offset_mapping"])):
            for column, (start, end) in enumerate(places.tolist()):
                # Special tokens have the empty offset (0, 0).
                segments[row, column] = word_shape(text[start:end]) if end else 0
        batch["token_type_ids"] = segments
        return batch


def _set_transformer(model: Model, hf_model: Any) -> None:
    """Set the transformer, with one segment embedding for each word shape."""
    import torch
    from spacy_transformers.layers.transformer_model import set_pytorch_transformer

    transformer, name = hf_model.transformer, model.attrs["name"]
    embeddings: Any = getattr(transformer, "embeddings", None)
    segments = getattr(embeddings, "token_type_embeddings", None)
    if segments is None:
        raise DistillError(
            "Expected a transformer with segments (token_type_ids), as BERT has, got"
            f" {name!r}: use spacy-transformers.TransformerModel.v3."
        )
    if not hf_model.tokenizer.is_fast:
        raise DistillError(
            f"Expected a tokenizer that knows offsets, got that of {name!r}: set"
            " use_fast = true in tokenizer_config."
        )
    rows = segments.weight.data[:1].repeat(N_SHAPES, 1)
    rows[1:] += _INIT_STD * torch.randn_like(rows[1:])
    embeddings.token_type_embeddings = torch.nn.Embedding.from_pretrained(
        rows, freeze=False
    )
    transformer.config.type_vocab_size = N_SHAPES
    set_pytorch_transformer(model, hf_model)
