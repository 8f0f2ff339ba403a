"""Predictions of a component without its calibration, and whether they are right."""

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Iterable, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ..files import sha256_bytes
from ..tasks.calibration import Calibration
from .predictors import unannotated


class Decided(NamedTuple):
    """Probabilities of a component's decisions.

    Attributes:
        probabilities: Probability of each decision, float64 [n_decisions].
        loss: Summed negative log likelihood of the gold annotation, in nats.
    """

    probabilities: np.ndarray
    loss: float


@dataclass(frozen=True)
class RawOutcomes(ABC):
    """Predictions of a component, before those that other components set or change.

    Attributes:
        correct: Whether each decision is right, bool [n_decisions].
        data: Fingerprint of the texts.
        unit: What a calibration is fitted on, plural.
        ece: spaCy's name of the expected calibration error.
    """

    correct: np.ndarray
    data: str

    unit: ClassVar[str]
    ece: ClassVar[str]

    @abstractmethod
    def __len__(self) -> int:
        """Return the number of entities or documents to fit on."""

    @abstractmethod
    def raw(self) -> Decided:
        """Return probabilities without calibration."""

    @abstractmethod
    def apply(self, calibration: Calibration) -> Decided:
        """Return calibrated probabilities."""

    @abstractmethod
    def fit(self) -> Optional[Calibration]:
        """Fit a calibration; None if raw probabilities say nothing."""

    @abstractmethod
    def cross_validate(self) -> Decided:
        """Return probabilities by calibrations fitted on the other documents."""

    @abstractmethod
    def find_fault(self) -> str:
        """Return why no calibration can be fitted; empty if one can."""

    def calibrated(self, calibration: Calibration) -> Tuple[np.ndarray, bool]:
        """Return calibrated probabilities that were not fitted on these outcomes.

        Args:
            calibration: The calibration of the component.

        Returns:
            Its probabilities, or those of a cross-validation if it was fitted on the
            same texts; and whether it was.
        """
        if calibration.data == self.data:
            return self.cross_validate().probabilities, True
        return self.apply(calibration).probabilities, False


def run_before(nlp: Language, name: str, gold: Iterable[Doc]) -> List[Doc]:
    """Run the components before one on the texts of gold Docs.

    Args:
        nlp: The pipeline.
        name: Name of the component.
        gold: The gold Docs.

    Returns:
        The Docs that the component gets, in the same order.
    """
    later = nlp.pipe_names[nlp.pipe_names.index(name) :]
    with nlp.select_pipes(disable=later):
        return list(nlp.pipe([unannotated(nlp, doc) for doc in gold]))


def fingerprint(docs: Sequence[Doc]) -> str:
    """Return the fingerprint of the texts of Docs."""
    return sha256_bytes("\n".join(doc.text for doc in docs).encode("utf-8"))
