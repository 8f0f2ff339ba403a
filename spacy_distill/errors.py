"""The one error type that users of the library are meant to see."""


class DistillError(ValueError):
    """Something the user can put right: a file, a setting, a pipeline.

    The message is one line that says what was expected, what came and what to do
    about it. The command line prints it without a traceback.
    """
