"""The end of a run: teacher and student are measured, and the report is written."""

from dataclasses import replace
from pathlib import Path
from typing import Optional, Sequence

import srsly
from spacy.language import Language
from thinc.api import Config
from wasabi import Printer

from ..docs import load_pipeline
from ..errors import DistillError
from ..evaluation.calibrate import calibrate_on
from ..evaluation.choose_scoring import scoring_of_task
from ..evaluation.comparison import has_learned_nothing
from ..evaluation.evaluate import put_together
from ..evaluation.measure import Measured, measure
from ..evaluation.references import (
    References,
    gold_references,
    held_out_references,
)
from ..evaluation.report import Report, attach_report
from ..evaluation.rows import GOLD
from ..evaluation.soft_sample import sample_soft_labels
from ..reports.files import write_report
from ..reports.wording import wording_of
from ..soft_labels.store import SoftLabels
from ..teachers.base import Teacher
from ..teachers.pipe import teacher_pipeline
from .config import config_errors, find_gold
from .preparation import Prepared
from .rounds import with_rounds

_BEST, _REPORT = "model-best", "report.json"
# Of the scores of spaCy's training.
_PREFIXES = ("ents", "cats")


def find_references(config: Config, prepared: Prepared) -> Optional[References]:
    """Return what teacher and student are compared with.

    Args:
        config: Config of the student.
        prepared: The run.

    Returns:
        Gold annotation for development, or else the held-out predictions; None if the
        config has a corpus for development that only itself can read.
    """
    if prepared.held_out:
        return held_out_references(prepared.soft_labels, prepared.held_out)
    with config_errors(prepared.path):
        gold = find_gold(config.interpolate(), "dev_corpus")
    if gold is None:
        return None
    references = gold_references(gold, role="development data")
    task = SoftLabels(prepared.soft_labels).task
    return replace(references, scoring=scoring_of_task(task))


def measure_teacher(
    teacher: Teacher, references: References, *, say: Printer
) -> Optional[Measured]:
    """Score the teacher.

    Args:
        teacher: The teacher.
        references: Gold annotation.
        say: Prints warnings.

    Returns:
        Its scores; None, with a warning, if it cannot predict the texts. A file of
        annotations, for example, may be of other texts.
    """
    try:
        taught = measure(teacher_pipeline(teacher), references, name="teacher")
    except DistillError as error:
        say.warn(f"The report will be without the teacher's scores. {error}")
        return None
    if has_learned_nothing(taught.row, taught.counts):
        say.warn(
            f"The teacher {_describe_nothing(taught)} in the development data"
            f" ({_describe_score(taught)}): check that its labels, its language and its"
            " training fit them. Its student will hardly be better."
        )
    return taught


def report_student(
    folder: Path,
    *,
    teacher: str,
    taught: Optional[Measured],
    references: Optional[References],
    soft_labels: Path,
    earlier: Sequence[Path] = (),
    say: Printer,
) -> Language:
    """Load the student, evaluate it and write the report.

    A report that cannot be made is a warning: the student is trained all the same.

    Args:
        folder: Folder of the run.
        teacher: The teacher, for display.
        taught: Its scores, if known.
        references: What the student is compared with, if anything.
        soft_labels: The soft labels.
        earlier: Folders of earlier rounds, in the folder of the run.
        say: Prints warnings.

    Returns:
        The student.
    """
    nlp = load_pipeline(folder / _BEST)
    if references is None:
        say.warn(
            "There is no report. Expected a path to gold in the block of the"
            " config's dev_corpus, got none: use spacy-distill evaluate."
        )
        return nlp
    try:
        _calibrate(nlp, references, folder / _BEST, say=say)
        student = measure(nlp, references, name="distilled")
        report = put_together(
            [student] if taught is None else [taught, student],
            # Relative to the report: the same run elsewhere gives the same report.
            sources={"teacher": teacher, "distilled": _BEST},
            sample=sample_soft_labels(soft_labels),
            students={"distilled": nlp},
            rounds=0,
        )
    except DistillError as error:
        say.warn(f"There is no report. {error}")
        return nlp
    if has_learned_nothing(student.row, student.counts):
        say.warn(
            f"The student has learned next to nothing ({_describe_score(student)}):"
            " before you use it, give it more steps, more texts or another teacher."
        )
    # A round whose report could not be made has said so.
    there = [path for path in earlier if (path / _REPORT).is_file()]
    before = {path.name: Report.read(path / _REPORT) for path in there}
    report = with_rounds(report, before)
    write_report(report, folder / _REPORT)
    attach_report(nlp, report)
    if report.is_agreement:
        _rename_scores(nlp)
    srsly.write_json(folder / _BEST / "meta.json", nlp.meta)
    return nlp


def _calibrate(
    nlp: Language, references: References, path: Path, *, say: Printer
) -> None:
    """Calibrate the student's probabilities on gold annotation for development.

    Not on a teacher's predictions: agreement with them says nothing about how often a
    student is right.
    """
    if references.kind != GOLD:
        return
    scoring = references.find_scoring(nlp)
    found = scoring.find_calibrated(nlp)
    if found is None:
        say.info(
            f"Probabilities are not calibrated: only those of {scoring.calibrates} can"
            " be."
        )
        return
    result = calibrate_on(nlp, references)
    (say.warn if result.calibration is None else say.good)(result.describe())
    name, pipe = found
    # The other files did not change.
    pipe.to_disk(path / name, exclude=["model", "vocab"])


def _rename_scores(nlp: Language) -> None:
    """Rename scores that spaCy's training computed against the teacher."""
    performance = nlp.meta["performance"]
    for name in list(performance):
        prefix, _, score = name.partition("_")
        if prefix in _PREFIXES:
            value = performance.pop(name)
            # Agreement does not tell how far probabilities can be trusted.
            if score != "ece":
                performance[f"agreement_{score}"] = value


def _describe_nothing(measured: Measured) -> str:
    if measured.row.accuracy is None:
        return "finds next to nothing"
    return "is hardly better than always choosing the most frequent category"


def _describe_score(measured: Measured) -> str:
    return f"{wording_of(measured.counts.task).score} {100 * measured.row.f1:.1f}"
