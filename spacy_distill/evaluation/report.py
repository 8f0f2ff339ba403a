"""The report: all measurements of some pipelines, in one file."""

import json
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from spacy.language import Language

from ..errors import DistillError
from ..files import write_atomically
from ..soft_labels.manifest import Dropped, to_json
from .agreement import Agreement, Disagreement
from .entities import Entity
from .rows import (
    TEACHER,
    CalibrationBin,
    EntropyBin,
    ReferenceCounts,
    Row,
    TrainingFacts,
    TypeScore,
)

FORMAT = 3
# Key of the report in a pipeline's meta data.
META_KEY = "spacy_distill"


@dataclass(frozen=True)
class Comparison:
    """The last pipeline of a report against the others.

    Attributes:
        pipeline: Name of the last pipeline, as a rule the student.
        against: Name of the first pipeline, as a rule the teacher.
        fewer_parameters: How many times fewer parameters than the first has. Numbers
            that unknown words are composed from count. None if unknown.
        smaller: How many times smaller on disk; None if unknown.
        faster: How many times faster; None if unknown.
        f1_share: F1 as a share of the first's; None if that is 0.
        f1_gain: F1 minus that of each of the others.
    """

    pipeline: str
    against: str
    fewer_parameters: Optional[float]
    smaller: Optional[float]
    faster: Optional[float]
    f1_share: Optional[float]
    f1_gain: Dict[str, float]


@dataclass(frozen=True)
class SoftLabelCounts:
    """The soft labels that students learned from; see `soft_labels.manifest`.

    Attributes:
        teacher: Name of the teacher.
        teacher_hash: Fingerprint of the teacher.
        documents: Number of documents.
        words: Number of tokens.
        unaligned: Tokens that the teacher could not see.
        labels: Predictions by label.
        dropped: Entities that the logits cannot express.
        dropped_first: The first of them.
        mean_entropy: Mean entropy of a word, in nats.
        sampled: Documents, evenly spread, that `entropy` was computed from.
        entropy: Words by the entropy of the teacher's distribution.
    """

    teacher: str
    teacher_hash: str
    documents: int
    words: int
    unaligned: int
    labels: Dict[str, int]
    dropped: int
    dropped_first: List[Dropped]
    mean_entropy: float
    sampled: int
    entropy: List[EntropyBin]


@dataclass(frozen=True)
class Report:
    """Measurements of some pipelines.

    Attributes:
        rows: The pipelines in the order they were given, as a rule the teacher first.
        sources: Where each was loaded from, by name.
        training: How each was trained, by name; only for those whose config contains
            it.
        comparison: The last against the others; None with one pipeline.
        agreement: Agreement of each pipeline with the first, by name.
        soft_agreement: Agreement with a sample of the soft labels, of each pipeline but
            the first, or of the only one.
        references: What the rows were compared with.
        soft_labels: The soft labels; None if none were given.
        rounds: Rounds of the speed measurement; 0 if speed was not measured.
        versions: Versions of Python and libraries.
        machine: Processor, cores and threads.
    """

    rows: List[Row]
    sources: Dict[str, str]
    training: Dict[str, TrainingFacts]
    comparison: Optional[Comparison]
    agreement: Dict[str, Agreement]
    soft_agreement: Dict[str, Agreement]
    references: ReferenceCounts
    soft_labels: Optional[SoftLabelCounts]
    rounds: int
    versions: Dict[str, str]
    machine: Dict[str, Any]

    @property
    def is_agreement(self) -> bool:
        """Whether scores are agreement with the teacher, without gold annotation."""
        return self.references.kind == TEACHER

    def find_row(self, name: Optional[str]) -> Row:
        """Return the pipeline of that name; the last without one.

        Raises:
            DistillError: If there is none.
        """
        for row in self.rows:
            if row.name == name:
                return row
        if name is None:
            return self.rows[-1]
        raise DistillError(
            f"Expected one of {', '.join(row.name for row in self.rows)}, which the "
            f"report has, got {name!r}."
        )

    def find_worst(self) -> Tuple[str, List[Disagreement]]:
        """Return where the last pipeline differs most, and from what.

        It is compared with the first pipeline's predictions, or else with the soft
        labels.
        """
        name = self.rows[-1].name
        if name in self.agreement:
            return self.rows[0].name, self.agreement[name].worst
        if name in self.soft_agreement:
            return "the soft labels", self.soft_agreement[name].worst
        return "", []

    def to_json(self) -> Dict[str, Any]:
        """Return the report as a value for JSON."""
        return {"format": FORMAT, **asdict(self)}

    def write(self, path: Path) -> None:
        """Write the report as JSON, atomically."""
        write_atomically(path, to_json(self.to_json()))

    @classmethod
    def read(cls, path: Path) -> "Report":
        """Read a report that `write` wrote.

        Raises:
            DistillError: If the file is missing or something else.
        """
        try:
            msg = json.loads(Path(path).read_bytes())
        except OSError as error:
            raise DistillError(
                f"Expected a report at {path}: {error.strerror}. Make one with "
                "`spacy-distill evaluate`."
            ) from error
        except ValueError as error:
            raise DistillError(f"Expected JSON in {path}, but {error}.") from error
        return cls.from_json(msg, source=str(path))

    @classmethod
    def from_json(cls, msg: Any, *, source: str) -> "Report":
        """Create a report from what `to_json` returned.

        Args:
            msg: The parsed JSON.
            source: Where it is from, for error messages.

        Raises:
            DistillError: If it is something else, or damaged.
        """
        if not isinstance(msg, dict) or msg.get("format") != FORMAT:
            raise DistillError(
                f"Expected a report of format {FORMAT} in {source}, got something else:"
                " make it again with `spacy-distill evaluate`."
            )
        try:
            return cls._from_json(msg)
        except (KeyError, TypeError, AttributeError) as error:
            raise DistillError(
                f"Expected a whole report in {source}, but {type(error).__name__}: "
                f"{error}. Make it again with `spacy-distill evaluate`."
            ) from error

    @classmethod
    def _from_json(cls, msg: Dict[str, Any]) -> "Report":
        values = {f.name: msg[f.name] for f in fields(cls)}
        values["rows"] = [_row(row) for row in msg["rows"]]
        values["references"] = ReferenceCounts(**msg["references"])
        values["training"] = {
            name: TrainingFacts(**facts) for name, facts in msg["training"].items()
        }
        for name in ("agreement", "soft_agreement"):
            values[name] = {key: _agreement(a) for key, a in msg[name].items()}
        if msg["comparison"] is not None:
            values["comparison"] = Comparison(**msg["comparison"])
        if msg["soft_labels"] is not None:
            values["soft_labels"] = _soft_labels(msg["soft_labels"])
        if not values["rows"]:
            raise TypeError("there are no rows")
        return cls(**values)


