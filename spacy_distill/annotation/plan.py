"""Plan an annotation before any work: its shards, and which of them are done."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import List, Optional

from ..addresses import path_exists
from ..corpora.texts import Texts
from ..docs import tokenizer_hash
from ..errors import DistillError
from ..files import TEMPORARY, sha256_bytes, write_atomically
from ..shards import check_shard, damaged_record, read_record, record_file
from ..soft_labels.manifest import FILE_NAME, Manifest, Settings, Shard
from ..soft_labels.shards import SHARD_FILES, shard_file
from ..soft_labels.store import WORD_PIECES
from ..teachers.base import Teacher


@dataclass(frozen=True)
class Plan:
    """The shards of an annotation. Shard i has the documents from `start(i)` on.

    Attributes:
        manifest: The manifest without shards, which identifies the work.
        word_pieces: The teacher's word pieces as bytes; None without any.
        n_docs: Number of documents.
    """

    manifest: Manifest
    word_pieces: Optional[bytes]
    n_docs: int

    @property
    def settings(self) -> Settings:
        """Settings of the annotation."""
        return self.manifest.settings

    @property
    def n_shards(self) -> int:
        """Number of shards."""
        return math.ceil(self.n_docs / self.settings.shard_size)

    def start(self, shard: int) -> int:
        """Return the first document of a shard, from 0."""
        return shard * self.settings.shard_size

    def stop(self, shard: int) -> int:
        """Return the first document after a shard."""
        return min(self.start(shard + 1), self.n_docs)


def plan_annotation(teacher: Teacher, texts: Texts, settings: Settings) -> Plan:
    """Plan the annotation of texts by a teacher.

    Args:
        teacher: The teacher.
        texts: The texts. All of them are read, and the teacher checks them.
        settings: Settings of the annotation.

    Raises:
        DistillError: If a text cannot be read, or if the teacher cannot predict it.
    """
    teacher.check_texts(lambda: texts.read(teacher.nlp))
    pieces = teacher.word_pieces()
    pieces_bytes = None if pieces is None else pieces.to_bytes()
    manifest = Manifest(
        teacher=teacher.name,
        teacher_hash=teacher.hash,
        task=teacher.task.name,
        columns=teacher.task.columns,
        language=str(teacher.nlp.lang),
        tokenizer_hash=None if texts.own_tokens else tokenizer_hash(teacher.nlp),
        texts_hash=texts.hash,
        settings=settings,
        word_pieces=None if pieces_bytes is None else sha256_bytes(pieces_bytes),
    )
    return Plan(manifest, pieces_bytes, len(texts))


def begin(plan: Plan, out: Path, *, replace: bool) -> List[int]:
    """Begin a folder of soft labels, or continue the one that is there.

    Writes the manifest, without shards, and the teacher's word pieces into a new
    folder. Without `replace` nothing is deleted but a killed run's temporary files.

    Args:
        plan: The plan.
        out: The folder.
        replace: Remove the soft labels of other work (another teacher, other texts or
            settings). The same work is continued all the same.

    Returns:
        The shards that are left to annotate.

    Raises:
        DistillError: If the folder has other work, other files, or shards that changed
            since they were written.
    """
    there = Manifest.read(out) if path_exists(out / FILE_NAME) else None
    if replace and there is not None and there.difference(plan.manifest) is not None:
        _remove(out)
        there = None
    if there is None:
        _check_empty(out)
        plan.manifest.write(out)
    else:
        _check_same_work(there, plan.manifest, out)
    for left_over in out.glob(TEMPORARY):
        left_over.unlink()
    if plan.word_pieces is not None and not (out / WORD_PIECES).exists():
        write_atomically(out / WORD_PIECES, plan.word_pieces)
    if there is not None and there.complete:
        for shard in there.shards:
            # Checksums are compared whenever complete soft labels are read.
            check_shard(out, shard.file, sha256=None)
        return []
    return [i for i in range(plan.n_shards) if _read_shard(out, i) is None]


def finish(plan: Plan, out: Path) -> Manifest:
    """Assemble the manifest from the records of all shards, and write it.

    Args:
        plan: The plan.
        out: The folder.

    Returns:
        The manifest of the completed folder.

    Raises:
        DistillError: If a shard is not done.
    """
    there = Manifest.read(out)
    if there.complete:
        return there
    shards = [_read_shard(out, i) for i in range(plan.n_shards)]
    missing = [shard_file(i) for i, shard in enumerate(shards) if shard is None]
    if missing:
        raise DistillError(
            f"Expected all {plan.n_shards} shards in {out}, but {missing[0]} is not"
            " done: run the same annotation again and it continues."
        )
    # What was written when the work began, so that a renamed teacher changes nothing.
    there.shards = [shard for shard in shards if shard is not None]
    there.complete = True
    there.write(out)
    return there


def _read_shard(out: Path, number: int) -> Optional[Shard]:
    """Read what is known of a shard that is done; None if it is not."""
    record = read_record(out, shard_file(number))
    if record is None:
        return None
    try:
        return Shard.from_json(record)
    except (KeyError, TypeError) as error:
        raise damaged_record(out / record_file(shard_file(number)), error) from error


def _check_same_work(manifest: Manifest, wanted: Manifest, out: Path) -> None:
    difference = manifest.difference(wanted)
    if difference is not None:
        raise DistillError(
            f"Expected soft labels of the same work in {out}, but {difference}: choose"
            " another output folder, or replace this one (--replace)."
        )
    if not manifest.complete and manifest.shards:
        raise DistillError(
            f"Expected complete soft labels, or some that this version began, in {out},"
            " got some that an earlier version left unfinished: remove the folder, or"
            " choose another."
        )


def _remove(out: Path) -> None:
    """Delete soft labels, the manifest last, so that a killed run is recognized."""
    # By name, not by manifest: shards are listed only when all are done.
    records = out.glob(SHARD_FILES.replace(".spacy", ".json"))
    shards = out.glob(SHARD_FILES)
    for path in (*shards, *records, out / WORD_PIECES, out / FILE_NAME):
        path.unlink(missing_ok=True)


def _check_empty(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise DistillError(f"Expected a folder for the output, got the file {out}.")
    # Names with a dot are, most likely, what a killed run left.
    if out.exists() and any(not p.name.startswith(".") for p in out.iterdir()):
        raise DistillError(
            f"Expected an empty folder or soft labels in {out}, found other files:"
            " choose another output folder."
        )
