"""The interface of context layers, and scratch memory that prediction reuses."""

import threading
from math import prod
from typing import Any, Dict, List, Protocol, Sequence, Tuple

import numpy as np

# Arrays by name. Any, because Thinc's array types and numpy's do not agree.
Params = Dict[str, Any]


class ContextLayer(Protocol):
    """Turns features of word types into vectors of tokens in context.

    `predict` and `train` compute the same function, except for dropout.

    Attributes:
        n_out: Width of the output.
    """

    n_out: int

    def init(self, n_in: int) -> Params:
        """Return new parameters.

        Args:
            n_in: Width of the features.

        Returns:
            Parameters by name, float32.
        """
        ...

    def project(self, params: Params, features: np.ndarray) -> List[np.ndarray]:
        """Compute the part that depends on the word type alone.

        It is affine in the features.

        Args:
            params: Arrays by name.
            features: The first columns of the input, float32 [n_types, at most n_in].
                Others are zeros.

        Returns:
            Tables, float32 [n_types, any width].
        """
        ...

    def project_tokens(self, params: Params, features: np.ndarray) -> List[np.ndarray]:
        """Compute what features of tokens add to the rows of their word types.

        Args:
            params: Arrays by name.
            features: The last columns of the input, float32 [n_tokens, at most n_in].

        Returns:
            New tables of the same widths as those of `project`, float32 [n_tokens, any
            width]. They are linear in the features.
        """
        ...

    def prepare(self, params: Params) -> Params:
        """Compute what `predict` needs of the parameters, once until they change.

        Args:
            params: Arrays by name.

        Returns:
            Arrays by name.
        """
        ...

    def predict(
        self,
        prepared: Params,
        tables: Sequence[np.ndarray],
        entries: np.ndarray,
        lengths: Sequence[int],
    ) -> np.ndarray:
        """Compute vectors in context, in numpy or in the kernel.

        Args:
            prepared: What `prepare` returned.
            tables: The output of `project`, with a last row of zeros for positions
                outside of the sequence; or such tables with a row for each token.
                Read-only.
            entries: Rows of the tokens in the tables, int64 [n_tokens].
            lengths: Number of tokens of each sequence.

        Returns:
            Vectors, float32 [n_tokens, n_out].
        """
        ...

    def train(
        self,
        params: Dict[str, Any],
        features: Any,
        lengths: Sequence[int],
        dropout: float,
    ) -> Any:
        """Compute vectors in context in torch.

        Args:
            params: Tensors by name.
            features: Features of the tokens, tensor [n_tokens, n_in].
            lengths: Number of tokens of each sequence.
            dropout: Dropout rate.

        Returns:
            Vectors, tensor [n_tokens, n_out].
        """
        ...


# Tokens whose rows are gathered at a time, few enough for the processor's cache.
_CHUNK = 64


def add_tokens(
    context: ContextLayer,
    params: Params,
    tables: Sequence[np.ndarray],
    entries: np.ndarray,
    features: np.ndarray,
) -> List[np.ndarray]:
    """Compute tables with a row for each token: its word type and its own features.

    Args:
        context: The context layer.
        params: Arrays by name.
        tables: The output of `context.project` for word types.
        entries: Rows of the tokens' types in the tables, int64 [n_tokens].
        features: Features of the tokens, float32 [n_tokens, width].

    Returns:
        Tables, float32 [n_tokens + 1, any width]. The last row is zeros.
    """
    # What is linear in a row of zeros is zeros.
    padded = np.concatenate([features, np.zeros_like(features[:1])])
    out = context.project_tokens(params, padded)
    for start in range(0, len(entries), _CHUNK):
        rows = entries[start : start + _CHUNK]
        for table, part in zip(tables, out):
            part[start : start + len(rows)] += table.take(rows, axis=0)
    return out


# Elements of the largest array that is kept: 16 MB.
_LARGEST = 2**22


class Workspace:
    """Scratch arrays by name, separate for each thread.

    Arrays are reused, because the system maps newly allocated memory page by page when
    it is first written, which takes longer than the computation that writes it.
    """

    def __init__(self) -> None:
        self._arrays = threading.local()

    def array(self, name: str, shape: Tuple[int, ...]) -> np.ndarray:
        """Return an uninitialized float32 array.

        The array is valid until the same thread asks for the same name again.

        Args:
            name: Name of the array.
            shape: Its shape.

        Returns:
            float32 array of the given shape.
        """
        size = prod(shape)
        if size > _LARGEST:
            return np.empty(shape, dtype=np.float32)
        kept = self._arrays.__dict__
        if name not in kept or kept[name].size < size:
            kept[name] = np.empty(size, dtype=np.float32)
        out: np.ndarray = kept[name][:size].reshape(shape)
        return out

    def take(self, name: str, table: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Gather rows of a table into a scratch array.

        Args:
            name: Name of the array.
            table: Contiguous float32 [n_rows, width].
            rows: Indices in range, int64 [n].

        Returns:
            The rows, float32 [n, width]; valid as long as the array.
        """
        return take_rows(table, rows, self.array(name, (len(rows), table.shape[1])))

    def __reduce__(self) -> Any:
        return (Workspace, ())

    def __deepcopy__(self, memo: Any) -> "Workspace":
        return Workspace()


def take_rows(table: np.ndarray, rows: np.ndarray, out: np.ndarray) -> np.ndarray:
    """Gather rows of a table.

    Args:
        table: Contiguous [n_rows, width].
        rows: Indices in range, int64 [n].
        out: Array [n, width] to write to.

    Returns:
        `out`.
    """
    # Other modes buffer `out`, because they may raise an error halfway.
    return np.take(table, rows, axis=0, out=out, mode="clip")
