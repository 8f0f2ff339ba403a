"""The manifest of a folder of soft labels: contents and origin."""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Type, TypeVar, Union

from ..addresses import as_path, reaching
from ..errors import DistillError
from ..files import to_json, write_atomically
from ..tasks.base import Task
from ..tasks.registry import find_task

FILE_NAME = "manifest.json"
FORMAT = 3
# Soft labels for NER by version 0.1; read, no longer written.
_FORMAT_2 = 2

_Record = TypeVar("_Record")


@dataclass(frozen=True)
class Settings:
    """Settings of the annotation that decide what is stored.

    Attributes:
        shard_size: Documents in a shard.
        window: Most tokens that the teacher reads at once.
        overlap: Tokens that neighbouring windows share.
    """

    shard_size: int
    window: int
    overlap: int


@dataclass(frozen=True)
class Dropped:
    """An entity that the teacher predicted and the logits cannot express.

    Attributes:
        document: Number of the document, from 1.
        text: Text of the entity.
        label: Label of the entity.
        reason: Short explanation, e.g. "begins inside a token".
    """

    document: int
    text: str
    label: str
    reason: str

    def describe(self) -> str:
        """Describe it in one line."""
        text = " ".join(self.text.split())
        text = text if len(text) <= 60 else f"{text[:57]}..."
        return f"document {self.document}: {text!r} ({self.label}) {self.reason}"


@dataclass(frozen=True)
class Shard:
    """One file of soft labels and its counts.

    Attributes:
        file: Name of the file.
        sha256: Checksum of the file.
        docs: Documents.
        tokens: Tokens.
        rows: Rows of logits.
        unaligned: Tokens that the teacher could not see.
        labels: Predictions of each label, from the best column of each row.
        dropped: Entities that the logits cannot express, in the order of the texts.
        entropy: Entropy of the teacher's distributions in nats, summed over rows.
    """

    file: str
    sha256: str
    docs: int
    tokens: int
    rows: int
    unaligned: int
    labels: Dict[str, int]
    dropped: List[Dropped]
    entropy: float

    @classmethod
    def from_json(cls, msg: Any) -> "Shard":
        """Create a shard from parsed JSON.

        Raises:
            KeyError, TypeError: If it is no shard.
        """
        shard = _record(cls, msg)
        dropped = [_record(Dropped, entity) for entity in msg["dropped"]]
        return replace(shard, dropped=dropped)


@dataclass(frozen=True)
class Counts:
    """Counts of all shards; see `Shard`.

    Attributes:
        docs: Documents.
        tokens: Tokens.
        unaligned: Tokens that the teacher could not see.
        labels: Predictions of each label.
        dropped: Entities that the logits cannot express.
        mean_entropy: Mean entropy of a row, in nats.
    """

    docs: int
    tokens: int
    unaligned: int
    labels: Dict[str, int]
    dropped: int
    mean_entropy: float


