"""The error that users of the library see."""

from typing import Any


class DistillError(ValueError):
    """An error that the user can fix: a file, a setting, a pipeline.

    The message is one line: what was expected, what was found and what to do. The
    command line prints it without a traceback.
    """


def no_backprop(dY: Any) -> Any:
    """Backprop callback of a layer that was called for prediction.

    Args:
        dY: Not used.

    Raises:
        DistillError: Always.
    """
    raise DistillError(
        "Expected a forward pass with is_train=True before backprop, got one for "
        "prediction: call model.begin_update."
    )


def one_line(error: Exception) -> str:
    """Return an error's message in one line.

    Args:
        error: Any error. The message of a config's validation error is shortened: spaCy
            appends the whole block.
    """
    from confection import ConfigValidationError

    if isinstance(error, ConfigValidationError):
        error = ConfigValidationError.from_error(error, show_config=False)
    return " ".join(str(error).split())
