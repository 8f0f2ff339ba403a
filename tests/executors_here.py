"""Executors of this machine, small enough for a test."""

import os
import sys
from contextlib import contextmanager
from typing import Iterator
from unittest.mock import patch

import pytest

from spacy_distill.executors import Executor, Processes, RayActors

# Those on Ray take longer to start.
EXECUTORS = (
    "processes",
    pytest.param("ray", marks=pytest.mark.slow),
)


@contextmanager
def make_executor(kind: str, workers: int, *, gpus: int = 0) -> Iterator[Executor]:
    """Make an executor, for Ray with a small cluster of its own."""
    if kind == "processes":
        yield Processes(workers)
        return
    ray = pytest.importorskip("ray")
    # Workers import the tests.
    with patch.dict(os.environ, PYTHONPATH=os.pathsep.join(sys.path)):
        ray.init(
            address="local",
            num_cpus=2,
            num_gpus=gpus * workers,
            include_dashboard=False,
            log_to_driver=False,
            logging_level="ERROR",
            object_store_memory=100_000_000,
        )
    try:
        yield RayActors(workers, gpus=gpus)
    finally:
        ray.shutdown()
