"""Calibrate the probabilities of a pipeline on gold annotation."""

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Iterable, Optional, Union

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import DistillError
from ..tasks.calibration import FOLDS, Calibration
from ..tasks.calibration_error import expected_calibration_error
from .choose_scoring import choose_scoring
from .raw_outcomes import RawOutcomes
from .references import References, gold_references


@dataclass(frozen=True)
class CalibrationResult:
    """What a calibration came to.

    Attributes:
        calibration: The calibration; None if probabilities are left as they are.
        fitted_on: Number of predicted entities, or of documents with categories.
        unit: Which of them.
        before: Expected calibration error of the raw probabilities; None without
            predictions.
        after: That of calibrated ones, by cross-validation; None without calibration.
        reason: Why there is no calibration; empty if there is one.
    """

    calibration: Optional[Calibration]
    fitted_on: int
    unit: str
    before: Optional[float]
    after: Optional[float]
    reason: str

    def describe(self) -> str:
        """Describe it in one line."""
        if self.before is None or self.after is None:
            return f"Probabilities are not calibrated: {self.reason}."
        return (
            f"Probabilities are calibrated on {self.fitted_on:,} {self.unit}:"
            f" expected calibration error {self.before:.3f} before, {self.after:.3f}"
            f" after ({FOLDS}-fold cross-validation)."
        )


def calibrate(
    nlp: Language, gold: Union[str, Path, Iterable[Doc]]
) -> CalibrationResult:
    """Calibrate the probabilities of a pipeline, in place.

    Entities and the order of their probabilities stay the same; so do the category of
    each document, or the categories with a probability of 0.5 or more. The calibration
    is saved with the pipeline. Gold annotation that the pipeline was trained on is of
    no use, since it is right there more often than elsewhere.

    With fewer than 50 predicted entities, or documents with categories, or if all of
    them are right or all wrong, or if cross-validation finds no gain, there is no
    calibration: the probabilities are the raw ones, also where there was a calibration
    before.

    Args:
        nlp: A pipeline with a `compact_ner` or a `compact_textcat`. If it has both,
            entities are calibrated, unless the gold annotation has categories alone.
        gold: `.spacy` file or folder, or annotated Docs.

    Returns:
        The calibration, and the expected calibration error before and after.

    Raises:
        DistillError: If the pipeline has no component whose probabilities can be
            calibrated, or if there are no Docs, or no annotation in any.
    """
    references = gold_references(gold)
    scoring = choose_scoring({"": nlp}, lambda: references.read(nlp))
    return calibrate_on(nlp, replace(references, scoring=scoring))


def calibrate_on(nlp: Language, references: References) -> CalibrationResult:
    """Calibrate a pipeline on references; see `calibrate`."""
    scoring = references.find_scoring(nlp)
    found = scoring.find_calibrated(nlp)
    if found is None:
        raise DistillError(
            f"Expected a pipeline with {scoring.calibrates}, got"
            f" {', '.join(nlp.pipe_names) or 'an empty one'}: the probabilities of"
            " other components cannot be calibrated."
        )
    name, pipe = found
    gold, _ = references.read_docs(nlp)
    raw = scoring.raw_outcomes(nlp, name, gold)
    result = fit_outcomes(raw)
    pipe.calibration = result.calibration
    performance = nlp.meta.get("performance", {})
    if result.after is not None and raw.ece in performance:
        # Measured while it was trained, and no longer true.
        performance[raw.ece] = result.after
    return result


def fit_outcomes(raw: RawOutcomes) -> CalibrationResult:
    """Fit a calibration if it can be told to be better than none.

    Args:
        raw: Outcomes of raw probabilities.
    """
    number, before = len(raw), raw.raw()
    ece = expected_calibration_error(before.probabilities, raw.correct)

    def none(reason: str) -> CalibrationResult:
        return CalibrationResult(None, number, raw.unit, ece, None, reason)

    fault = raw.find_fault()
    if fault:
        return none(fault)
    calibration, after = raw.fit(), raw.cross_validate()
    if calibration is None or after.loss >= before.loss:
        return none(f"cross-validation on {number:,} {raw.unit} finds no gain")
    return CalibrationResult(
        calibration,
        number,
        raw.unit,
        ece,
        expected_calibration_error(after.probabilities, raw.correct),
        "",
    )
