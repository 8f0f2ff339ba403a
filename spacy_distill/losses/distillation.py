"""The distillation loss: labels and the teacher's logits, weighed by alpha."""

import math
from typing import Any, Dict, Iterator, Optional, Sequence, Tuple, Union

import numpy as np
from spacy.util import registry

from ..arrays import softmax
from ..errors import DistillError
from ..tasks.ner.crf import crf_negative_log_likelihood, crf_posterior_kl
from ..tasks.ner.lattice.decode import decode
from ..tasks.ner.lattice.forward_backward import LatticeGradient
from ..tasks.ner.lattice.transitions import Transitions, grammar_transitions
from .base import Loss, LossResult, Prediction, Targets
from .divergences import DIVERGENCES, cross_entropy

_THE_END = "the end of the schedule (a pickled copy of a pipeline has none)"


@registry.misc("spacy_distill.DistillationLoss.v1")
def distillation_loss_v1(
    alpha: Union[float, Iterator[float]] = 0.5,
    temperature: float = 1.0,
    divergence: str = "kl",
    scale_by_temperature: bool = True,
    min_confidence: float = 0.0,
    weight_by_confidence: bool = False,
) -> Loss:
    """L = alpha * L_task + (1 - alpha) * L_distillation (Izsak et al. 2019, eq. 1),
    a mean over the tokens of the batch.

    L_task compares with the gold tag, or where there is none with the teacher's
    (a pseudo label), from its best valid sequence around the gold. L_distillation
    compares with the teacher's distribution. A gold token without teacher logits has
    nothing to share its weight with, so its task loss counts in full.

    alpha: weight of the task loss in [0, 1], or an endless schedule of weights.
    temperature: softens both distributions; above 0.
    divergence: kl, soft_cross_entropy or mse. A CRF student takes kl only, on its
        posterior.
    scale_by_temperature: multiply L_distillation by temperature squared, so that
        its gradient keeps its size (Hinton et al. 2015).
    min_confidence: pseudo labels whose token has a lower top probability are left
        out of L_task.
    weight_by_confidence: weigh each pseudo label by the teacher's top probability
        (a CRF: each sentence, by their mean).
    RAISES: DistillError on values out of range, a schedule's when they come up.
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
    """See `distillation_loss_v1`."""

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
        self.alpha = alpha
        self.temperature = temperature
        self.divergence = divergence
        self.scale = scale
        self.min_confidence = min_confidence
        self.weight_by_confidence = weight_by_confidence

    def __getstate__(self) -> Dict[str, Any]:
        # Schedules are generators, which cannot be pickled; a pipeline with one is,
        # whenever it is to predict in several processes.
        number = isinstance(self.alpha, (int, float))
        return {**self.__dict__, "alpha": self.alpha if number else iter(())}

    def __call__(self, prediction: Prediction, targets: Targets) -> LossResult:
        """Compare a batch with its targets. Called once an update."""
        alpha = _check_alpha(
            self.alpha
            if isinstance(self.alpha, (int, float))
            else next(self.alpha, None)
        )
        labels, confidence = self._labels(prediction, targets)
        n_tokens = max(len(labels), 1)
        task_weights = np.where(targets.has_teacher, alpha, 1.0) / n_tokens
        soft_weights = targets.has_teacher * ((1.0 - alpha) * self.scale / n_tokens)
        compare = self._softmax if prediction.transitions is None else self._crf
        return compare(
            prediction, targets, labels, task_weights * confidence, soft_weights
        )

    def _labels(
        self, prediction: Prediction, targets: Targets
    ) -> Tuple[np.ndarray, np.ndarray]:
        """Gold or pseudo label (-1: none) and weight of each token."""
        labels = targets.gold.copy()
        weights = np.ones(len(labels))
        pseudo = targets.has_teacher & (targets.gold < 0)
        if not pseudo.any():
            return labels, weights
        # Decoded around the gold, so that a pseudo label is never half an entity.
        allowed = _allowed(labels, targets.teacher.shape)
        best = decode(
            targets.teacher,
            prediction.lengths,
            grammar=prediction.grammar,
            transitions=grammar_transitions(prediction.grammar),
            is_crf=False,
            allowed=allowed,
        )
        top = softmax(targets.teacher).max(axis=1)
        labels[pseudo] = np.where(top >= self.min_confidence, best, -1)[pseudo]
        if self.weight_by_confidence:
            weights[pseudo] = top[pseudo]
        return labels, weights

    def _softmax(
        self,
        prediction: Prediction,
        targets: Targets,
        labels: np.ndarray,
        task_weights: np.ndarray,
        soft_weights: np.ndarray,
    ) -> LossResult:
        task, d_task = cross_entropy(prediction.logits, labels, task_weights)
        soft, d_soft = DIVERGENCES[self.divergence](
            prediction.logits, targets.teacher, soft_weights, self.temperature
        )
        return LossResult(
            task + soft,
            (d_task + d_soft).astype(np.float32),
            parts={"task": task, "distillation": soft},
        )

    def _crf(
        self,
        prediction: Prediction,
        targets: Targets,
        labels: np.ndarray,
        task_weights: np.ndarray,
        soft_weights: np.ndarray,
    ) -> LossResult:
        if self.divergence != "kl":
            raise DistillError(
                f'Expected divergence = "kl" for a CRF student, got '
                f'{self.divergence!r}: change [loss] or use output = "softmax".'
            )
        assert prediction.transitions is not None
        lengths, transitions = prediction.lengths, prediction.transitions
        parts: Dict[str, float] = {}
        parts["task"], gradient = crf_negative_log_likelihood(
            prediction.logits,
            lengths,
            transitions,
            _allowed(labels, prediction.logits.shape),
            _sequence_means(task_weights, lengths),
        )
        d_logits, d_transitions = gradient
        parts["distillation"] = 0.0
        if soft_weights.any():
            parts["distillation"], soft = crf_posterior_kl(
                prediction.logits,
                lengths,
                transitions,
                targets.teacher,
                soft_weights,
                self.temperature,
            )
            d_logits, d_transitions = _add(gradient, soft)
        return LossResult(
            sum(parts.values()), d_logits.astype(np.float32), d_transitions, parts
        )


def _check_alpha(alpha: Optional[float]) -> float:
    if alpha is None or not 0.0 <= alpha <= 1.0:
        raise DistillError(
            "Expected alpha in [0, 1] at every update, got "
            f"{_THE_END if alpha is None else alpha}: change [loss]."
        )
    return float(alpha)


def _allowed(labels: np.ndarray, shape: Tuple[int, ...]) -> np.ndarray:
    """Only the label's column where there is a label (-1: none), else all."""
    allowed = np.ones(shape, dtype=bool)
    known = labels >= 0
    allowed[known] = False
    allowed[known, labels[known]] = True
    return allowed


def _sequence_means(weights: np.ndarray, lengths: Sequence[int]) -> np.ndarray:
    """Mean of each sequence's rows; 0 where it has none."""
    counts = np.asarray(lengths, dtype=np.int64)
    sequence = np.repeat(np.arange(len(counts)), counts)
    totals = np.bincount(sequence, weights=weights, minlength=len(counts))
    out: np.ndarray = totals / np.maximum(counts, 1)
    return out


def _add(a: LatticeGradient, b: LatticeGradient) -> Tuple[np.ndarray, Transitions]:
    return (
        a.emissions + b.emissions,
        Transitions(*(x + y for x, y in zip(a.transitions, b.transitions))),
    )
