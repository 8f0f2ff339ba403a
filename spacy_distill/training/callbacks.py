"""Several callbacks where a config has room for one."""

from typing import Any, Callable, Dict

from spacy.language import Language
from spacy.util import registry

from ..errors import DistillError

RUN_CALLBACKS = "spacy_distill.run_callbacks.v1"
Callback = Callable[[Language], Language]


@registry.callbacks(RUN_CALLBACKS)
def run_callbacks_v1(
    # Not of callbacks: confection checks the values before it creates them.
    callbacks: Dict[str, Any],
) -> Callback:
    """Create a callback that runs others, such as in [initialize.after_init].

    Args:
        callbacks: The callbacks by any names, in the order of the config.

    Returns:
        The callback.

    Raises:
        DistillError: If one of them is no function.
    """
    for name, callback in callbacks.items():
        if not callable(callback):
            raise DistillError(
                f"Expected a block with @callbacks as {name!r}, got {callback!r}:"
                " change [initialize]."
            )
    return RunCallbacks(callbacks)


class RunCallbacks:
    """The callback of `run_callbacks_v1`, which can check its settings early.

    Args:
        callbacks: The callbacks by any names.
    """

    def __init__(self, callbacks: Dict[str, Callback]) -> None:
        self.callbacks = callbacks

    def check(self, nlp: Language) -> None:
        """Let those callbacks check their settings that can.

        Args:
            nlp: The untrained pipeline.

        Raises:
            DistillError: If settings do not fit.
        """
        for callback in self.callbacks.values():
            if hasattr(callback, "check"):
                callback.check(nlp)

    def __call__(self, nlp: Language) -> Language:
        """Run all callbacks on a pipeline.

        Args:
            nlp: The pipeline.
        """
        for callback in self.callbacks.values():
            nlp = callback(nlp)
        return nlp
