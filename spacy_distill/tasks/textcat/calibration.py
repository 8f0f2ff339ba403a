"""Calibrated probabilities of categories: temperature scaling, fitted on gold.

Temperature scaling (Guo et al. 2017, section 4.2) divides the logits by one number T
that minimizes the negative log likelihood of gold annotation:

    p = softmax(z / T)

Above 1 it makes a classifier less sure of itself. The order of the categories stays,
and so does the predicted one. Where documents may have several categories, all of them
share one T, and p = sigmoid(z / T) is on the same side of 0.5 as before. A pair of
document and category is then a row of two logits, (0, z), as in training.
"""

from typing import Any, Dict, NamedTuple, Optional, Tuple

import numpy as np

from ...arrays import log_softmax
from ..calibration import DECIMALS, VERSION, folds, read_cfg

_METHOD = "temperature"
# Of 1 / T. Where all predictions are right, no T is the best.
_LOWEST, _HIGHEST = 0.05, 20.0
_MOST_STEPS, _TOLERANCE = 100, 1e-10


class TemperatureScaling(NamedTuple):
    """A map from logits to those of calibrated probabilities.

    Attributes:
        temperature: What logits are divided by.
        documents: Number of documents that it was fitted on.
        data: Fingerprint of their texts.
    """

    temperature: float
    documents: int = 0
    data: str = ""

    @property
    def fitted_on(self) -> int:
        """Number of documents that it was fitted on."""
        return self.documents

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Divide logits by the temperature.

        Args:
            values: Logits, float [n_docs, n_categories].

        Returns:
            The same type and shape.
        """
        out: np.ndarray = values / values.dtype.type(self.temperature)
        return out

    def to_cfg(self) -> Dict[str, Any]:
        """Return it as a value for the `cfg` of a component."""
        return {"version": VERSION, "method": _METHOD, **self._asdict()}

    @classmethod
    def from_cfg(cls, msg: Optional[Dict[str, Any]]) -> Optional["TemperatureScaling"]:
        """Create it from what `to_cfg` returned; None for None.

        Args:
            msg: What `to_cfg` returned.

        Raises:
            DistillError: If it is of a version unknown to this one.
        """
        if msg is None:
            return None
        values = read_cfg(msg, _METHOD)
        values["temperature"] = round(values["temperature"], DECIMALS)
        return cls(**values)


def fit_temperature(logits: np.ndarray, gold: np.ndarray) -> float:
    """Find the temperature with the lowest negative log likelihood.

    Args:
        logits: Logits, float [n_rows, n_columns].
        gold: Right column of each row, int [n_rows]. Rows with -1 do not count.

    Returns:
        The temperature, from 0.05 to 20.
    """
    known = gold >= 0
    z = logits[known].astype(np.float64)
    right = np.take_along_axis(z, gold[known, None], axis=1)[:, 0]
    # The objective is convex in the inverse temperature. Newton's method, and bisection
    # where it leaves the interval that the sign of the derivative has narrowed down to.
    low, high, inverse = _LOWEST, _HIGHEST, 1.0
    for _ in range(_MOST_STEPS):
        slope, curvature = _derivatives(z, right, inverse)
        if slope == 0.0:
            break
        if slope > 0:
            high = inverse
        else:
            low = inverse
        new = inverse - slope / curvature if curvature > 0 else low
        if not low < new < high:
            new = float(np.sqrt(low * high))
        step, inverse = abs(new - inverse), new
        if step < _TOLERANCE:
            break
    return round(1.0 / inverse, DECIMALS)


def cross_validate(
    logits: np.ndarray, gold: np.ndarray, documents: np.ndarray
) -> np.ndarray:
    """Find a temperature for each row that was fitted on other documents.

    Args:
        logits: Logits, float [n_rows, n_columns].
        gold: Right column of each row, int [n_rows]; see `fit_temperature`.
        documents: Document of each row, int [n_rows].

    Returns:
        Temperatures, float64 [n_rows].
    """
    out = np.empty(len(logits))
    for test in folds(documents):
        out[test] = fit_temperature(logits[~test], gold[~test])
    return out


def _derivatives(
    z: np.ndarray, right: np.ndarray, inverse: float
) -> Tuple[float, float]:
    """First and second derivative of the objective by the inverse temperature."""
    p = np.exp(log_softmax(inverse * z))
    mean = (p * z).sum(axis=1)
    variance = (p * (z - mean[:, None]) ** 2).sum(axis=1)
    return float((mean - right).sum()), float(variance.sum())