def attach_report(nlp: Language, report: Report) -> None:
    """Put a report into a pipeline's meta data, without texts and paths.

    Args:
        nlp: The pipeline.
        report: The report.
    """
    soft = report.soft_labels
    public = replace(
        report,
        sources={},
        references=replace(report.references, path=""),
        soft_labels=None if soft is None else replace(soft, dropped_first=[]),
        agreement=_without_texts(report.agreement),
        soft_agreement=_without_texts(report.soft_agreement),
    )
    nlp.meta[META_KEY] = public.to_json()


def get_report(nlp: Language) -> Optional[Report]:
    """Return the report of the run that trained a pipeline.

    Args:
        nlp: A pipeline that `distill` returned or saved.

    Returns:
        The report, without texts and paths; None if the pipeline has none.

    Raises:
        DistillError: If it is of another format.
    """
    msg = nlp.meta.get(META_KEY)
    return None if msg is None else Report.from_json(msg, source="the pipeline's meta")


def compare_rows(rows: Sequence[Row]) -> Optional[Comparison]:
    """Compare the last row with the others; None if there are none."""
    if len(rows) < 2:
        return None
    first, last = rows[0], rows[-1]
    return Comparison(
        pipeline=last.name,
        against=first.name,
        fewer_parameters=_times(_numbers(first), _numbers(last)),
        smaller=_times(first.size, last.size),
        faster=_times(last.words_per_second, first.words_per_second),
        f1_share=_times(last.f1, first.f1),
        f1_gain={row.name: last.f1 - row.f1 for row in rows[:-1]},
    )


def _without_texts(found: Dict[str, Agreement]) -> Dict[str, Agreement]:
    return {name: replace(agreement, worst=[]) for name, agreement in found.items()}


def _numbers(row: Row) -> Optional[int]:
    return None if row.parameters is None else row.parameters + row.table


def _times(more: Optional[float], less: Optional[float]) -> Optional[float]:
    return more / less if more is not None and less else None


def _soft_labels(msg: Dict[str, Any]) -> SoftLabelCounts:
    dropped = [Dropped(**entity) for entity in msg["dropped_first"]]
    entropy = [EntropyBin(**b) for b in msg["entropy"]]
    return SoftLabelCounts(**{**msg, "dropped_first": dropped, "entropy": entropy})


def _row(msg: Dict[str, Any]) -> Row:
    types = {label: TypeScore(**score) for label, score in msg["per_type"].items()}
    bins = [CalibrationBin(**b) for b in msg["calibration"]]
    return Row(**{**msg, "per_type": types, "calibration": bins})


def _agreement(msg: Dict[str, Any]) -> Agreement:
    worst = [_disagreement(passage) for passage in msg["worst"]]
    return Agreement(**{**msg, "worst": worst})


def _disagreement(msg: Dict[str, Any]) -> Disagreement:
    found = {who: [Entity(*e) for e in msg[who]] for who in ("teacher", "student")}
    return Disagreement(**{**msg, **found})
