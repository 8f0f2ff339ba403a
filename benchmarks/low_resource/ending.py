"""Ctrl-C and `kill` as a request to end, which a loop looks for."""

import signal
from contextlib import contextmanager
from types import FrameType
from typing import Callable, Iterator, Optional

_SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def asked_to_end() -> Iterator[Callable[[], bool]]:
    """Note SIGINT and SIGTERM, instead of raising KeyboardInterrupt anywhere.

    Yields a function that returns whether one has come. Look often: Python runs its
    handlers between two steps of the main thread, so a signal that comes just before
    the thread begins to wait is noted when the waiting ends, and not before.

    Raises KeyboardInterrupt at the end, if one came and nothing has been raised for it.
    """
    is_asked = False

    def ask(number: int, frame: Optional[FrameType]) -> None:
        nonlocal is_asked
        is_asked = True

    # What is ignored, as Ctrl-C is in the background of a shell, stays so.
    before = {number: signal.getsignal(number) for number in _SIGNALS}
    replaced = {n: h for n, h in before.items() if h is not signal.SIG_IGN}
    for number in replaced:
        signal.signal(number, ask)
    try:
        yield lambda: is_asked
    finally:
        for number, handler in replaced.items():
            signal.signal(number, handler)
    if is_asked:
        raise KeyboardInterrupt
