"""The encoder as a torch module, and how it gets its first weights."""

from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence

import numpy as np

from ...errors import DistillError
from ...words import N_SHAPES
from ..lexicon.interaction import LEXICON, insert_interaction

# Models whose weights have the names and the meaning of BERT's.
BERT_TYPES = ("bert", "roberta", "xlm-roberta", "camembert")
# Models whose positions are counted from after the id of the padding.
_SHIFTED = (*BERT_TYPES[1:], "mpnet")
# Standard deviation of the noise that is added to the pretrained segment embedding, to
# break the symmetry of the word shapes.
_SHAPE_STD = 0.01
_LAYER = "encoder.layer."


@dataclass(frozen=True)
class Shape:
    """Sizes of an encoder.

    Attributes:
        layers: Number of transformer layers.
        width: Width of the hidden states.
        feed_forward_width: Width of the feed-forward layers.
        heads: Number of attention heads.
        max_length: Word pieces in a window, with special tokens.
    """

    layers: int
    width: int
    feed_forward_width: int
    heads: int
    max_length: int


def make_module(
    cfg: Dict[str, Any],
    weights: Optional[Dict[str, np.ndarray]] = None,
    *,
    lexicon_vectors: Optional[np.ndarray] = None,
) -> Any:
    """Create an encoder.

    Args:
        cfg: Arguments of `transformers.BertConfig`, and "lexicon" if it has one; others
            are ignored.
        weights: Its weights by name; random if None.
        lexicon_vectors: First vectors of the words of the lexicon.

    Returns:
        A `transformers.BertModel` without pooler. Attention is computed step by step,
        so that scores can be read by hooks.
    """
    import torch
    from transformers import BertConfig, BertModel

    settings = {name: value for name, value in cfg.items() if name != LEXICON}
    module = BertModel(
        BertConfig(**settings, attn_implementation="eager"), add_pooling_layer=False
    )
    lexicon = cfg.get(LEXICON)
    if lexicon:
        insert_interaction(
            module, len(lexicon["words"]), lexicon["width"], vectors=lexicon_vectors
        )
    if weights is not None:
        tensors = {name: torch.from_numpy(array) for name, array in weights.items()}
        module.load_state_dict(tensors, strict=False)
    return module


def set_dropout(module: Any, rate: float) -> None:
    """Set the rate of all dropout layers.

    Args:
        module: A torch module.
        rate: The rate.
    """
    from torch.nn import Dropout

    for layer in module.modules():
        if isinstance(layer, Dropout):
            layer.p = rate


