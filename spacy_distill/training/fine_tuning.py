"""Callback that speeds up the fine-tuning of a transformer."""

from typing import Any, Callable, Iterator

from spacy.language import Language
from spacy.util import registry
from thinc.api import Model

from ..errors import DistillError


@registry.callbacks("spacy_distill.fine_tuning.v1")
def fine_tuning_v1(
    component: str = "transformer",
    freeze_word_embeddings: bool = True,
    bfloat16: bool = False,
) -> Callable[[Language], Language]:
    """Create a callback for [initialize.after_init] that prepares a transformer.

    The callback raises a DistillError if the pipeline has no such transformer.

    Args:
        component: Name of the transformer component.
        freeze_word_embeddings: Whether to freeze the pretrained input embeddings. They
            are half of a small model's parameters, few of their rows occur in a small
            training set, and without them a training step takes half the time.
        bfloat16: Whether to multiply matrices in bfloat16 during training. Weights and
            saved files stay float32. Halves the time of a step again, but only on
            processors with bfloat16 instructions (AVX512-BF16, AMX); slower on others.

    Returns:
        The callback.
    """

    def prepare(nlp: Language) -> Language:
        if component not in nlp.pipe_names:
            raise DistillError(
                f"Expected a component {component!r}, got {', '.join(nlp.pipe_names)}: "
                "change [initialize.after_init]."
            )
        transformers = list(
            _find_transformers(getattr(nlp.get_pipe(component), "model", None))
        )
        if not transformers:
            raise DistillError(
                f"Expected a Hugging Face transformer in {component!r}, got none: "
                "remove [initialize.after_init]."
            )
        for transformer in transformers:
            if freeze_word_embeddings:
                transformer.get_input_embeddings().weight.requires_grad_(False)
            if bfloat16:
                _use_bfloat16_autocast(transformer)
        return nlp

    return prepare


def _find_transformers(model: Any) -> Iterator[Any]:
    """Yield the Hugging Face models in a component's model."""
    for node in model.walk() if isinstance(model, Model) else ():
        for shim in node.shims:
            if hasattr(shim._model, "get_input_embeddings"):
                yield shim._model


def _use_bfloat16_autocast(transformer: Any) -> None:
    """Run the transformer's forward pass in bfloat16 during training.

    Thinc's mixed precision is not used, since it requires a GPU.
    """
    import torch

    forward = transformer.forward

    def in_bfloat16(*args: Any, **kwargs: Any) -> Any:
        if not transformer.training:
            return forward(*args, **kwargs)
        with torch.autocast(transformer.device.type, dtype=torch.bfloat16):
            output = forward(*args, **kwargs)
        for name, value in output.items():
            # Thinc converts the output to numpy, which has no bfloat16.
            if torch.is_tensor(value):
                output[name] = value.float()
        return output

    transformer.forward = in_bfloat16
