"""Scores on development data, beside those on test data."""

from typing import Dict, Iterable, Mapping, Optional

from spacy.language import Language

from ..errors import DistillError
from .measure import measure
from .references import References
from .report import Report, get_report
from .rows import DevelopmentScores, ReferenceCounts, TypeScore

TEST, DEVELOPMENT = "test data", "development data"


def find_role(pipelines: Iterable[Language], sha256: str) -> str:
    """Return what data are that pipelines are measured on.

    Args:
        pipelines: The pipelines.
        sha256: Fingerprint of the data.

    Returns:
        "development data" if a run of `distill` chose the step of training by them,
        else "test data".
    """
    for nlp in pipelines:
        report = _read_report(nlp)
        if report is not None and report.references.sha256 == sha256:
            return report.references.role
    return TEST


def measure_development(
    pipelines: Mapping[str, Language], references: References
) -> DevelopmentScores:
    """Score pipelines on development data.

    Args:
        pipelines: The pipelines, by name.
        references: The development data.

    Returns:
        Their scores.
    """
    measured = {
        name: measure(nlp, references, name=name) for name, nlp in pipelines.items()
    }
    return DevelopmentScores(
        references=next(iter(measured.values())).counts,
        scores={
            name: TypeScore(m.row.precision, m.row.recall, m.row.f1)
            for name, m in measured.items()
        },
    )


def find_development(
    pipelines: Mapping[str, Language], sha256: str
) -> Optional[DevelopmentScores]:
    """Find scores on development data in the reports of the runs of `distill`.

    Args:
        pipelines: The pipelines, by name.
        sha256: Fingerprint of the data that the pipelines are measured on now.

    Returns:
        The scores of all pipelines that were measured on the same development data;
        None if there are none, or if these data are measured on now.
    """
    references: Optional[ReferenceCounts] = None
    scores: Dict[str, TypeScore] = {}
    for name, nlp in pipelines.items():
        report = _read_report(nlp)
        if report is None or report.references.role != DEVELOPMENT:
            continue
        # After quantization the scores are those of another pipeline.
        if report.quantization is not None or report.references.sha256 == sha256:
            continue
        references = references or report.references
        if references.sha256 == report.references.sha256:
            row = report.rows[-1]
            scores[name] = TypeScore(row.precision, row.recall, row.f1)
    return None if references is None else DevelopmentScores(references, scores)


def _read_report(nlp: Language) -> Optional[Report]:
    try:
        return get_report(nlp)
    except DistillError:  # of another version
        return None
