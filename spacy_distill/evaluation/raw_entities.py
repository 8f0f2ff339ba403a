"""Raw probabilities of a component's entities, and whether they are right."""

from dataclasses import dataclass
from typing import List, Optional, Sequence, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from ..tasks.calibration import LEAST, Calibration
from ..tasks.ner.calibration import (
    BetaCalibration,
    cross_validate,
    fit_calibration,
    log_loss,
)
from ..tasks.ner.component import CompactNER
from .raw_outcomes import Decided, RawOutcomes, fingerprint, run_before

_BATCH = 128


@dataclass(frozen=True)
class RawEntities(RawOutcomes):
    """Entities of a component; see `RawOutcomes`.

    Attributes:
        probabilities: Probabilities without calibration, float64 [n].
        documents: Number of each entity's document, int64 [n].
    """

    probabilities: np.ndarray
    documents: np.ndarray

    unit = "predicted entities"
    ece = "ents_ece"

    def __len__(self) -> int:
        return len(self.correct)

    def raw(self) -> Decided:
        """Return probabilities without calibration."""
        return self._decided(self.probabilities)

    def apply(self, calibration: Calibration) -> Decided:
        """Return calibrated probabilities."""
        return self._decided(calibration.apply(self.probabilities))

    def fit(self) -> Optional[BetaCalibration]:
        """Fit a calibration; None if it would give all entities one probability."""
        fitted = fit_calibration(self.probabilities, self.correct)
        return fitted._replace(data=self.data) if fitted.a + fitted.b > 0 else None

    def cross_validate(self) -> Decided:
        """Return probabilities by calibrations fitted on the other documents."""
        return self._decided(
            cross_validate(self.probabilities, self.correct, self.documents)
        )

    def find_fault(self) -> str:
        """Return why no calibration can be fitted; empty if one can."""
        number, right = len(self), int(self.correct.sum())
        if number < LEAST:
            return (
                f"{number:,} predicted entities are too few to tell, {LEAST} are needed"
            )
        if right in (0, number):
            which = "right" if right else "wrong"
            return f"all {number:,} predicted entities are {which}"
        return ""

    def _decided(self, probabilities: np.ndarray) -> Decided:
        return Decided(probabilities, log_loss(probabilities, self.correct))


def find_scored(nlp: Language) -> Optional[Tuple[str, CompactNER]]:
    """Return the component that writes probabilities to `doc.spans`, and its name."""
    for name, pipe in nlp.pipeline:
        if isinstance(pipe, CompactNER) and pipe.spans_key is not None:
            return name, pipe
    return None


def raw_entities(nlp: Language, name: str, gold: Sequence[Doc]) -> RawEntities:
    """Predict entities with one component and compare them with gold annotation.

    Entities that are set before the component predicts are left out, as they have no
    probability of its own.

    Args:
        nlp: The pipeline.
        name: Name of its `compact_ner`.
        gold: Docs with gold annotation.
    """
    pipe = nlp.get_pipe(name)
    assert isinstance(pipe, CompactNER)
    probabilities: List[float] = []
    correct: List[bool] = []
    documents: List[int] = []
    docs = run_before(nlp, name, gold)
    calibration, pipe.calibration = pipe.calibration, None
    try:
        batches = [pipe.predict(batch) for batch in minibatch(docs, _BATCH)]
    finally:
        pipe.calibration = calibration
    predicted = [spans for batch in batches for spans in batch]
    for number, (doc, spans, reference) in enumerate(zip(docs, predicted, gold)):
        if not reference.has_annotation("ENT_IOB"):
            continue
        known = {(ent.start, ent.end) for ent in doc.ents}
        right = {(e.start_char, e.end_char, e.label_) for e in reference.ents}
        for start, end, label, probability in spans:
            if (start, end) in known:
                continue
            span = doc[start:end]
            probabilities.append(probability)
            correct.append((span.start_char, span.end_char, label) in right)
            documents.append(number)
    return RawEntities(
        correct=np.array(correct, dtype=bool),
        data=fingerprint(gold),
        probabilities=np.array(probabilities, dtype=np.float64),
        documents=np.array(documents, dtype=np.int64),
    )
