"""The report: all measurements of some pipelines, in one file."""

import json
from dataclasses import MISSING, Field, asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Set, Tuple, Union

from spacy.language import Language

from ..errors import DistillError
from ..files import to_json, write_atomically
from ..soft_labels.manifest import Dropped
from .agreement import Agreement, Disagreement
from .categories import CategoryPair
from .comparison import Comparison, compare_rows, has_learned_nothing
from .entities import Entity
from .rows import (
    NER,
    TEACHER,
    CalibrationBin,
    CharacterScores,
    DevelopmentScores,
    EntropyBin,
    Quantization,
    ReferenceCounts,
    Row,
    TrainingFacts,
    TypeScore,
)

FORMAT = 3
# Key of the report in a pipeline's meta data.
META_KEY = "spacy_distill"


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
        mean_entropy: Mean entropy of a word, or of a document's categories, in nats.
        sampled: Documents, evenly spread, that `entropy` was computed from.
        entropy: Words or documents by the entropy of the teacher's distribution.
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
        labels: Labels that each pipeline can predict, by name; only for those
            of which they are known.
        development: Scores on development data beside those on test data, if known.
        quantization: What was done to the last pipeline after all of this was
            measured; None if nothing was.
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
    # Reports of earlier versions do not have these.
    labels: Dict[str, List[str]] = field(default_factory=dict)
    development: Optional[DevelopmentScores] = None
    quantization: Optional[Quantization] = None

    @property
    def task(self) -> str:
        """Name of the task that is scored."""
        return self.references.task

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

    def is_untrained(self, row: Row) -> bool:
        """Return whether a pipeline has learned next to nothing."""
        return has_learned_nothing(row, self.references)

    def missing_labels(self, row: Row) -> List[str]:
        """Return labels of the references that a pipeline cannot predict.

        Returns:
            The labels; none if the pipeline's are unknown.
        """
        known = self.labels.get(row.name, self.references.entities)
        return sorted(set(self.references.entities) - set(known))

    def extra_labels(self, row: Row) -> List[str]:
        """Return labels that a pipeline predicted and the references lack."""
        return sorted(set(row.per_type) - set(self.references.entities))

    def find_worst(self) -> Tuple[str, Sequence[Union[Disagreement, CategoryPair]]]:
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
        values = {f.name: msg[f.name] for f in fields(cls) if _is_in(f, msg)}
        values["rows"] = [_row(row) for row in msg["rows"]]
        values["references"] = ReferenceCounts(**msg["references"])
        values["training"] = {
            name: TrainingFacts(**facts) for name, facts in msg["training"].items()
        }
        for name in ("agreement", "soft_agreement"):
            values[name] = {key: _agreement(a) for key, a in msg[name].items()}
        development = msg.get("development")
        if development is not None:
            values["development"] = DevelopmentScores(
                references=ReferenceCounts(**development["references"]),
                scores={n: TypeScore(**s) for n, s in development["scores"].items()},
            )
        if msg.get("quantization") is not None:
            values["quantization"] = Quantization(**msg["quantization"])
        if msg["soft_labels"] is not None:
            values["soft_labels"] = _soft_labels(msg["soft_labels"])
        if not values["rows"]:
            raise TypeError("there are no rows")
        if msg["comparison"] is None:
            return cls(**values)
        # Compared again, since earlier versions compared what cannot be.
        return with_comparison(cls(**values))


def with_comparison(report: Report) -> Report:
    """Return a report with the comparison of its rows."""
    # A classifier may always choose a category that the references happen to lack.
    extra = report.extra_labels if report.task == NER else lambda row: []
    other: Set[str] = {
        row.name for row in report.rows if report.missing_labels(row) or extra(row)
    }
    untrained = {row.name for row in report.rows if report.is_untrained(row)}
    comparison = compare_rows(report.rows, other_labels=other, untrained=untrained)
    return replace(report, comparison=comparison)


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
        development=_without_path(report.development),
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


def _is_in(f: "Field[Any]", msg: Dict[str, Any]) -> bool:
    has_default = f.default is not MISSING or f.default_factory is not MISSING
    return f.name in msg or not has_default


def _without_path(found: Optional[DevelopmentScores]) -> Optional[DevelopmentScores]:
    if found is None:
        return None
    return replace(found, references=replace(found.references, path=""))


def _without_texts(found: Dict[str, Agreement]) -> Dict[str, Agreement]:
    return {name: replace(agreement, worst=[]) for name, agreement in found.items()}


def _soft_labels(msg: Dict[str, Any]) -> SoftLabelCounts:
    dropped = [Dropped(**entity) for entity in msg["dropped_first"]]
    entropy = [EntropyBin(**b) for b in msg["entropy"]]
    return SoftLabelCounts(**{**msg, "dropped_first": dropped, "entropy": entropy})


def _row(msg: Dict[str, Any]) -> Row:
    types = {label: TypeScore(**score) for label, score in msg["per_type"].items()}
    bins = [CalibrationBin(**b) for b in msg["calibration"]]
    characters = msg.get("characters")
    if characters is not None:
        means = {name: TypeScore(**score) for name, score in characters.items()}
        characters = CharacterScores(**means)
    rest = {"per_type": types, "calibration": bins, "characters": characters}
    return Row(**{**msg, **rest})


def _agreement(msg: Dict[str, Any]) -> Agreement:
    worst = [_disagreement(passage) for passage in msg["worst"]]
    return Agreement(**{**msg, "worst": worst})


def _disagreement(msg: Dict[str, Any]) -> Union[Disagreement, CategoryPair]:
    # Categories are a dict with probabilities, entities a list.
    if isinstance(msg["teacher"], dict):
        return CategoryPair(**msg)
    given = [who for who in ("gold", "teacher", "student") if msg.get(who) is not None]
    return Disagreement(
        **{**msg, **{who: [Entity(*e) for e in msg[who]] for who in given}}
    )
