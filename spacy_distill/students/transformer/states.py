"""Hidden states and attention scores of Hugging Face encoders."""

import math
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Dict, Iterator, List, NamedTuple, Optional, Tuple

from ...errors import DistillError
from ...losses.layer_states import EncoderShape, LayerStates

if TYPE_CHECKING:
    from torch import Tensor, nn

_BERT = ("query", "key")
# The projections of query and key in attention layers, by `config.model_type`. Other
# models have modules of these names, too, and compute other scores from their outputs.
_PROJECTIONS: Dict[str, Tuple[str, str]] = {
    "bert": _BERT,
    "camembert": _BERT,
    "distilbert": ("q_lin", "k_lin"),
    "electra": _BERT,
    "mpnet": ("q", "k"),
    "roberta": _BERT,
    "xlm-roberta": _BERT,
}
# The embedding of MPNet's relative positions. All layers add it to their scores.
_POSITION_BIAS = "relative_attention_bias"


def encoder_shape(model: "nn.Module") -> EncoderShape:
    """Return the sizes of an encoder, from its config.

    Args:
        model: A Hugging Face encoder.

    Returns:
        The sizes.

    Raises:
        DistillError: If the config does not have them.
    """
    config: Any = getattr(model, "config", None)
    names = ("num_hidden_layers", "hidden_size", "num_attention_heads")
    sizes: List[Any] = [getattr(config, name, None) for name in names]
    if not all(isinstance(size, int) for size in sizes):
        raise DistillError(
            f"Expected a Hugging Face encoder with {', '.join(names)} in its config,"
            f" got {type(model).__name__}: use an encoder such as BertModel."
        )
    return EncoderShape(*sizes)


def read_states(
    model: "nn.Module", inputs: Dict[str, "Tensor"], *, attention: bool
) -> LayerStates:
    """Run an encoder on a batch and return what its layers computed.

    Gradients reach the encoder unless this is called under `torch.no_grad()`, as it
    should be for a teacher. Dropout is that of the model's mode. The attention scores
    are computed from the outputs of the query and key projections, so that they are
    available with every implementation of attention.

    Args:
        model: A Hugging Face encoder, with or without an output layer.
        inputs: Its inputs: `input_ids`, int64 [n_seqs, n_pieces], `attention_mask` of
            the same shape unless nothing is padding, and others that it takes.
        attention: Compute attention scores, too.

    Returns:
        The states.

    Raises:
        DistillError: If the model returns no hidden states, or if attention scores are
            requested of a model that cannot give them.
    """
    import torch

    shape = encoder_shape(model)
    with _recorded_projections(model, attention=attention) as recorded:
        output = model(**inputs, output_hidden_states=True, return_dict=True)
    hidden: Optional[Tuple[Tensor, ...]] = getattr(output, "hidden_states", None)
    if hidden is None or len(hidden) != shape.layers + 1:
        raise DistillError(
            f"Expected {shape.layers + 1} hidden states of {type(model).__name__}, got"
            f" {len(hidden or ())}: use an encoder such as BertModel."
        )
    mask = inputs.get("attention_mask")
    if mask is None:
        mask = torch.ones(hidden[0].shape[:2], device=hidden[0].device)
    scores = _compute_scores(model, recorded, shape) if attention else ()
    return LayerStates(hidden=tuple(hidden), attention=scores, mask=mask.bool())


class _Recorded(NamedTuple):
    """Outputs of modules in the order of the layers.

    Attributes:
        queries: Outputs of the query projections, each [n_seqs, n_pieces, width].
        keys: Outputs of the key projections.
        biases: Position biases, each [n_pieces, n_pieces, n_heads]; one or none.
    """

    queries: List["Tensor"]
    keys: List["Tensor"]
    biases: List["Tensor"]


@contextmanager
def _recorded_projections(
    model: "nn.Module", *, attention: bool
) -> Iterator[_Recorded]:
    """Record the outputs of projections inside the block, if attention is requested."""
    recorded = _Recorded([], [], [])
    handles: List[Any] = []
    try:
        if attention:
            query, key = _find_projections(model)
            targets = {
                query: recorded.queries,
                key: recorded.keys,
                _POSITION_BIAS: recorded.biases,
            }
            for name, module in model.named_modules():
                outputs = targets.get(name.rpartition(".")[2])
                if outputs is not None:
                    handles.append(module.register_forward_hook(_append_to(outputs)))
        yield recorded
    finally:
        for handle in handles:
            handle.remove()


def _append_to(outputs: List["Tensor"]) -> Any:
    def hook(module: "nn.Module", args: Any, output: "Tensor") -> None:
        outputs.append(output)

    return hook


def _find_projections(model: "nn.Module") -> Tuple[str, str]:
    """The names of the query and key projections."""
    config: Any = model.config
    # BERT's variants with relative positions add terms that depend on the queries.
    absolute = getattr(config, "position_embedding_type", "absolute") == "absolute"
    if config.model_type not in _PROJECTIONS or not absolute:
        raise _no_scores(model)
    return _PROJECTIONS[config.model_type]


def _compute_scores(
    model: "nn.Module", recorded: _Recorded, shape: EncoderShape
) -> Tuple["Tensor", ...]:
    """Compute Q K^T / sqrt(d_head) of each layer, plus the position bias if any."""
    if not len(recorded.queries) == len(recorded.keys) == shape.layers:
        raise _no_scores(model)
    import torch

    bias = recorded.biases[0].permute(2, 0, 1) if recorded.biases else None
    scores = []
    for query, key in zip(recorded.queries, recorded.keys):
        query, key = (
            # Autocast may have given bfloat16, too coarse for losses.
            x.to(torch.promote_types(x.dtype, torch.float32))
            .unflatten(2, (shape.heads, -1))
            .transpose(1, 2)
            for x in (query, key)
        )
        product = (query / math.sqrt(query.shape[-1])) @ key.transpose(2, 3)
        scores.append(product if bias is None else product + bias)
    return tuple(scores)


def _no_scores(model: "nn.Module") -> DistillError:
    return DistillError(
        "Expected an encoder whose attention scores can be read"
        f" ({', '.join(_PROJECTIONS)}, with absolute positions), got"
        f" {type(model).__name__}: leave out AttentionLoss."
    )
