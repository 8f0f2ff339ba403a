"""The distillation loss: labels and the teacher's logits, weighted by alpha."""

import math
from itertools import count
from typing import Iterator, Optional, Tuple, Union

import numpy as np
from spacy.util import registry

from ..arrays import softmax
from ..errors import DistillError
from .base import Loss, LossResult, Targets, Terms
from .divergences import DIVERGENCES, SoftmaxTerms
from .weight import Weight

# Labels alone, gold and pseudo. Adding the logits did not improve students in any of
# the pairs of runs in docs/few_labels.md.
ALPHA = 1.0

_THE_END = "the end of the schedule (a pickled copy of a pipeline has none)"


@registry.misc("spacy_distill.DistillationLoss.v1")
def distillation_loss_v1(
    alpha: Union[float, Iterator[float]] = ALPHA,
    temperature: float = 1.0,
    divergence: str = "kl",
    scale_by_temperature: bool = True,
    min_confidence: float = 0.0,
    weight_by_confidence: bool = False,
) -> Loss:
    """Create L = alpha * L_task + (1 - alpha) * L_distillation, a mean over rows.

    Izsak et al. 2019, eq. 1. L_task compares with the gold label, or where there is
    none with the teacher's (a pseudo label). L_distillation compares with the teacher's
    distribution. A gold row without teacher logits has no L_distillation, so its L_task
    has weight 1.

    Args:
        alpha: Weight of the task loss in [0, 1], or an endless schedule of weights.
        temperature: Softens both distributions; above 0.
        divergence: "kl", "soft_cross_entropy" or "mse". A CRF student takes "kl" only,
            on its posterior.
        scale_by_temperature: Multiply L_distillation by the temperature squared, so
            that the size of its gradient does not change (Hinton et al. 2015).
        min_confidence: Leave pseudo labels out of L_task if the teacher's top
            probability for the row is lower.
        weight_by_confidence: Weight each pseudo label by the teacher's top probability.
            With a CRF each sentence is weighted by the mean of its rows.

    Returns:
        The loss.

    Raises:
        DistillError: If a value is out of range; for a schedule, at that update.
    """
    if isinstance(alpha, (int, float)):
        _check_alpha(alpha)
    if not 0.0 < temperature < math.inf:
        raise DistillError(
            f"Expected a finite temperature above 0, got {temperature}: change [loss]."
        )
    if not 0.0 <= min_confidence <= 1.0:
        raise DistillError(
            f"Expected min_confidence in [0, 1], got {min_confidence}: change [loss]."
        )
    if divergence not in DIVERGENCES:
        raise DistillError(
            f"Expected a divergence out of {', '.join(DIVERGENCES)}, got "
            f"{divergence!r}: change [loss]."
        )
    return DistillationLoss(
        alpha=alpha,
        temperature=temperature,
        divergence=divergence,
        scale=temperature**2 if scale_by_temperature else 1.0,
        min_confidence=min_confidence,
        weight_by_confidence=weight_by_confidence,
    )


class DistillationLoss:
    """The weighted sum of task and distillation loss; see `distillation_loss_v1`.

    Args:
        alpha: Weight of the task loss, or a schedule of weights.
        temperature: Softens both distributions.
        divergence: Name of the divergence.
        scale: Factor of the distillation loss.
        min_confidence: Lowest top probability of a pseudo label.
        weight_by_confidence: Weight pseudo labels by their top probability.
    """

    def __init__(
        self,
        *,
        alpha: Union[float, Iterator[float]],
        temperature: float,
        divergence: str,
        scale: float,
        min_confidence: float,
        weight_by_confidence: bool,
    ) -> None:
        self.alpha = Weight(alpha)
        self.temperature = temperature
        self.divergence = divergence
        self.scale = scale
        self.min_confidence = min_confidence
        self.weight_by_confidence = weight_by_confidence

    def __call__(
        self, scores: np.ndarray, targets: Targets, terms: Optional[Terms] = None
    ) -> LossResult:
        """Compare the scores of a batch with its targets; see `losses.base.Loss`."""
        terms = SoftmaxTerms(scores) if terms is None else terms
        alpha = _check_alpha(self.alpha.take())
        labels, confidence = self._labels(targets)
        n_rows = max(len(labels), 1)
        task_weights = np.where(targets.has_teacher, alpha, 1.0) / n_rows
        soft_weights = targets.has_teacher * ((1.0 - alpha) * self.scale / n_rows)
        task, d_scores = terms.task(labels, task_weights * confidence)
        distillation = 0.0
        if soft_weights.any():
            distillation, d_soft = terms.distillation(
                targets.teacher, soft_weights, self.temperature, self.divergence
            )
            d_scores = d_scores + d_soft
        return LossResult(
            task + distillation,
            d_scores.astype(np.float32),
            parts={"task": task, "distillation": distillation},
        )

    def _labels(self, targets: Targets) -> Tuple[np.ndarray, np.ndarray]:
        """Gold or pseudo label (-1: none) and weight of each row."""
        weights = np.ones(len(targets.gold))
        if targets.weights is not None:
            weights *= targets.weights
        pseudo = targets.pseudo >= 0
        labels = np.where(pseudo, targets.pseudo, targets.gold)
        if pseudo.any() and (self.min_confidence or self.weight_by_confidence):
            top = softmax(targets.teacher).max(axis=1)
            labels[pseudo & (top < self.min_confidence)] = -1
            if self.weight_by_confidence:
                weights[pseudo] *= top[pseudo]
        return labels, weights


@registry.schedules("spacy_distill.adaptive_alpha.v1")
def adaptive_alpha_v1(step: float = 1000.0, b: float = 0.0) -> Iterator[float]:
    """Create a schedule of alpha = 1 - theta_t (Ye & Hernandez 2023, eq. 14).

    theta_t = max(1 - e^(t/step + b) / e, 0) is the weight of the distillation loss: the
    student learns from the teacher first and from the labels later.

    Args:
        step: Updates that increase the exponent by one.
        b: Exponent at the first update; 1 or more gives the teacher no weight.

    Returns:
        The alpha of each update, without an end.

    Raises:
        DistillError: If step is not above 0.
    """
    return (1.0 - theta for theta in _make_thetas(step, b))


@registry.schedules("spacy_distill.adaptive_theta.v1")
def adaptive_theta_v1(step: float = 1000.0, b: float = 0.0) -> Iterator[float]:
    """Create a schedule of theta_t = max(1 - e^(t/step + b) / e, 0).

    Ye & Hernandez 2023, eq. 14: the weight of the layer losses (eq. 15). With the same
    settings it is 1 - alpha of `adaptive_alpha.v1`.

    Args:
        step: Updates that increase the exponent by one.
        b: Exponent at the first update; 1 or more gives the teacher no weight.

    Returns:
        The theta of each update, without an end.

    Raises:
        DistillError: If step is not above 0.
    """
    return _make_thetas(step, b)


def _make_thetas(step: float, b: float) -> Iterator[float]:
    if not step > 0.0:
        raise DistillError(f"Expected a step above 0, got {step}: change the schedule.")
    # The exponent is capped where theta is 0 for good: exp() would overflow.
    return (max(1.0 - math.exp(min(t / step + b, 1.0)) / math.e, 0.0) for t in count())


def _check_alpha(alpha: Optional[float]) -> float:
    if alpha is None or not 0.0 <= alpha <= 1.0:
        raise DistillError(
            "Expected alpha in [0, 1] at every update, got "
            f"{_THE_END if alpha is None else alpha}: change [loss]."
        )
    return float(alpha)
