"""The architecture of a transformer that sees upper case in spite of its pieces."""

from typing import Any, Callable, Dict, List, Optional

from spacy.tokens import Doc, Span
from spacy.util import registry
from thinc.api import Model


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

    RAISES (at initialisation): DistillError if the model has no segments, or a
        tokenizer without offsets.
    """
    from .shape_segments import make_case_aware_transformer

    return make_case_aware_transformer(
        name,
        get_spans,
        tokenizer_config,
        transformer_config,
        mixed_precision,
        # Written to by whoever gets it.
        dict(grad_scaler_config or {}),
    )
