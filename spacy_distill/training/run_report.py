"""The report at the end of `python -m spacy distill`: on the development data, and
without speed. `spacy-distill evaluate` makes the one on test data, with all rows."""

from pathlib import Path
from typing import TYPE_CHECKING, Optional

from wasabi import msg

from ..errors import DistillError

if TYPE_CHECKING:
    from ..evaluation.evaluate import Measured
    from ..teachers.base import Teacher

_FILE_NAME = "report.json"
_STUDENT = "model-best"


def measure_teacher(teacher: "Teacher", gold: Path) -> Optional["Measured"]:
    """Score what a teacher's logits say of gold texts. None, with a warning, if it
    cannot label them, as a file of annotations that are of other texts."""
    from ..evaluation.evaluate import measure_on
    from ..teachers.pipe import teacher_pipeline

    try:
        return measure_on(teacher_pipeline(teacher), gold, name="teacher")
    except DistillError as error:
        msg.warn(f"The report will be without the teacher's scores. {error}")
        return None


def report_run(
    output: Path,
    teacher: str,
    taught: Optional["Measured"],
    *,
    gold: Optional[Path],
    soft_labels: Path,
) -> None:
    """Score the student in `output`, and write and print what came of the run.

    teacher: what was given as such. taught: what `measure_teacher` returned.
    gold: None if it is not known where that is.

    A report that cannot be made is a warning: the student is there all the same.
    """
    from ..docs import load_pipeline
    from ..evaluation.evaluate import measure_on, put_together
    from ..evaluation.soft_sample import sample_soft_labels
    from ..reports.files import write_report
    from ..reports.terminal import print_report

    msg.divider("Report")
    if gold is None:
        msg.warn(
            "There is no report. Expected a path to gold in the block of the config's"
            " dev_corpus, got none: use spacy-distill evaluate."
        )
        return
    try:
        nlp = load_pipeline(Path(output) / _STUDENT)
        student = measure_on(nlp, gold, name="distilled")
        report = put_together(
            [student] if taught is None else [taught, student],
            # As seen from the report: the same run elsewhere gives the same report.
            sources={"teacher": teacher, "distilled": _STUDENT},
            sample=sample_soft_labels(soft_labels),
            students={"distilled": nlp},
            rounds=0,
        )
        *paths, page = write_report(report, Path(output) / _FILE_NAME)
    except DistillError as error:
        msg.warn(f"There is no report. {error}")
        return
    print_report(report)
    msg.good(f"Wrote {', '.join(map(str, paths))} and {page}")
