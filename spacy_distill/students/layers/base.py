"""The interface of context layers, and scratch memory that prediction reuses."""

import threading
from math import prod
from typing import Any, Dict, List, Protocol, Sequence, Tuple

import numpy as np

# Arrays by name. Any, because Thinc's types for arrays and numpy's do not agree.
Params = Dict[str, Any]


class ContextLayer(Protocol):
    """Turns features of word types into vectors of tokens in context.

    `n_out` is the width of the output. `predict` and `train` compute the same
    function, but for dropout.
    """

    n_out: int

    def init(self, n_in: int) -> Params:
        """Fresh parameters for features of width `n_in`, float32."""
        ...

    def project(self, params: Params, features: np.ndarray) -> List[np.ndarray]:
        """The part of the work that depends on the word type alone.

        features: [n_types, n_in]. RETURNS: tables, float32 [n_types, any width].
        """
        ...

    def predict(
        self,
        params: Params,
        tables: Sequence[np.ndarray],
        entries: np.ndarray,
        lengths: Sequence[int],
    ) -> np.ndarray:
        """tables: as `project` makes them, not to be written to, and behind the rows of
        word types one of zeros for what stands beyond the edges. entries: the tokens'
        rows in them, int64 [n_tokens]. RETURNS: float32 [n_tokens, n_out]."""
        ...

    def train(
        self,
        params: Dict[str, Any],
        features: Any,
        lengths: Sequence[int],
        dropout: float,
    ) -> Any:
        """The same in torch. params, features [n_tokens, n_in]: tensors.
        RETURNS: tensor [n_tokens, n_out]."""
        ...


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
