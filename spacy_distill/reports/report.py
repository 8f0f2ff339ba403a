"""The report: everything measured of some pipelines, in one file."""

import json
from collections import Counter
from dataclasses import asdict, dataclass, fields, replace
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Sequence

from spacy.training import Example

from ..errors import DistillError
from ..files import sha256_file, sha256_folder, write_atomically
from ..soft_labels.manifest import Manifest
from .agreement import Agreement, Disagreement, compare_entities
from .calibration import CalibrationBin
from .comparison import Comparison, compare_rows
from .environment import get_machine, get_versions
from .measure import Row, TypeScore, measure_examples, predict
from .pipelines import load_pipeline
from .speed import words_per_second

FORMAT = 1


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
    """What the students learned from; see `soft_labels.manifest`."""

    teacher: str
    teacher_hash: str
    documents: int
    words: int
    words_without_pieces: int
    entities: Dict[str, int]
    mean_entropy: float


@dataclass(frozen=True)
class Report:
    """rows: the pipelines, in the order they were given, as a rule teacher first.
    sources: by name, the packages or folders they were loaded from.
    comparison: the last against the others; None with one pipeline.
    agreement: of each pipeline with the first, by name.
    rounds: of the measurement of speed.
    """

    rows: List[Row]
    sources: Dict[str, str]
    comparison: Optional[Comparison]
    agreement: Dict[str, Agreement]
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
        values["agreement"] = {
            name: _agreement(value) for name, value in msg["agreement"].items()
        }
        if msg["comparison"] is not None:
            values["comparison"] = Comparison(**msg["comparison"])
        if msg["soft_labels"] is not None:
            values["soft_labels"] = SoftLabelCounts(**msg["soft_labels"])
        if not values["rows"]:
            raise TypeError("there are no rows")
        return cls(**values)


def make_report(
    sources: Mapping[str, str],
    gold: Path,
    *,
    soft_labels: Optional[Path] = None,
    rounds: int = 5,
) -> Report:
    """Measure pipelines on the same gold Docs.

    sources: by name, an installed package or a folder of each; the teacher first and
        the one that matters last.
    soft_labels: the folder that the students learned from, for its counts.
    rounds: see `words_per_second`.
    RAISES: DistillError if a pipeline, the gold Docs or the soft labels cannot be used.
    """
    counts = None if soft_labels is None else _soft_label_counts(soft_labels)
    pipelines = {name: load_pipeline(source) for name, source in sources.items()}
    examples = {name: predict(nlp, gold) for name, nlp in pipelines.items()}
    gold_counts = _gold_counts(gold, next(iter(examples.values())))
    texts = [eg.reference.text for eg in next(iter(examples.values()))]
    speeds = words_per_second(pipelines, texts, words=gold_counts.words, rounds=rounds)
    rows = [
        replace(
            measure_examples(nlp, examples[name], name=name),
            words_per_second=speeds[name],
        )
        for name, nlp in pipelines.items()
    ]
    docs = {name: [eg.predicted for eg in egs] for name, egs in examples.items()}
    first = rows[0].name
    return Report(
        rows=rows,
        sources=dict(sources),
        comparison=compare_rows(rows),
        agreement={
            name: compare_entities(docs[first], docs[name])
            for name in docs
            if name != first
        },
        gold=gold_counts,
        soft_labels=counts,
        rounds=rounds,
        versions=get_versions(),
        machine=get_machine(),
    )


def _gold_counts(gold: Path, examples: Sequence[Example]) -> GoldCounts:
    entities = Counter(ent.label_ for eg in examples for ent in eg.reference.ents)
    return GoldCounts(
        path=str(gold),
        sha256=sha256_folder(gold) if Path(gold).is_dir() else sha256_file(gold),
        documents=len(examples),
        words=sum(len(eg.reference) for eg in examples),
        entities=dict(sorted(entities.items())),
    )


def _soft_label_counts(folder: Path) -> SoftLabelCounts:
    manifest = Manifest.read(folder)
    counts = manifest.counts
    return SoftLabelCounts(
        teacher=manifest.teacher,
        teacher_hash=manifest.teacher_hash,
        documents=counts.docs,
        words=counts.tokens,
        words_without_pieces=counts.tokens_without_pieces,
        entities=counts.entities,
        mean_entropy=counts.mean_entropy,
    )


def _row(msg: Dict[str, Any]) -> Row:
    types = {label: TypeScore(**score) for label, score in msg["per_type"].items()}
    bins = [CalibrationBin(**b) for b in msg["calibration"]]
    return Row(**{**msg, "per_type": types, "calibration": bins})


def _agreement(msg: Dict[str, Any]) -> Agreement:
    return Agreement(**{**msg, "worst": [Disagreement(**d) for d in msg["worst"]]})
