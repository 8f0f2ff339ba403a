"""Run a function on many items: in several processes, or on a Ray cluster."""

import logging
import os
import signal
import socket
import threading
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from typing import Any, Callable, Iterable, Iterator, List, Optional, Protocol, Set

from .errors import DistillError

__all__ = ["Executor", "Load", "Processes", "RayActors", "use_one_thread"]

# Loads what a worker needs, such as a pipeline, and returns its function.
Load = Callable[[], Callable[[Any], Any]]

# Items that wait for each worker, so that none is idle while results are written.
_AHEAD = 2
# How often Ray repeats an item whose worker died, before it is taken to be the cause.
_RETRIES = 5
# Seconds to wait for a cluster to answer.
_TIMEOUT = 30.0
_THREADS = "OMP_NUM_THREADS"


class Executor(Protocol):
    """Runs a function on many items, in several workers."""

    def run(self, load: Load, items: Iterable[Any]) -> Iterator[Any]:
        """Run a function on items.

        Args:
            load: Called once in each worker; returns the function. It is pickled, as
                are items and results.
            items: The items. They are read as workers become free.

        Yields:
            The results, in the order in which they are ready.

        Raises:
            DistillError: If the function raises it, or if workers die.
        """
        ...


class Processes:
    """Processes on this machine, each with one thread for computing.

    Set the environment variable OMP_NUM_THREADS for another number of threads.

    Args:
        n_process: Number of processes.

    Raises:
        DistillError: If there are none.
    """

    def __init__(self, n_process: int) -> None:
        if n_process < 1:
            raise DistillError(f"Expected 1 process or more, got {n_process}.")
        self.n_process = n_process

    def run(self, load: Load, items: Iterable[Any]) -> Iterator[Any]:
        """Run a function on items; see `Executor.run`."""
        # Forked processes would have threads of BLAS and torch that do not run.
        pool = ProcessPoolExecutor(
            self.n_process, get_context("spawn"), _start_process, (load,)
        )
        pending: Set[Future] = set()
        try:
            with use_one_thread():
                for item in items:
                    pending.add(pool.submit(_run_in_process, item))
                    if len(pending) < _AHEAD * self.n_process:
                        continue
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
                while pending:
                    done, pending = wait(pending, return_when=FIRST_COMPLETED)
                    yield from (future.result() for future in done)
        except BrokenProcessPool as error:
            raise DistillError(
                "Expected processes that run until all is done, but one was killed,"
                " most likely for lack of memory: run the same again, with fewer"
                " processes, and it goes on."
            ) from error
        finally:
            pool.shutdown(cancel_futures=True)


@contextmanager
def use_one_thread() -> Iterator[None]:
    """Let processes that start in the block compute on one thread each.

    Results are then the same for any number of processes: matrix products that several
    threads share may be rounded differently. OMP_NUM_THREADS takes precedence.
    """
    if os.environ.get(_THREADS):
        yield
        return
    os.environ[_THREADS] = "1"
    try:
        yield
    finally:
        del os.environ[_THREADS]


# In a worker process: what loads its function, and the function once it is loaded.
_load: Optional[Load] = None
_function: Optional[Callable[[Any], Any]] = None


def _start_process(load: Load) -> None:
    global _load
    _load = load
    # Ctrl-C on a terminal reaches all processes. These end without a traceback.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    threading.Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    """End this process when the one that started it was killed."""
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _run_in_process(item: Any) -> Any:
    global _function
    # Not when the process starts: there, errors have no message.
    if _function is None:
        assert _load is not None
        _function = _load()
    return _function(item)


class RayActors:
    """Actors on a Ray cluster, each with one CPU.

    An actor that dies is started again and repeats its item. Hosts need this package,
    and what `load` loads, at the same path.

    Args:
        workers: Number of actors.
        address: Address of the cluster, or "auto" for one that runs on this machine.
            None starts one here, of as many CPUs as there are workers, and ends it.
        gpus: GPUs of each actor.

    Raises:
        DistillError: If there are no workers.
        ModuleNotFoundError: If Ray is not installed.
    """

    def __init__(
        self, workers: int, *, address: Optional[str] = None, gpus: float = 0
    ) -> None:
        if workers < 1:
            raise DistillError(f"Expected 1 worker or more, got {workers}.")
        import ray  # noqa: F401, told before any work

        self.workers = workers
        self.address = address
        self.gpus = gpus

    def run(self, load: Load, items: Iterable[Any]) -> Iterator[Any]:
        """Run a function on items; see `Executor.run`."""
        import ray
        from ray.exceptions import RayActorError, RayTaskError
        from ray.util import ActorPool

        with self._connected():
            actor = ray.remote(_Actor).options(
                num_cpus=1,
                num_gpus=self.gpus,
                max_restarts=-1,
                max_task_retries=_RETRIES,
            )
            pool = ActorPool([actor.remote(load) for _ in range(self.workers)])
            waiting = 0
            try:
                for item in items:
                    pool.submit(_run_in_actor, item)
                    waiting += 1
                    if waiting >= _AHEAD * self.workers:
                        yield pool.get_next_unordered()
                        waiting -= 1
                while pool.has_next():
                    yield pool.get_next_unordered()
            except RayTaskError as error:
                # Its own message is the traceback of the worker.
                if isinstance(error.cause, DistillError):
                    raise error.cause from None
                raise
            except RayActorError as error:
                raise DistillError(
                    "Expected workers that run until all is done, but one died"
                    " again and again at the same part of the work, most likely for"
                    " lack of memory: run the same again and it goes on."
                ) from error

    @contextmanager
    def _connected(self) -> Iterator[None]:
        import ray

        if ray.is_initialized():
            yield
            return
        options: Any = {"address": self.address}
        if self.address is None:
            # "local", since None would look for a cluster first.
            options = {
                "address": "local",
                "num_cpus": self.workers,
                "include_dashboard": False,
            }
        try:
            _check_address(self.address)
            ray.init(log_to_driver=False, logging_level=logging.ERROR, **options)
        except OSError as error:
            raise DistillError(
                f"Expected a Ray cluster at {self.address}, got none: start one with"
                " `ray start --head`, or leave the address out."
            ) from error
        try:
            yield
        finally:
            ray.shutdown()


def _check_address(address: Optional[str]) -> None:
    """Check that something listens: Ray itself would try for many minutes.

    Raises:
        OSError: If nothing does.
    """
    host, _, port = (address or "").rpartition("://")[2].rpartition(":")
    if host and port.isdigit():
        socket.create_connection((host, int(port)), timeout=_TIMEOUT).close()


class _Actor:
    """A worker on a cluster."""

    def __init__(self, load: Load) -> None:
        self._load = load
        self._function: List[Callable[[Any], Any]] = []

    def run(self, item: Any) -> Any:
        # Not when the actor starts: there, errors have no cause.
        if not self._function:
            self._function.append(self._load())
        return self._function[0](item)


def _run_in_actor(actor: Any, item: Any) -> Any:
    return actor.run.remote(item)
