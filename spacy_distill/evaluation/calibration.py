"""How honest probabilities are, bin by bin."""

from dataclasses import dataclass
from typing import List, Sequence


@dataclass(frozen=True)
class CalibrationBin:
    """Entities whose probability lies in [low, high); the last bin has 1.0 as well.

    probability: the mean of what the pipeline said. accuracy: how many were right.
    """

    low: float
    high: float
    entities: int
    probability: float
    accuracy: float


def calibration_bins(
    probabilities: Sequence[float], correct: Sequence[bool], n_bins: int = 10
) -> List[CalibrationBin]:
    """The bins of equal width that the expected calibration error is summed over,
    empty ones left out."""
    members: List[List[int]] = [[] for _ in range(n_bins)]
    for i, probability in enumerate(probabilities):
        members[min(int(probability * n_bins), n_bins - 1)].append(i)
    return [
        CalibrationBin(
            low=k / n_bins,
            high=(k + 1) / n_bins,
            entities=len(indices),
            probability=sum(probabilities[i] for i in indices) / len(indices),
            accuracy=sum(correct[i] for i in indices) / len(indices),
        )
        for k, indices in enumerate(members)
        if indices
    ]
