"""What all commands share: error messages and the choice of a device."""

import sys
from contextlib import contextmanager
from typing import Iterator

from wasabi import color
from wasabi.util import locale_escape, supports_ansi

from ..errors import DistillError


@contextmanager
def friendly_errors() -> Iterator[None]:
    """Print a DistillError as one line, without traceback, and exit with status 1.

    Serves as context manager and as decorator.
    """
    try:
        yield
    except DistillError as error:
        # Looks like `msg.fail`, which however breaks lines, in the middle of paths too.
        line = locale_escape(f"✘ {' '.join(str(error).split())}")
        print(f"\n{color(line, fg='red') if supports_ansi() else line}\n")
        sys.exit(1)


def use_device(gpu_id: int, *, quiet: bool = False) -> None:
    """Make thinc use a GPU; -1 for the CPU.

    RAISES: DistillError if the GPU cannot be used.
    """
    from spacy.cli._util import setup_gpu

    try:
        setup_gpu(gpu_id, silent=quiet)
    except ValueError as error:
        raise DistillError(
            f"Expected GPU {gpu_id} to be usable, got: {error}. Use --gpu-id -1 for the"
            " CPU."
        ) from error
