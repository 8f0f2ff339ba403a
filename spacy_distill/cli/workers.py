"""Which workers the options of a command ask for."""

from typing import TYPE_CHECKING, Optional

from ..errors import DistillError

if TYPE_CHECKING:
    from ..executors import Executor


def find_executor(
    n_process: Optional[int],
    *,
    executor: Optional[str],
    workers: Optional[int],
    address: Optional[str],
) -> Optional["Executor"]:
    """Return what runs the work of a command; None for this process.

    Args:
        n_process: Value of --n-process.
        executor: Value of --executor.
        workers: Value of --workers.
        address: Value of --address.

    Raises:
        DistillError: If the options exclude each other.
    """
    from ..executors import Processes, RayActors

    if executor is None:
        if workers is not None or address is not None:
            raise DistillError(
                "Expected --executor ray with --workers or --address, got none: add it,"
                " or give --n-process for processes on this machine."
            )
        return None if n_process is None or n_process == 1 else Processes(n_process)
    if executor != "ray":
        raise DistillError(
            f"Expected --executor ray, got {executor}: give ray, or --n-process."
        )
    if n_process is not None:
        raise DistillError(
            f"Expected either processes on this machine or Ray, got --n-process"
            f" {n_process} and --executor ray: leave one out, or give --workers."
        )
    return RayActors(1 if workers is None else workers, address=address)
