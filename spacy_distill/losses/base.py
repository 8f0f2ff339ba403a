"""The interface of losses: scores and targets in, loss and gradient out."""

from dataclasses import dataclass, field
from typing import Dict, Optional, Protocol, Tuple, runtime_checkable

import numpy as np


@dataclass
class Targets:
    """Training targets of a batch, one row for each row of the scores.

    Attributes:
        gold: Column of the gold label, int64 [n_rows]; -1 without annotation.
        teacher: The teacher's logits, float32 [n_rows, n_columns]; zeros without any.
        has_teacher: Rows that have teacher logits, bool [n_rows].
        pseudo: Column of the teacher's label (pseudo label), int64 [n_rows]; -1 where
            there is a gold label or no teacher.
        weights: Weight of each row in the task loss, [n_rows]; None if all are 1.
    """

    gold: np.ndarray
    teacher: np.ndarray
    has_teacher: np.ndarray
    pseudo: np.ndarray
    weights: Optional[np.ndarray] = None


@dataclass
class LossResult:
    """A loss and its gradient.

    Attributes:
        loss: The loss.
        d_scores: Derivative by the scores, float32 [n_rows, n_columns].
        parts: The terms of the loss by name.
    """

    loss: float
    d_scores: np.ndarray
    parts: Dict[str, float] = field(default_factory=dict)


class Terms(Protocol):
    """The two terms of a distillation loss, for one kind of output layer.

    Each method returns a weighted sum over rows and its derivative by the scores.
    """

    def task(self, labels: np.ndarray, weights: np.ndarray) -> Tuple[float, np.ndarray]:
        """Compare with labels.

        Args:
            labels: Columns, int64 [n_rows]; -1 for none.
            weights: float64 [n_rows].
        """
        ...

    def distillation(
        self,
        teacher: np.ndarray,
        weights: np.ndarray,
        temperature: float,
        divergence: str,
    ) -> Tuple[float, np.ndarray]:
        """Compare with the teacher's distribution.

        Args:
            teacher: Logits [n_rows, n_columns].
            weights: float64 [n_rows].
            temperature: Softens both distributions.
            divergence: A name in `divergences.DIVERGENCES`.
        """
        ...


@runtime_checkable
class Loss(Protocol):
    """Anything that the `loss` block of a component may name."""

    def __call__(
        self, scores: np.ndarray, targets: Targets, terms: Optional[Terms] = None
    ) -> LossResult:
        """Compare the scores of a batch with its targets. Called once per update.

        Args:
            scores: Logits of the batch, float32 [n_rows, n_columns].
            targets: The targets of the same rows.
            terms: How the scores are compared, for output layers that are no softmax,
                such as a CRF. By default cross entropy and divergences of a softmax.
        """
        ...
