"""How much a transformer takes at once."""

from typing import Any, List

# Tokenizers that know no limit of their input say so with a huge number.
_UNLIMITED = 1_000_000
_USUAL_LENGTH = 512


def longest_input(tokenizer: Any, model: Any, config: Any) -> int:
    """Return the most word pieces of an input, the framing ones counted.

    It is what the tokenizer says, or what the model has positions for, if that is less;
    512 if neither says anything.

    tokenizer: of `transformers`. model: a torch module with the transformer in it.
    config: the transformer's own.
    """
    limits: List[int] = []
    if tokenizer.model_max_length < _UNLIMITED:
        limits.append(int(tokenizer.model_max_length))
    positions = getattr(config, "max_position_embeddings", None)
    if positions is not None and positions > 0:
        limits.append(positions - _reserved_positions(model))
    return min(limits, default=_USUAL_LENGTH)


def _reserved_positions(model: Any) -> int:
    """How many positions are no places in the text, as RoBERTa has them."""
    for name, module in model.named_modules():
        if name.endswith("position_embeddings"):
            padding = getattr(module, "padding_idx", None)
            return 0 if padding is None else int(padding) + 1
    return 0
