"""Calibrate the probabilities of a pipeline on gold annotation."""

from dataclasses import dataclass
from pathlib import Path
from typing import Iterable, Optional, Union

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import DistillError
from ..tasks.calibration_error import expected_calibration_error
from ..tasks.ner.calibration import (
    FOLDS,
    MIN_ENTITIES,
    Calibration,
    fit_calibration,
    log_loss,
)
from .predictors import unannotated
from .raw_outcomes import RawOutcomes, find_scored, raw_outcomes
from .references import References, gold_references


@dataclass(frozen=True)
class CalibrationResult:
    """What a calibration came to.

    Attributes:
        calibration: The calibration; None if probabilities are left as they are.
        entities: Number of predicted entities that it was fitted on.
        before: Expected calibration error of the raw probabilities; None without
            predicted entities.
        after: That of calibrated ones, by cross-validation; None without calibration.
        reason: Why there is no calibration; empty if there is one.
    """

    calibration: Optional[Calibration]
    entities: int
    before: Optional[float]
    after: Optional[float]
    reason: str

    def describe(self) -> str:
        """Describe it in one line."""
        if self.before is None or self.after is None:
            return f"Probabilities are not calibrated: {self.reason}."
        return (
            f"Probabilities are calibrated on {self.entities:,} predicted entities:"
            f" expected calibration error {self.before:.3f} before, {self.after:.3f}"
            f" after ({FOLDS}-fold cross-validation)."
        )


def calibrate(
    nlp: Language, gold: Union[str, Path, Iterable[Doc]]
) -> CalibrationResult:
    """Calibrate the probabilities of a pipeline, in place.

    Entities stay the same, and so does the order of their probabilities. The
    calibration is saved with the pipeline. Gold annotation that the pipeline was
    trained on is of no use, since it is right there more often than elsewhere.

    With fewer than 50 predicted entities, or if all of them are right or all wrong,
    or if cross-validation finds no gain, there is no calibration: the probabilities
    are the raw ones, also where there was a calibration before.

    Args:
        nlp: A pipeline with a `compact_ner`.
        gold: `.spacy` file or folder, or annotated Docs.

    Returns:
        The calibration, and the expected calibration error before and after.

    Raises:
        DistillError: If the pipeline has no `compact_ner` with probabilities, or if
            there are no Docs, or no entity in any.
    """
    return calibrate_on(nlp, gold_references(gold))


def calibrate_on(nlp: Language, references: References) -> CalibrationResult:
    """Calibrate a pipeline on references; see `calibrate`."""
    found = find_scored(nlp)
    if found is None:
        raise DistillError(
            "Expected a pipeline with a compact_ner that writes probabilities to"
            f" doc.spans, got {', '.join(nlp.pipe_names) or 'an empty one'}: give a"
            " student, with a spans_key."
        )
    name, pipe = found
    gold, _ = references.read_docs(nlp)
    raw = raw_outcomes(nlp, name, [unannotated(nlp, doc) for doc in gold], gold)
    result = fit_outcomes(raw)
    pipe.calibration = result.calibration
    performance = nlp.meta.get("performance", {})
    if result.after is not None and "ents_ece" in performance:
        # Measured while it was trained, and no longer true.
        performance["ents_ece"] = result.after
    return result


def fit_outcomes(raw: RawOutcomes) -> CalibrationResult:
    """Fit a calibration if it can be told to be better than none.

    Args:
        raw: Outcomes of raw probabilities.
    """
    number, right = len(raw.correct), int(raw.correct.sum())
    before = expected_calibration_error(raw.probabilities, raw.correct)

    def none(reason: str) -> CalibrationResult:
        return CalibrationResult(None, number, before, None, reason)

    if number < MIN_ENTITIES:
        return none(
            f"{number:,} predicted entities are too few to tell, {MIN_ENTITIES} are"
            " needed"
        )
    if right in (0, number):
        which = "right" if right else "wrong"
        return none(f"all {number:,} predicted entities are {which}")
    calibration = fit_calibration(raw.probabilities, raw.correct)
    after = raw.cross_validated()
    gain = log_loss(raw.probabilities, raw.correct) - log_loss(after, raw.correct)
    if gain <= 0 or not calibration.a + calibration.b > 0:
        return none(f"cross-validation on {number:,} predicted entities finds no gain")
    return CalibrationResult(
        calibration._replace(data=raw.data),
        number,
        before,
        expected_calibration_error(after, raw.correct),
        "",
    )
