"""How the command line reports what the user can put right."""

from contextlib import contextmanager
from typing import Iterator

from wasabi import msg

from ..errors import DistillError


@contextmanager
def friendly_errors() -> Iterator[None]:
    """Print a DistillError as one line, without traceback, and exit with status 1.

    Serves as context manager and as decorator.
    """
    try:
        yield
    except DistillError as error:
        msg.fail(" ".join(str(error).split()), exits=1)
