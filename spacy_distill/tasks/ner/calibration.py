"""Calibrated probabilities of entities: beta calibration, fitted on gold annotation.

A student's raw probability of an entity ranks well but says little about how often
such entities are right. Beta calibration (Kull, Silva Filho and Flach 2017, eq. 2) maps
raw to calibrated probabilities with three numbers and cannot change their order:

    log(q / (1 - q)) = a log(p) - b log(1 - p) + c        with a, b >= 0

a = b = 1 and c = 0 is the identity, and a = b is Platt scaling of the log-odds.
"""

from functools import lru_cache
from typing import Any, Dict, List, NamedTuple, Optional, Tuple

import numpy as np

from ...kernel import get_kernel
from ..calibration import DECIMALS, VERSION, folds, read_cfg

_METHOD = "beta"
# Nearer to 0 or 1 is not told apart in float32.
_EPSILON = 1e-7
_IDENTITY = np.array([1.0, 1.0, 0.0])
# Precision of the normal prior around the identity: it counts little beside hundreds of
# entities, and keeps a fit on a few dozen from extremes.
_PRIOR = 10.0
_MOST_STEPS, _TOLERANCE = 100, 1e-10


class BetaCalibration(NamedTuple):
    """A map from raw to calibrated probabilities.

    Attributes:
        a: Weight of log(p).
        b: Weight of -log(1 - p).
        c: Intercept.
        entities: Number of predicted entities that it was fitted on.
        data: Fingerprint of the gold annotation that it was fitted on.
    """

    a: float
    b: float
    c: float
    entities: int = 0
    data: str = ""

    @property
    def fitted_on(self) -> int:
        """Number of predicted entities that it was fitted on."""
        return self.entities

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Map raw probabilities to calibrated ones.

        Args:
            values: Raw probabilities, float [n].

        Returns:
            Calibrated probabilities in the same order, float64 [n].
        """
        kernel = get_kernel()
        if kernel is not None:
            values = values.astype(np.float64)
            out: np.ndarray = kernel.beta_calibrated(values, *self[:3], _EPSILON)
            return out
        p = np.clip(values.astype(np.float64), _EPSILON, 1 - _EPSILON)
        return _sigmoid(self.a * np.log(p) - self.b * np.log1p(-p) + self.c)

    def to_cfg(self) -> Dict[str, Any]:
        """Return it as a value for the `cfg` of a component."""
        return {"version": VERSION, "method": _METHOD, **self._asdict()}

    @classmethod
    def from_cfg(cls, msg: Optional[Dict[str, Any]]) -> Optional["BetaCalibration"]:
        """Create it from what `to_cfg` returned; None for None.

        Args:
            msg: What `to_cfg` returned.

        Raises:
            DistillError: If it is of a version unknown to this one.
        """
        if msg is None:
            return None
        return _from_items(tuple(msg.items()))


@lru_cache(maxsize=8)
def _from_items(items: Tuple[Tuple[str, Any], ...]) -> BetaCalibration:
    """Create a calibration from the items of its `cfg`, which each batch asks for."""
    values = read_cfg(dict(items), _METHOD)
    rounded = {name: round(values[name], DECIMALS) for name in ("a", "b", "c")}
    return BetaCalibration(**{**values, **rounded})


def fit_calibration(probabilities: np.ndarray, correct: np.ndarray) -> BetaCalibration:
    """Fit a calibration: the most probable parameters given the outcomes.

    The likelihood is that of the outcomes (the log loss); the prior is normal around
    the identity.

    Args:
        probabilities: Raw probabilities of predicted entities, float [n].
        correct: Whether each of them is right, bool [n].

    Returns:
        The calibration. Its weights may both be 0 if raw probabilities say nothing.
    """
    features, right = _features(probabilities), correct.astype(np.float64)
    # The problem is convex: if its solution without bounds violates one, then the best
    # within the bounds lies on one of them.
    best = _minimize(features, right, [0, 1, 2])
    if best[:2].min() < 0:
        edges = [_minimize(features, right, free) for free in ([0, 2], [1, 2], [2])]
        inside = [point for point in edges if point[:2].min() >= 0]
        best = min(inside, key=lambda point: _objective(features, right, point))
    a, b, c = best.round(DECIMALS).tolist()
    return BetaCalibration(a, b, c, entities=len(right))


def cross_validate(
    probabilities: np.ndarray, correct: np.ndarray, documents: np.ndarray
) -> np.ndarray:
    """Calibrate each entity with a calibration that was fitted on the others.

    Args:
        probabilities: Raw probabilities of predicted entities, float [n].
        correct: Whether each of them is right, bool [n].
        documents: Document of each, int [n]. Entities of a document stay together, if
            there are enough documents.

    Returns:
        Calibrated probabilities, float64 [n].
    """
    out = np.empty(len(probabilities))
    for test in folds(documents):
        fitted = fit_calibration(probabilities[~test], correct[~test])
        out[test] = fitted.apply(probabilities[test])
    return out


def log_loss(probabilities: np.ndarray, correct: np.ndarray) -> float:
    """Return the summed negative log likelihood of outcomes, in nats.

    Args:
        probabilities: Probability of each prediction, float [n].
        correct: Whether each of them is right, bool [n].
    """
    p = np.clip(probabilities, _EPSILON, 1 - _EPSILON)
    return float(-np.log(np.where(correct, p, 1 - p)).sum())


def _features(probabilities: np.ndarray) -> np.ndarray:
    """Columns log(p), -log(1 - p) and 1, float64 [n, 3]."""
    p = np.clip(probabilities.astype(np.float64), _EPSILON, 1 - _EPSILON)
    return np.column_stack([np.log(p), -np.log1p(-p), np.ones(len(p))])


def _probabilities(features: np.ndarray, point: np.ndarray) -> np.ndarray:
    return _sigmoid(features @ point)


def _sigmoid(x: np.ndarray) -> np.ndarray:
    # Equal to 1 / (1 + exp(-x)), without overflow.
    out: np.ndarray = 0.5 * (1.0 + np.tanh(0.5 * x))
    return out


def _objective(features: np.ndarray, right: np.ndarray, point: np.ndarray) -> float:
    margins = (2.0 * right - 1.0) * (features @ point)
    distance = point - _IDENTITY
    prior = 0.5 * _PRIOR * (distance @ distance)
    return float(np.logaddexp(0.0, -margins).sum() + prior)


def _minimize(features: np.ndarray, right: np.ndarray, free: List[int]) -> np.ndarray:
    """Newton's method over some of the parameters; the others are 0."""
    point = np.zeros(3)
    point[free] = _IDENTITY[free]
    value = _objective(features, right, point)
    for _ in range(_MOST_STEPS):
        step = _newton_step(features, right, point, free)
        # Halved until the objective falls, since Newton's method may overshoot.
        for _ in range(_MOST_STEPS):
            new = point - step
            new_value = _objective(features, right, new)
            if new_value <= value:
                break
            step = step / 2
        else:
            return point
        point, value = new, new_value
        if np.abs(step).max() < _TOLERANCE:
            break
    return point


def _newton_step(
    features: np.ndarray, right: np.ndarray, point: np.ndarray, free: List[int]
) -> np.ndarray:
    q = _probabilities(features, point)
    chosen = features[:, free]
    gradient = chosen.T @ (q - right) + _PRIOR * (point - _IDENTITY)[free]
    curvature = (chosen * (q * (1.0 - q))[:, None]).T @ chosen
    curvature += _PRIOR * np.eye(len(free))
    step = np.zeros(3)
    step[free] = np.linalg.solve(curvature, gradient)
    return step
