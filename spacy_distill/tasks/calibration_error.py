"""The expected calibration error, of any task's probabilities."""

from typing import Iterable, Optional

import numpy as np


def expected_calibration_error(
    probabilities: Iterable[float], correct: Iterable[bool], n_bins: int = 10
) -> Optional[float]:
    """Return the mean gap between probability and accuracy (Guo et al. 2017, eq. 3).

    Args:
        probabilities: Probability of each prediction, in [0, 1].
        correct: Whether each prediction is right.
        n_bins: Number of bins of equal width, each weighted by its predictions.

    Returns:
        The error in [0, 1]; None without predictions.
    """
    p = np.asarray(list(probabilities), dtype=np.float64)
    hit = np.asarray(list(correct), dtype=np.float64)
    if not len(p):
        return None
    bins = np.minimum((p * n_bins).astype(int), n_bins - 1)
    gaps = np.bincount(bins, weights=p - hit, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(p))
