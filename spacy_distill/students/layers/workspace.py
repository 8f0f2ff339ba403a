"""Memory that prediction uses again from batch to batch."""

import threading
from math import prod
from typing import Any, Tuple

import numpy as np

# Numbers; 16 MB. What is larger is not kept.
_LARGEST = 2**22


class Workspace:
    """Scratch arrays by name, of each thread its own.

    The system hands out fresh memory page by page as it is first touched, which takes
    longer than the sums that are to go there.
    """

    def __init__(self) -> None:
        self._arrays = threading.local()

    def array(self, name: str, shape: Tuple[int, ...]) -> np.ndarray:
        """A float32 array of any content. It holds until the thread asks for the same
        name again."""
        size = prod(shape)
        if size > _LARGEST:
            return np.empty(shape, dtype=np.float32)
        kept = self._arrays.__dict__
        if name not in kept or kept[name].size < size:
            kept[name] = np.empty(size, dtype=np.float32)
        out: np.ndarray = kept[name][:size].reshape(shape)
        return out

    def take(self, name: str, table: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Rows of a contiguous float32 table, all of them there, as such an array."""
        return take_rows(table, rows, self.array(name, (len(rows), table.shape[1])))

    def __reduce__(self) -> Any:
        return (Workspace, ())

    def __deepcopy__(self, memo: Any) -> "Workspace":
        return Workspace()


def take_rows(table: np.ndarray, rows: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Rows of a contiguous table, all of them there, written to `out`."""
    # Any other mode would work in a copy, so that an error changes nothing.
    return np.take(table, rows, axis=0, out=out, mode="clip")
