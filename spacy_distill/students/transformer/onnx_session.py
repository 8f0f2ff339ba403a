"""Run an encoder with ONNX Runtime."""

import os
from typing import Any

import numpy as np

from ...errors import DistillError
from .reading import INSTALL, Batch

OUTPUT = "last_hidden_state"


class OnnxSession:
    """An encoder in ONNX Runtime, on the CPU.

    It runs on as many threads as the environment variable OMP_NUM_THREADS says, by
    default one: with `nlp.pipe(n_process=...)` each process would otherwise start a
    thread for each core.

    Args:
        graph: The serialized ONNX model.

    Raises:
        DistillError: If `onnxruntime` is missing or cannot run the model.
    """

    def __init__(self, graph: bytes) -> None:
        self._graph = graph
        self._session: Any = None
        self._process = -1
        self._start()

    def __call__(self, batch: Batch) -> np.ndarray:
        """Return hidden states of the last layer, float32 [n_windows, length, width].

        Args:
            batch: The input.
        """
        # Threads do not survive a fork.
        if self._process != os.getpid():
            self._start()
        output: np.ndarray = self._session.run([OUTPUT], batch.inputs)[0]
        return output

    def _start(self) -> None:
        try:
            import onnxruntime
        except ImportError as error:
            raise DistillError(
                "Expected the package onnxruntime, which a transformer student needs,"
                f" got none: {INSTALL}."
            ) from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = find_threads()
        options.inter_op_num_threads = 1
        # Warnings about the graph are of no use to who runs it.
        options.log_severity_level = 3
        # The errors of ONNX Runtime have no common base class.
        try:
            self._session = onnxruntime.InferenceSession(
                self._graph, options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise DistillError(
                "Expected a model that this version of onnxruntime can run, got an"
                f" error: {str(error).splitlines()[0]}. Upgrade onnxruntime."
            ) from error
        self._process = os.getpid()


def find_threads() -> int:
    """Return the number of threads by OMP_NUM_THREADS, by default 1."""
    # It may be a list, for nested parallelism.
    value = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0].strip()
    return max(1, int(value)) if value.isdigit() else 1
