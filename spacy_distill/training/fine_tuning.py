"""What makes the fine-tuning of a transformer cheaper."""

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
    """A callback for [initialize.after_init] that prepares a transformer.

    component: name of the transformer component.
    freeze_word_embeddings: the input embeddings keep their pretrained values. They are
        half of a small model's parameters, few of their rows occur in few labels, and
        without them a training step takes half the time.
    bfloat16: during training, multiply matrices in bfloat16; the weights stay float32,
        and so does all that is saved. It halves the time of a step again, but only
        on processors with instructions for it (AVX512-BF16, AMX): elsewhere it is
        slower.
    RAISES (when called): DistillError if there is no such transformer.
    """

    def prepare(nlp: Language) -> Language:
        if component not in nlp.pipe_names:
            raise DistillError(
                f"Expected a component {component!r}, got {', '.join(nlp.pipe_names)}: "
                "change [initialize.after_init]."
            )
        transformers = list(
            _transformers(getattr(nlp.get_pipe(component), "model", None))
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
                _multiply_in_bfloat16(transformer)
        return nlp

    return prepare


def _transformers(model: Any) -> Iterator[Any]:
    """The Hugging Face models in a component's model."""
    for node in model.walk() if isinstance(model, Model) else ():
        for shim in node.shims:
            if hasattr(shim._model, "get_input_embeddings"):
                yield shim._model


def _multiply_in_bfloat16(transformer: Any) -> None:
    """Thinc's own mixed precision is for GPUs only."""
    import torch

    forward = transformer.forward

    def in_bfloat16(*args: Any, **kwargs: Any) -> Any:
        if not transformer.training:
            return forward(*args, **kwargs)
        with torch.autocast(transformer.device.type, dtype=torch.bfloat16):
            output = forward(*args, **kwargs)
        for name, value in output.items():
            # numpy, which reads it next, has no such type.
            if torch.is_tensor(value):
                output[name] = value.float()
        return output

    transformer.forward = in_bfloat16
