"""One shard of soft labels: a `.spacy` file whose Docs have logits."""

from pathlib import Path
from typing import List, Optional, Sequence, Union

import numpy as np
import srsly
from spacy.attrs import ORTH, SPACY
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..addresses import as_path
from ..docs import COLUMNS, LOGITS
from ..errors import DistillError
from ..files import sha256_bytes
from ..tasks.base import Task

SHARD_FILES = "shard-*.spacy"


def shard_file(number: int) -> str:
    """Return the file name of a shard, by its number from 0."""
    return f"shard-{number:05d}.spacy"


def shard_bytes(docs: Sequence[Doc]) -> bytes:
    """Serialize Docs with their logits; other annotation is dropped.

    Does the same as `DocBin.add` for words, spaces and logits alone: that goes through
    every attribute of every token and looks up all msgpack extensions for every Doc,
    which takes longer than a teacher on a GPU.

    Args:
        docs: Docs with `user_data[LOGITS]`, float16 [n_rows, n_columns].
    """
    packer = srsly.msgpack.Packer(use_bin_type=True)
    doc_bin = DocBin(store_user_data=True)
    doc_bin.attrs = [ORTH]
    for doc in docs:
        logits = np.ascontiguousarray(doc.user_data[LOGITS], dtype=np.float16)
        orths = doc.to_array([ORTH]).reshape(-1, 1)
        doc_bin.tokens.append(orths)
        doc_bin.spaces.append(doc.to_array([SPACY]).reshape(-1, 1).astype(bool))
        doc_bin.flags.append({"has_unknown_spaces": doc.has_unknown_spaces})
        doc_bin.strings.update(doc.vocab.strings[orth] for orth in orths[:, 0].tolist())
        doc_bin.cats.append({})
        doc_bin.span_groups.append(b"")
        doc_bin.user_data.append(packer.pack({LOGITS: logits}))
    return doc_bin.to_bytes()


def read_shard(
    path: Union[str, Path],
    vocab: Vocab,
    task: Task,
    *,
    sha256: Optional[str] = None,
) -> List[Doc]:
    """Read the Docs of a shard, with logits and column names in `user_data`.

    Args:
        path: The shard.
        vocab: Vocab of the Docs.
        task: The task of the logits. All Docs share its tuple of columns.
        sha256: Expected checksum of the file; None to skip the check.

    Raises:
        DistillError: If the file is missing or is not the one expected, or if it has
            logits of another shape or that are not finite.
    """
    path = as_path(path)
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DistillError(
            f"Expected a shard of soft labels at {path}: {error.strerror}. Remove the"
            " folder and annotate again."
        ) from error
    if sha256 is not None and sha256_bytes(data) != sha256:
        raise DistillError(
            f"Expected the shard {path} to have the checksum {sha256[:12]}..., got"
            f" {sha256_bytes(data)[:12]}...: it is cut short, edited, or of another"
            " run; remove the folder and annotate again."
        )
    # Bytes that are no DocBin fail in many ways, with the same remedy.
    try:
        docs = _from_doc_bin(DocBin().from_bytes(data), vocab)
    except Exception as error:
        raise DistillError(
            f"Expected a shard of soft labels in {path}, got something else ({error}):"
            " remove the folder and annotate again."
        ) from error
    for number, doc in enumerate(docs, start=1):
        _check(doc, task, f"document {number} of {path}")
        doc.user_data[COLUMNS] = task.columns
    return docs


def _from_doc_bin(doc_bin: DocBin, vocab: Vocab) -> List[Doc]:
    """As `DocBin.get_docs`, with one lookup of msgpack's extensions."""
    # 0 lifts the limit on the size of one message.
    unpacker = srsly.msgpack.Unpacker(raw=False, use_list=False, max_buffer_size=0)
    packed, doc_bin.user_data = doc_bin.user_data, []
    docs = list(doc_bin.get_docs(vocab))
    for doc, message in zip(docs, packed):
        if message is not None:
            unpacker.feed(message)
            doc.user_data.update(unpacker.unpack())
    return docs


def _check(doc: Doc, task: Task, where: str) -> None:
    logits = doc.user_data.get(LOGITS)
    expected = (task.n_rows(doc), len(task.columns))
    if not isinstance(logits, np.ndarray) or logits.dtype != np.float16:
        raise DistillError(
            f"Expected float16 logits with {where}, got"
            f" {getattr(logits, 'dtype', type(logits).__name__)}: annotate again."
        )
    if logits.shape != expected:
        raise DistillError(
            f"Expected logits of shape {expected} (rows, columns) with {where}, got"
            f" {logits.shape}: they are of another teacher; annotate again."
        )
    if not np.isfinite(logits).all():
        raise DistillError(
            f"Expected finite logits with {where}, got NaN or infinity: annotate again."
        )
