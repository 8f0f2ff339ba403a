"""How many threads torch uses for a student."""

from contextlib import contextmanager
from typing import Iterator


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """One thread inside the block. A student's matrices are too small to share:
    threads that wait for each other at every step of a recurrence cost more than they
    bring, and far more when other work wants the cores."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
