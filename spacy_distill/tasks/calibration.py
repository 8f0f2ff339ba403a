"""What the calibrations of all tasks have in common.

A calibration maps what a component predicts to probabilities that are right as often as
they say. It is fitted on gold annotation and saved in the component's `cfg`.
"""

from typing import Any, Dict, Iterator, Protocol

import numpy as np

from ..errors import DistillError

VERSION = 1
# Predicted entities or documents that a calibration needs.
LEAST = 50
# Parts of its cross-validation.
FOLDS = 5
# Decimals of the parameters: spaCy's JSON reader changes the last bits of floats, and a
# saved calibration must be the same when loaded.
DECIMALS = 6


class Calibration(Protocol):
    """A map to calibrated probabilities. Predictions stay the same."""

    @property
    def data(self) -> str:
        """Fingerprint of the texts that it was fitted on."""
        ...

    @property
    def fitted_on(self) -> int:
        """Number of predicted entities or documents that it was fitted on."""
        ...

    def apply(self, values: np.ndarray) -> np.ndarray:
        """Return the calibrated values, in the same order."""
        ...

    def to_cfg(self) -> Dict[str, Any]:
        """Return it as a value for the `cfg` of a component."""
        ...


def read_cfg(msg: Dict[str, Any], method: str) -> Dict[str, Any]:
    """Return the parameters of a saved calibration.

    Args:
        msg: What `to_cfg` returned.
        method: Method of the calibrations that the component has.

    Raises:
        DistillError: If it is of a version or a method unknown to this one.
    """
    values = dict(msg)
    found = (values.pop("version", None), values.pop("method", None))
    if found != (VERSION, method):
        raise DistillError(
            f"Expected a calibration of version {VERSION} by {method!r}, got version"
            f" {found[0]!r} by {found[1]!r}: load the pipeline with the version of"
            " spacy-distill that saved it, or a newer one."
        )
    return values


def folds(documents: np.ndarray) -> Iterator[np.ndarray]:
    """Divide rows into the parts of a cross-validation.

    Args:
        documents: Document of each row, int [n]. Rows of a document stay together, if
            there are enough documents.

    Yields:
        Whether each row is in the part, bool [n].
    """
    names, numbers = np.unique(documents, return_inverse=True)
    if len(names) < FOLDS:
        numbers = np.arange(len(documents))
    for fold in range(FOLDS):
        yield numbers % FOLDS == fold
