"""The one error type that users of the library are meant to see."""

from typing import Any


class DistillError(ValueError):
    """Something the user can put right: a file, a setting, a pipeline.

    The message is one line that says what was expected, what came and what to do
    about it. The command line prints it without a traceback.
    """


def no_backprop(dY: Any) -> Any:
    """The callback of a layer that was run to predict. Raises DistillError."""
    raise DistillError(
        "Expected a forward pass with is_train=True before backprop, got one for "
        "prediction: call model.begin_update."
    )
