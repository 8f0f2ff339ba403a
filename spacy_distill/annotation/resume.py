"""Decide whether a folder may be begun, carried on, or must be left alone."""

from pathlib import Path

from ..corpora.texts import count_texts, has_own_tokens, hash_texts
from ..docs import tokenizer_hash
from ..errors import DistillError
from ..files import TEMPORARY, sha256_bytes, sha256_file, write_atomically
from ..soft_labels.manifest import FILE_NAME, Manifest, Settings
from ..soft_labels.shards import SHARD_FILES
from ..soft_labels.store import WORD_PIECES
from ..teachers.base import Teacher


def begin_or_resume(
    teacher: Teacher, texts: Path, out: Path, settings: Settings, *, replace: bool
) -> Manifest:
    """Begin a folder of soft labels, or take up the one that is there.

    replace: remove the soft labels of other work (another teacher, other texts or
        settings) and begin anew. The same work is carried on all the same.

    Writes the manifest, without shards, and the teacher's word pieces into a new
    folder. Without `replace`, nothing but a killed run's temporary files is deleted.

    Returns the manifest. Raises DistillError if the folder holds other work, other
    files, or shards that are not as they were written.
    """
    pieces = teacher.word_pieces()
    pieces_bytes = None if pieces is None else pieces.to_bytes()
    own_tokens = has_own_tokens(texts)
    manifest = Manifest(
        teacher=teacher.name,
        teacher_hash=teacher.hash,
        tags=tuple(teacher.tags),
        language=str(teacher.nlp.lang),
        tokenizer_hash=None if own_tokens else tokenizer_hash(teacher.nlp),
        texts_hash=hash_texts(texts),
        settings=settings,
        word_pieces=None if pieces_bytes is None else sha256_bytes(pieces_bytes),
    )
    there = Manifest.read(out) if (out / FILE_NAME).exists() else None
    if replace and there is not None and there.difference(manifest) is not None:
        _remove(out)
        there = None
    if there is not None:
        _check_same_work(there, manifest, out)
        _check_shards(there, out)
        manifest = there
    else:
        _check_empty(out)
        # Texts without any document are to leave no trace.
        count_texts(texts)
        manifest.write(out)
    # All that a run killed in the middle of writing leaves behind.
    for left_over in out.glob(TEMPORARY):
        left_over.unlink()
    if pieces_bytes is not None and not (out / WORD_PIECES).exists():
        write_atomically(out / WORD_PIECES, pieces_bytes)
    return manifest


def _check_same_work(manifest: Manifest, wanted: Manifest, out: Path) -> None:
    difference = manifest.difference(wanted)
    if difference is not None:
        raise DistillError(
            f"Expected soft labels of the same work in {out}, but {difference}: choose"
            " another output folder, or replace this one (--replace)."
        )


def _remove(out: Path) -> None:
    """Delete what `annotate` wrote, the manifest last: killed in between, the folder
    is still known for what it was."""
    # By name, not by manifest: a killed run leaves a shard that is not listed yet.
    for path in (*out.glob(SHARD_FILES), out / WORD_PIECES, out / FILE_NAME):
        path.unlink(missing_ok=True)


def _check_shards(manifest: Manifest, out: Path) -> None:
    for shard in manifest.shards:
        path = out / shard.file
        if not path.exists():
            fault = "is missing"
        # Complete soft labels are checked shard by shard whenever they are read.
        elif not manifest.complete and sha256_file(path) != shard.sha256:
            fault = "has changed since it was written"
        else:
            continue
        raise DistillError(
            f"Expected the shards that the manifest lists in {out}, but {shard.file}"
            f" {fault}: remove the folder to begin anew."
        )


def _check_empty(out: Path) -> None:
    if out.exists() and not out.is_dir():
        raise DistillError(f"Expected a folder for the output, got the file {out}.")
    # Names with a dot are, most likely, what a killed run left behind.
    if out.exists() and any(not p.name.startswith(".") for p in out.iterdir()):
        raise DistillError(
            f"Expected an empty folder or soft labels in {out}, found other files:"
            " choose another output folder."
        )
