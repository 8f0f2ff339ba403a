"""The report: everything measured of some pipelines, in one file."""

import json
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence, Tuple

from ..errors import DistillError
from ..files import write_atomically
from ..soft_labels.manifest import Lost
from .agreement import Agreement, Disagreement
from .entities import Entity
from .measure import CalibrationBin, Row, TypeScore
from .soft_sample import EntropyBin


@dataclass(frozen=True)
class Comparison:
    """The last pipeline of a report against the first, as a rule student and teacher.

    fewer_parameters, smaller, faster: how many times; the student's table for unknown
        words counts among its parameters. None where a figure is missing.
    f1_share: F1 as a share of the first's; None if that is 0.
    f1_gain: F1 minus that of each of the others, in shares of 1.
    """

    pipeline: str
    against: str
    fewer_parameters: Optional[float]
    smaller: Optional[float]
    faster: Optional[float]
    f1_share: Optional[float]
    f1_gain: Dict[str, float]


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


def _numbers(row: Row) -> Optional[int]:
    return None if row.parameters is None else row.parameters + row.table


def _times(more: Optional[float], less: Optional[float]) -> Optional[float]:
    return more / less if more is not None and less else None


FORMAT = 2


@dataclass(frozen=True)
class GoldCounts:
    """What the pipelines were measured on. entities: label to number."""

    path: str
    sha256: str
    documents: int
    words: int
    entities: Dict[str, int]


@dataclass(frozen=True)
class SoftLabelCounts:
    """What the students learned from; see `soft_labels.manifest`.

    lost: how many entities the tokens could not carry. lost_first: the first of them.
    mean_entropy: of all words, in nats.
    sampled: number of documents, evenly spread, that `entropy` was counted in.
    """

    teacher: str
    teacher_hash: str
    documents: int
    words: int
    words_without_pieces: int
    entities: Dict[str, int]
    lost: int
    lost_first: List[Lost]
    mean_entropy: float
    sampled: int
    entropy: List[EntropyBin]


@dataclass(frozen=True)
class Report:
    """rows: the pipelines, in the order they were given, as a rule teacher first.
    sources: by name, the packages or folders they were loaded from.
    comparison: the last against the others; None with one pipeline.
    agreement: of each pipeline with the first, by name.
    soft_agreement: with the soft labels themselves, on the documents sampled of them;
        of each pipeline but the first, or of the only one.
    rounds: of the measurement of speed; 0 if it was not measured.
    """

    rows: List[Row]
    sources: Dict[str, str]
    comparison: Optional[Comparison]
    agreement: Dict[str, Agreement]
    soft_agreement: Dict[str, Agreement]
    gold: GoldCounts
    soft_labels: Optional[SoftLabelCounts]
    rounds: int
    versions: Dict[str, str]
    machine: Dict[str, Any]

    def find_row(self, name: Optional[str]) -> Row:
        """The pipeline of that name; the last without one.

        RAISES: DistillError if there is none.
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
        """What the last pipeline was compared with, and where it differs most: the
        first pipeline's entities on the gold texts, or else the soft labels."""
        name = self.rows[-1].name
        if name in self.agreement:
            return self.rows[0].name, self.agreement[name].worst
        if name in self.soft_agreement:
            return "the soft labels", self.soft_agreement[name].worst
        return "", []

    def write(self, path: Path) -> None:
        """Write the report as JSON, whole or not at all."""
        msg = {"format": FORMAT, **asdict(self)}
        text = json.dumps(msg, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        write_atomically(path, text.encode("utf-8"))

    @classmethod
    def read(cls, path: Path) -> "Report":
        """Read what `write` wrote.

        RAISES: DistillError if the file is missing or something else.
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
        if not isinstance(msg, dict) or msg.get("format") != FORMAT:
            raise DistillError(
                f"Expected a report of format {FORMAT} in {path}, got something else: "
                "make it again with `spacy-distill evaluate`."
            )
        try:
            return cls._from_json(msg)
        except (KeyError, TypeError, AttributeError) as error:
            raise DistillError(
                f"Expected a whole report in {path}, but {type(error).__name__}: "
                f"{error}. Make it again with `spacy-distill evaluate`."
            ) from error

    @classmethod
    def _from_json(cls, msg: Dict[str, Any]) -> "Report":
        values = {f.name: msg[f.name] for f in fields(cls)}
        values["rows"] = [_row(row) for row in msg["rows"]]
        values["gold"] = GoldCounts(**msg["gold"])
        for name in ("agreement", "soft_agreement"):
            values[name] = {key: _agreement(a) for key, a in msg[name].items()}
        if msg["comparison"] is not None:
            values["comparison"] = Comparison(**msg["comparison"])
        if msg["soft_labels"] is not None:
            values["soft_labels"] = _soft_labels(msg["soft_labels"])
        if not values["rows"]:
            raise TypeError("there are no rows")
        return cls(**values)


def _soft_labels(msg: Dict[str, Any]) -> SoftLabelCounts:
    lost = [Lost(**entity) for entity in msg["lost_first"]]
    entropy = [EntropyBin(**b) for b in msg["entropy"]]
    return SoftLabelCounts(**{**msg, "lost_first": lost, "entropy": entropy})


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
