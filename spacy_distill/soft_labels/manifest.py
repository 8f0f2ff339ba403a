"""The manifest: what a folder of soft labels holds, and where it came from."""

import json
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Dict, List, Optional, Tuple, Type, TypeVar, Union

from ..errors import DistillError
from ..files import write_atomically

FILE_NAME = "manifest.json"
FORMAT = 2

_Record = TypeVar("_Record")


@dataclass(frozen=True)
class Settings:
    """What the annotation was asked for, as far as it decides what is stored.

    shard_size: documents in a shard. window, overlap: in tokens.
    """

    shard_size: int
    window: int
    overlap: int


@dataclass(frozen=True)
class Lost:
    """An entity that the teacher found and the logits cannot express.

    document: its number among all documents, from 1. text, label: the entity's own.
    reason: in a few words, e.g. "begins inside a token".
    """

    document: int
    text: str
    label: str
    reason: str

    def describe(self) -> str:
        """Return it in one line: where, what and why."""
        text = " ".join(self.text.split())
        text = text if len(text) <= 60 else f"{text[:57]}..."
        return f"document {self.document}: {text!r} ({self.label}) {self.reason}"


@dataclass(frozen=True)
class Shard:
    """One file of soft labels and what was counted in it.

    entities: label to number, of the sequences begun by the tokens' best tags.
    lost: what the tokens could not carry, in the order of the texts.
    entropy: of the teacher, in nats, summed over the tokens.
    """

    file: str
    sha256: str
    docs: int
    tokens: int
    tokens_without_pieces: int
    entities: Dict[str, int]
    lost: List[Lost]
    entropy: float


@dataclass(frozen=True)
class Counts:
    """The shards' counts taken together; `mean_entropy` in nats a token."""

    docs: int
    tokens: int
    tokens_without_pieces: int
    entities: Dict[str, int]
    lost: int
    mean_entropy: float


@dataclass
class Manifest:
    """What a folder of soft labels holds, and where it came from.

    teacher, teacher_hash: name and fingerprint of the teacher.
    tags: the logits' columns in order.
    language: of the pipeline that tokenized, e.g. "en".
    tokenizer_hash: of that pipeline's tokenizer; None if the documents came with
        tokens of their own.
    texts_hash: of the files that were read.
    word_pieces: SHA-256 of the file of word pieces; None if the teacher has none.
    complete: False as long as documents are left to annotate.

    There is no date and no path in it, so that the same work gives the same bytes.
    """

    teacher: str
    teacher_hash: str
    tags: Tuple[str, ...]
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
        entities: Dict[str, int] = {}
        for shard in self.shards:
            for label, count in shard.entities.items():
                entities[label] = entities.get(label, 0) + count
        tokens = sum(shard.tokens for shard in self.shards)
        return Counts(
            docs=sum(shard.docs for shard in self.shards),
            tokens=tokens,
            tokens_without_pieces=sum(s.tokens_without_pieces for s in self.shards),
            entities=entities,
            lost=sum(len(shard.lost) for shard in self.shards),
            mean_entropy=sum(s.entropy for s in self.shards) / max(tokens, 1),
        )

    @property
    def lost(self) -> List[Lost]:
        """The lost entities of all shards, in the order of the texts."""
        return [lost for shard in self.shards for lost in shard.lost]

    def difference(self, other: "Manifest") -> Optional[str]:
        """Say in a few words what sets two annotations apart; None if nothing does.

        The teacher's name, the shards and whether they are complete do not count.
        """
        mine, others = _identity(self), _identity(other)
        for name, value in mine.items():
            if value != others[name]:
                return f"{name} is {_short(value)} there and {_short(others[name])} now"
        return None

    def write(self, folder: Union[str, Path]) -> None:
        """Write the manifest into `folder` as JSON, whole or not at all."""
        msg = {"format": FORMAT, **asdict(self), "counts": asdict(self.counts)}
        text = json.dumps(msg, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
        write_atomically(Path(folder) / FILE_NAME, text.encode("utf-8"))

    @classmethod
    def read(cls, folder: Union[str, Path]) -> "Manifest":
        """Read the manifest of a folder of soft labels.

        Raises DistillError if there is none, or if it is damaged or of another format.
        """
        path = Path(folder) / FILE_NAME
        try:
            msg = json.loads(path.read_bytes())
        except OSError as error:
            raise DistillError(
                f"Expected soft labels in {folder}: there is no {FILE_NAME}"
                f" ({error.strerror}). Make them with `spacy-distill annotate`."
            ) from error
        except (ValueError, RecursionError) as error:
            raise DistillError(_damaged(path, f"it is not JSON: {error}")) from error
        if not isinstance(msg, dict) or msg.get("format") != FORMAT:
            found = msg.get("format") if isinstance(msg, dict) else None
            raise DistillError(
                f"Expected format {FORMAT} in {path}, got {found!r}: annotate again"
                " with this version of spacy-distill."
            )
        try:
            manifest = cls._from_json(msg)
        except (KeyError, TypeError, ValueError) as error:
            raise DistillError(_damaged(path, str(error))) from error
        if msg["counts"] != asdict(manifest.counts):
            raise DistillError(_damaged(path, "its counts do not add up"))
        return manifest

    @classmethod
    def _from_json(cls, msg: Dict[str, Any]) -> "Manifest":
        expected = {"format", "counts", *(f.name for f in fields(cls))}
        if set(msg) != expected:
            raise ValueError(f"fields {sorted(set(msg) ^ expected)} missing or unknown")
        _is(msg, str, "teacher", "teacher_hash", "language", "texts_hash")
        _is(msg, (str, type(None)), "tokenizer_hash", "word_pieces")
        _is(msg, bool, "complete")
        _is(msg, list, "tags", "shards")
        _is(dict(enumerate(msg["tags"])), str, *range(len(msg["tags"])))
        return cls(
            teacher=msg["teacher"],
            teacher_hash=msg["teacher_hash"],
            tags=tuple(msg["tags"]),
            language=msg["language"],
            tokenizer_hash=msg["tokenizer_hash"],
            texts_hash=msg["texts_hash"],
            settings=_record(Settings, msg["settings"]),
            word_pieces=msg["word_pieces"],
            shards=[_shard(shard) for shard in msg["shards"]],
            complete=msg["complete"],
        )


_JSON_TYPES: Dict[Any, Any] = {
    int: int,
    str: str,
    float: float,
    Dict[str, int]: dict,
    List[Lost]: list,
}


def _shard(msg: Any) -> Shard:
    shard = _record(Shard, msg)
    return replace(shard, lost=[_record(Lost, lost) for lost in msg["lost"]])


def _record(cls: Type[_Record], msg: Any) -> _Record:
    """Build one of the dataclasses above from JSON; TypeError if it does not fit."""
    if not isinstance(msg, dict):
        raise TypeError(f"expected an object, got {msg!r}")
    record = cls(**msg)
    for f in fields(cls):  # type: ignore[arg-type]
        _is(msg, _JSON_TYPES[f.type], f.name)
    for label, count in msg.get("entities", {}).items():
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
