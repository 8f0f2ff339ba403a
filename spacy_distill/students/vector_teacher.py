"""Vectors of a pretrained encoder as a second target of a student's encoder."""

from typing import Any, List, Protocol, Sequence, Tuple

import numpy as np
from spacy.tokens import Doc
from thinc.api import Adam, Linear, Model, NumpyOps

LEVELS = ("tokens", "document")


class VectorSource(Protocol):
    """Anything that has a vector for each token of a Doc.

    Attributes:
        width: Width of the vectors.
    """

    width: int

    def __call__(self, docs: Sequence[Doc]) -> List[np.ndarray]:
        """Return float32 [n_tokens, width] for each Doc."""
        ...


class VectorTeacher:
    """Compares a projection of a student's output with vectors of another encoder.

    L = weight * MSE(H W + b, V), a mean over rows and dimensions. H is the student's
    output, V the other encoder's, each row scaled to a mean square of 1. W and b are
    learned with the student and then left behind.

    Args:
        source: The vectors.
        level: "tokens" compares each token, "document" the means over tokens.
        weight: Weight of the loss.
        width: Width of the student's output.
        learn_rate: Learning rate of W and b.

    Attributes:
        loss: The loss of the last call.
    """

    def __init__(
        self,
        source: VectorSource,
        *,
        level: str,
        weight: float,
        width: int,
        learn_rate: float = 0.0015,
    ) -> None:
        self.source = source
        self.level = level
        self.weight = weight
        self.loss = 0.0
        self._head: Model = Linear(nO=source.width, nI=width)
        self._head.ops = NumpyOps()
        self._head.initialize()
        self._optimizer = Adam(learn_rate)

    def learn(
        self, docs: Sequence[Doc], output: np.ndarray, lengths: Sequence[int]
    ) -> np.ndarray:
        """Update W and b, and return the derivative of the loss by the output.

        Args:
            docs: The Docs.
            output: The student's output for their tokens, float32 [n_tokens, width].
            lengths: Number of tokens of each Doc.

        Returns:
            float32 [n_tokens, width].
        """
        rows, back = self._pool(output, lengths)
        target = np.concatenate(self._targets(docs))
        scale = np.sqrt((target**2).mean(axis=1, keepdims=True))
        # Tokens without word pieces have zeros, and nothing to learn from.
        known = scale[:, 0] > 0
        target = target / np.where(scale > 0, scale, 1.0)
        found, backprop = self._head.begin_update(rows)
        difference = (found - target) * known[:, None]
        n = max(int(known.sum()), 1) * target.shape[1]
        self.loss = self.weight * float((difference**2).sum()) / n
        d_rows: Any = backprop((2.0 * self.weight / n * difference).astype("f"))
        self._head.finish_update(self._optimizer)
        return back(d_rows)

    def _targets(self, docs: Sequence[Doc]) -> List[np.ndarray]:
        vectors = self.source([doc for doc in docs if len(doc)])
        if self.level == "tokens":
            return vectors
        return [vector.mean(axis=0, keepdims=True) for vector in vectors]

    def _pool(
        self, output: np.ndarray, lengths: Sequence[int]
    ) -> Tuple[np.ndarray, Any]:
        if self.level == "tokens":
            return output, lambda d_rows: d_rows
        counts = np.array([n for n in lengths if n])
        starts = np.cumsum(counts) - counts
        means = np.add.reduceat(output, starts, axis=0) / counts[:, None]

        def back(d_rows: np.ndarray) -> np.ndarray:
            return np.repeat(d_rows / counts[:, None], counts, axis=0)

        return means.astype("f"), back
