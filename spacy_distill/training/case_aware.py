"""Transformers that see upper case despite uncased word pieces."""

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
    """`spacy-transformers.TransformerModel.v3` with the same settings, for uncased
    models. Names are told by their capitals, and uncased word pieces have none. But
    BERT-like models have a third input beside pieces and positions: the segment
    (`token_type_ids`), of which token classification needs one only. Here it tells the
    shape of the piece, and fine-tuning learns what that is worth.

    RAISES (at initialization): DistillError if the model has no segments, or a
        tokenizer without offsets.
    """

    return make_case_aware_transformer(
        name,
        get_spans,
        tokenizer_config,
        transformer_config,
        mixed_precision,
        # Written to by whoever gets it.
        dict(grad_scaler_config or {}),
    )


# Of the new rows about the pretrained one, so that they can part.
_SPREAD = 0.01


def make_case_aware_transformer(*settings: Any) -> Model:
    """See `case_aware_transformer_v1`."""
    # The class can be made only where spacy-transformers is there, and torch with it.
    from spacy_transformers.layers import TransformerModel

    class CaseAwareTransformer(TransformerModel):
        @property
        def tokenizer(self) -> Any:
            """The transformer's own, whose segments are shapes."""
            tokenizer = super().tokenizer
            return None if tokenizer is None else _ShapeSegments(tokenizer)

    model = CaseAwareTransformer(*settings)
    model.attrs["set_transformer"] = _set_transformer
    return model


class _ShapeSegments:
    """A tokenizer as it is, but for the segments."""

    def __init__(self, tokenizer: Any) -> None:
        self._tokenizer = tokenizer

    def __getattr__(self, name: str) -> Any:
        return getattr(self._tokenizer, name)

    def __len__(self) -> int:
        # Not looked for by `__getattr__`.
        return len(self._tokenizer)

    def __call__(self, texts: Sequence[str], **options: Any) -> Any:
        if options.get("return_token_type_ids") is False:
            return self._tokenizer(texts, **options)
        batch = self._tokenizer(texts, **{**options, "return_offsets_mapping": True})
        segments = batch["input_ids"] * 0
        for row, (text, places) in enumerate(zip(texts, batch["offset_mapping"])):
            for column, (start, end) in enumerate(places.tolist()):
                # Special pieces stand nowhere in the text.
                segments[row, column] = word_shape(text[start:end]) if end else 0
        batch["token_type_ids"] = segments
        return batch


def _set_transformer(model: Model, hf_model: Any) -> None:
    """Put the transformer in its place, with a wider table of segments."""
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
    rows[1:] += _SPREAD * torch.randn_like(rows[1:])
    embeddings.token_type_embeddings = torch.nn.Embedding.from_pretrained(
        rows, freeze=False
    )
    transformer.config.type_vocab_size = N_SHAPES
    set_pytorch_transformer(model, hf_model)