@dataclass
class Manifest:
    """Contents and origin of a folder of soft labels.

    It contains no date and no path, so that the same work gives the same bytes.

    Attributes:
        teacher: Name of the teacher.
        teacher_hash: Fingerprint of the teacher.
        task: Name of the task.
        columns: Names of the logits' columns, in order.
        language: Language of the pipeline that tokenized, e.g. "en".
        tokenizer_hash: Fingerprint of that pipeline's tokenizer; None if the documents
            had tokens of their own.
        texts_hash: Fingerprint of the texts.
        settings: Settings of the annotation.
        word_pieces: SHA-256 of the file of word pieces; None if the teacher has none.
        shards: The shards in order; empty until all are done.
        complete: Whether all shards are done.
    """

    teacher: str
    teacher_hash: str
    task: str
    columns: Tuple[str, ...]
    language: str
    tokenizer_hash: Optional[str]
    texts_hash: str
    settings: Settings
    word_pieces: Optional[str] = None
    shards: List[Shard] = field(default_factory=list)
    complete: bool = False

    @property
    def counts(self) -> Counts:
        """The sums over all shards."""
        labels: Dict[str, int] = {}
        for shard in self.shards:
            for label, count in shard.labels.items():
                labels[label] = labels.get(label, 0) + count
        rows = sum(shard.rows for shard in self.shards)
        return Counts(
            docs=sum(shard.docs for shard in self.shards),
            tokens=sum(shard.tokens for shard in self.shards),
            unaligned=sum(shard.unaligned for shard in self.shards),
            labels=labels,
            dropped=sum(len(shard.dropped) for shard in self.shards),
            mean_entropy=sum(s.entropy for s in self.shards) / max(rows, 1),
        )

    @property
    def dropped(self) -> List[Dropped]:
        """The dropped entities of all shards, in the order of the texts."""
        return [entity for shard in self.shards for entity in shard.dropped]

    def find_task(self) -> Task:
        """Return the task of the logits.

        Raises:
            DistillError: If this version does not know the task.
        """
        return find_task(self.task, self.columns)

    def difference(self, other: "Manifest") -> Optional[str]:
        """Describe the first difference of two annotations; None if there is none.

        The teacher's name, the shards and whether they are complete are not compared.
        """
        mine, others = _identity(self), _identity(other)
        for name, value in mine.items():
            if value != others[name]:
                return f"{name} is {_short(value)} there and {_short(others[name])} now"
        return None

    def write(self, folder: Union[str, Path]) -> None:
        """Write the manifest into a folder as JSON, atomically."""
        msg = {"format": FORMAT, **asdict(self), "counts": asdict(self.counts)}
        write_atomically(as_path(folder) / FILE_NAME, to_json(msg))

    @classmethod
    def read(cls, folder: Union[str, Path]) -> "Manifest":
        """Read the manifest of a folder of soft labels.

        Raises:
            DistillError: If there is none, or if it is damaged or of another format.
        """
        path = as_path(folder) / FILE_NAME
        try:
            with reaching(path):
                data = path.read_bytes()
            msg = json.loads(data)
        except OSError as error:
            raise DistillError(
                f"Expected soft labels in {folder}: there is no {FILE_NAME}"
                f" ({error.strerror}). Make them with `spacy-distill annotate`."
            ) from error
        except (ValueError, RecursionError) as error:
            raise DistillError(_damaged(path, f"it is not JSON: {error}")) from error
        found = msg.get("format") if isinstance(msg, dict) else None
        if found not in (FORMAT, _FORMAT_2):
            raise DistillError(
                f"Expected format {FORMAT} in {path}, got {found!r}: annotate again"
                " with this version of spacy-distill."
            )
        try:
            if found == _FORMAT_2:
                msg = _from_format_2(msg)
            manifest = cls._from_json(msg)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise DistillError(_damaged(path, str(error))) from error
        if msg["counts"] != asdict(manifest.counts):
            raise DistillError(_damaged(path, "its counts do not add up"))
        return manifest

    @classmethod
    def _from_json(cls, msg: Dict[str, Any]) -> "Manifest":
        expected = {"format", "counts", *(f.name for f in fields(cls))}
        if set(msg) != expected:
            raise ValueError(f"fields {sorted(set(msg) ^ expected)} missing or unknown")
        _is(msg, str, "teacher", "teacher_hash", "task", "language", "texts_hash")
        _is(msg, (str, type(None)), "tokenizer_hash", "word_pieces")
        _is(msg, bool, "complete")
        _is(msg, list, "columns", "shards")
        _is(dict(enumerate(msg["columns"])), str, *range(len(msg["columns"])))
        return cls(
            teacher=msg["teacher"],
            teacher_hash=msg["teacher_hash"],
            task=msg["task"],
            columns=tuple(msg["columns"]),
            language=msg["language"],
            tokenizer_hash=msg["tokenizer_hash"],
            texts_hash=msg["texts_hash"],
            settings=_record(Settings, msg["settings"]),
            word_pieces=msg["word_pieces"],
            shards=[Shard.from_json(shard) for shard in msg["shards"]],
            complete=msg["complete"],
        )


def _from_format_2(msg: Dict[str, Any]) -> Dict[str, Any]:
    """Convert format 2, in which every row was a token and every column a tag."""
    names = {
        "tokens_without_pieces": "unaligned",
        "entities": "labels",
        "lost": "dropped",
    }

    def rename(counts: Dict[str, Any]) -> Dict[str, Any]:
        return {names.get(name, name): value for name, value in counts.items()}

    msg = {("columns" if name == "tags" else name): v for name, v in msg.items()}
    shards = [{**rename(shard), "rows": shard["tokens"]} for shard in msg["shards"]]
    return {**msg, "task": "ner", "shards": shards, "counts": rename(msg["counts"])}


_JSON_TYPES: Dict[Any, Any] = {
    int: int,
    str: str,
    float: float,
    Dict[str, int]: dict,
    List[Dropped]: list,
}


def _record(cls: Type[_Record], msg: Any) -> _Record:
    """Create one of the dataclasses above from JSON; TypeError if it does not fit."""
    if not isinstance(msg, dict):
        raise TypeError(f"expected an object, got {msg!r}")
    record = cls(**msg)
    for f in fields(cls):  # type: ignore[arg-type]
        _is(msg, _JSON_TYPES[f.type], f.name)
    for label, count in msg.get("labels", {}).items():
        _is({label: count}, int, label)
    return record


def _is(msg: Dict[Any, Any], kind: Any, *names: Any) -> None:
    for name in names:
        value = msg[name]
        # In Python a bool is an int; in a manifest it is not.
        is_bool = isinstance(value, bool)
        if not isinstance(value, kind) or is_bool != (kind is bool):
            raise TypeError(f"{name} is {value!r}")


def _identity(manifest: Manifest) -> Dict[str, Any]:
    msg = asdict(manifest)
    for name in ("teacher", "shards", "complete"):
        del msg[name]
    msg.update(msg.pop("settings"))
    return msg


def _short(value: Any) -> str:
    text = str(value)
    return text if len(text) <= 60 else text[:12] + "..."


def _damaged(path: Path, reason: str) -> str:
    return (
        f"Expected a whole manifest in {path}, but {reason}. Remove the folder and"
        " annotate again."
    )