def choose_layers(
    n_source: int, n_layers: int, chosen: Optional[Sequence[int]] = None
) -> List[int]:
    """Choose which layers of a source become those of a student.

    Args:
        n_source: Number of the source's layers.
        n_layers: Number of the student's layers.
        chosen: Numbers of layers, from 1. By default student layer j gets layer
            j * n_source / n_layers, rounded down: with half of the layers, every second
            one.

    Returns:
        Numbers of layers, from 1, in the order of the student.

    Raises:
        DistillError: If there are not as many layers, or not those.
    """
    if chosen is None:
        if n_layers > n_source:
            raise DistillError(
                f"Expected a student of at most {n_source} layers, which the source"
                f' has, got layers = {n_layers}: reduce it, or set start = "random".'
            )
        return [j * n_source // n_layers for j in range(1, n_layers + 1)]
    if len(chosen) != n_layers:
        raise DistillError(
            f"Expected as many source_layers as the student has layers, {n_layers}, got"
            f" {list(chosen)}: change one of them."
        )
    if not all(1 <= layer <= n_source for layer in chosen):
        raise DistillError(
            f"Expected source_layers from 1 to {n_source}, got {list(chosen)}: name"
            " layers that the source has."
        )
    return list(chosen)


def check_fit(config: Any, shape: Shape, *, source: str) -> None:
    """Check that a student can take layers of a source.

    Args:
        config: Config of the source, a `transformers` config.
        shape: Sizes of the student.
        source: Name of the source, for error messages.

    Raises:
        DistillError: If the source is no BERT, or if its sizes are others.
    """
    kind = getattr(config, "model_type", "")
    position_type = getattr(config, "position_embedding_type", "absolute")
    if kind not in BERT_TYPES or position_type != "absolute":
        raise DistillError(
            f"Expected a source of one of the types {', '.join(BERT_TYPES)} with"
            f" absolute positions, got {source} of type {kind or 'unknown'} with"
            f" {position_type} ones: name another"
            ' source, or set start = "random".'
        )
    sizes = {
        "width": (config.hidden_size, shape.width),
        "feed_forward_width": (config.intermediate_size, shape.feed_forward_width),
        "heads": (config.num_attention_heads, shape.heads),
    }
    for name, (expected, got) in sizes.items():
        if expected != got:
            raise DistillError(
                f"Expected {name} = {expected}, which {source} has, got {got}: change"
                ' it in the config, or set start = "random".'
            )
    check_length(config, shape.max_length, source=source)


def check_length(config: Any, max_length: int, *, source: str) -> None:
    """Check that an encoder has positions for the windows of a student.

    Args:
        config: Config of the encoder.
        max_length: Word pieces that the student reads at once, with special tokens.
        source: Name of the encoder, for error messages.

    Raises:
        DistillError: If it has fewer.
    """
    positions = n_positions(config)
    if max_length > positions:
        raise DistillError(
            f"Expected max_length of at most {positions}, the positions of {source},"
            f" got {max_length}: reduce it, longer texts are read in windows."
        )


def n_positions(config: Any) -> int:
    """Return how many word pieces an encoder can read at once.

    Args:
        config: A `transformers` config.

    Returns:
        The number, with special tokens.
    """
    return int(config.max_position_embeddings) - _reserved(config)


def copied_config(
    config: Any, shape: Shape, *, vocab_size: int, pad_id: int, is_case_aware: bool
) -> Dict[str, Any]:
    """Return the settings of a student, with what it takes over from a source.

    Args:
        config: Config of the source.
        shape: Sizes of the student.
        vocab_size: Number of word pieces.
        pad_id: Id of the padding.
        is_case_aware: Whether word shapes are input.

    Returns:
        Arguments of `transformers.BertConfig`, and "is_case_aware".
    """
    return {
        "vocab_size": vocab_size,
        "hidden_size": shape.width,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "intermediate_size": shape.feed_forward_width,
        "max_position_embeddings": shape.max_length,
        "type_vocab_size": N_SHAPES if is_case_aware else 1,
        "hidden_act": getattr(config, "hidden_act", "gelu"),
        "layer_norm_eps": getattr(config, "layer_norm_eps", 1e-12),
        "pad_token_id": pad_id,
        "is_case_aware": is_case_aware,
    }


def copy_weights(
    source: Any,
    student: Any,
    *,
    layers: Sequence[int],
    pieces: Sequence[int],
    has_shapes: bool,
) -> None:
    """Copy embeddings and chosen layers of a source to a student.

    Args:
        source: A transformer of a type of `BERT_TYPES`.
        student: A `BertModel` of the same widths.
        layers: Numbers of the source's layers, from 1, one for each of the student's.
        pieces: For each word piece of the student, its id in the source.
        has_shapes: Whether the source has word shapes as `token_type_ids`. Otherwise
            each shape starts from the first segment.
    """
    import torch

    given = source.state_dict()
    own = student.state_dict()
    for name, tensor in own.items():
        origin = name
        if name.startswith(_LAYER):
            number, _, rest = name[len(_LAYER) :].partition(".")
            origin = f"{_LAYER}{layers[int(number)] - 1}.{rest}"
        if origin not in given:
            continue
        value = given[origin].detach().float().cpu()
        if name == "embeddings.word_embeddings.weight":
            value = value[torch.tensor(list(pieces))]
        elif name == "embeddings.position_embeddings.weight":
            start = _reserved(source.config)
            value = value[start : start + len(tensor)]
        elif name == "embeddings.token_type_embeddings.weight":
            value = _segments(value, len(tensor), has_shapes)
        tensor.copy_(value)


def _segments(given: Any, n: int, has_shapes: bool) -> Any:
    import torch

    if n == 1 or has_shapes:
        return given[:n]
    rows = given[:1].repeat(n, 1)
    rows[1:] += _SHAPE_STD * torch.randn_like(rows[1:])
    return rows


def _reserved(config: Any) -> int:
    """Return how many position embeddings are not used: RoBERTa counts from there."""
    is_shifted = config.model_type in _SHIFTED
    return config.pad_token_id + 1 if is_shifted else 0
