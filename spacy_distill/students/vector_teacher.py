"""Document vectors of a pretrained encoder as a second target of a student."""

from typing import Any, List, Protocol, Sequence

import numpy as np
from spacy.tokens import Doc
from thinc.api import Adam, Linear, Model, NumpyOps
from thinc.types import Floats2d


class DocumentVectors(Protocol):
    """Anything that has a vector for each Doc.

    Attributes:
        width: Width of the vectors.
    """

    width: int

    def __call__(self, docs: Sequence[Doc]) -> np.ndarray:
        """Return float32 [n_docs, width]. A Doc without a vector has zeros."""
        ...


class VectorTeacher:
    """Compares a projection of a student's output with vectors of another encoder.

    L = weight * MSE(h W + b, v), a mean over documents and dimensions. h is the mean of
    the student's output over the tokens of a document, v its vector, scaled to a mean
    square of 1. W and b are learned with the student by Adam, and then left behind.

    Args:
        vectors: The vectors.
        weight: Weight of the loss.
        width: Width of the student's output.
        learn_rate: Learning rate of W and b.

    Attributes:
        loss: The loss of the last batch.
        head: The projection, W and b.
        optimizer: Its optimizer.
    """

    def __init__(
        self,
        vectors: DocumentVectors,
        *,
        weight: float,
        width: int,
        learn_rate: float,
    ) -> None:
        self.loss = 0.0
        self._vectors = vectors
        self._weight = weight
        self.head: Model[Floats2d, Floats2d] = Linear(nO=vectors.width, nI=width)
        self.head.ops = NumpyOps()
        self.head.initialize()
        self.optimizer = Adam(learn_rate)

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
        filled: List[int] = [i for i, length in enumerate(lengths) if length]
        counts = np.array([lengths[i] for i in filled])[:, None]
        starts = np.cumsum(counts) - counts[:, 0]
        target = self._vectors([docs[i] for i in filled])
        scale = np.sqrt((target**2).mean(axis=1, keepdims=True))
        known = scale > 0.0
        target = target / np.where(known, scale, 1.0)
        means: Any = np.add.reduceat(output, starts, axis=0) / counts
        found: Any
        found, backprop = self.head.begin_update(means.astype("f"))
        difference = (found - target) * known
        n = max(int(known.sum()), 1) * target.shape[1]
        self.loss = self._weight * float((difference**2).sum()) / n
        d_found: Any = (2.0 * self._weight / n * difference).astype("f")
        d_means: Any = backprop(d_found)
        self.head.finish_update(self.optimizer)
        d_output: np.ndarray = np.repeat(d_means / counts, counts[:, 0], axis=0)
        return d_output.astype("f")
