"""Fine-tune a transformer without its word embeddings."""

from typing import Callable

from spacy.language import Language
from spacy.util import registry
from thinc.api import Model

from ...errors import DistillError


@registry.callbacks("spacy_distill.freeze_word_embeddings.v1")
def freeze_word_embeddings_v1(
    component: str = "transformer",
) -> Callable[[Language], Language]:
    """A callback for [initialize.after_init]: the transformer's input embeddings keep
    their pretrained values. They are half of a small model's parameters, few of their
    rows occur in few labels, and without them a training step takes half the time.

    component: name of the transformer component.
    RAISES (when called): DistillError if there is no such transformer.
    """

    def freeze(nlp: Language) -> Language:
        if component not in nlp.pipe_names:
            raise DistillError(
                f"Expected a component {component!r}, got {', '.join(nlp.pipe_names)}: "
                "change [initialize.after_init]."
            )
        frozen = 0
        model = getattr(nlp.get_pipe(component), "model", None)
        for node in model.walk() if isinstance(model, Model) else ():
            for shim in node.shims:
                embeddings = getattr(shim._model, "get_input_embeddings", None)
                if embeddings is not None:
                    embeddings().weight.requires_grad_(False)
                    frozen += 1
        if not frozen:
            raise DistillError(
                f"Expected a Hugging Face transformer in {component!r}, got none: "
                "remove [initialize.after_init]."
            )
        return nlp

    return freeze
