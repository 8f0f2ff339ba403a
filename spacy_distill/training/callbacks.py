"""Several callbacks where a config has room for one."""

from typing import Callable, Dict

from spacy.language import Language
from spacy.util import registry

Callback = Callable[[Language], Language]


@registry.callbacks("spacy_distill.run_callbacks.v1")
def run_callbacks_v1(callbacks: Dict[str, Callback]) -> Callback:
    """Create a callback that runs others, such as in [initialize.after_init].

    Args:
        callbacks: The callbacks by any names, in the order of the config.

    Returns:
        The callback.
    """

    def run(nlp: Language) -> Language:
        for callback in callbacks.values():
            nlp = callback(nlp)
        return nlp

    return run
