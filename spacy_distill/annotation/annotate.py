"""Run a teacher over plenty of text, once, and keep what it says."""

from functools import partial
from itertools import islice
from pathlib import Path
from typing import List, Sequence, Tuple, Union

import numpy as np
from spacy.tokens import Doc

from ..corpora.texts import count_texts, read_texts
from ..docs import LOGITS
from ..errors import DistillError
from ..soft_labels.manifest import Manifest, Settings, Shard
from ..soft_labels.shards import shard_file, write_shard
from ..soft_labels.statistics import count_entities, entropy
from ..teachers.base import Teacher
from ..windows import split
from .attach import Attached, attach_logits
from .defaults import BATCH_WORDS, OVERLAP, SHARD_SIZE, WINDOW
from .progress import Progress
from .resume import begin_or_resume


def annotate(
    teacher: Teacher,
    texts: Union[str, Path],
    out: Union[str, Path],
    *,
    shard_size: int = SHARD_SIZE,
    batch_words: int = BATCH_WORDS,
    window: int = WINDOW,
    overlap: int = OVERLAP,
    replace: bool = False,
    progress: bool = True,
) -> Manifest:
    """Store a teacher's logits for every token of every document at `texts`.

    texts: what `corpora.texts.read_texts` reads.
    out: the folder for the soft labels. If it holds the beginning of this very work
        (same teacher, texts, tags and settings), that is carried on, and the result
        has the same bytes as if it had never been interrupted.
    shard_size: documents in a shard; one shard at a time is held in memory.
    batch_words: the most words (word pieces, if the teacher has any) in one batch,
        padding included. It bounds the teacher's memory.
    window, overlap: documents of more than `window` tokens are cut into windows that
        share `overlap` tokens; each token's logits come from the window in which it
        has most context. A teacher that needs whole documents gets them whole.
    replace: remove soft labels of other work from `out` first.
    progress: show a bar.

    Returns the manifest of the completed folder. Raises DistillError if `out` holds
    anything else, if a text cannot be read or the teacher cannot label it, if a logit
    is not finite (nothing of that shard is written then), or if the disk is full.
    """
    texts, out = Path(texts), Path(out)
    if shard_size < 1 or batch_words < 1:
        raise DistillError(
            "Expected shards of 1 document or more and batches of 1 word or more, got"
            f" shard_size={shard_size} and batch_words={batch_words}."
        )
    split(0, window=window, overlap=overlap)
    # Before anything is written, as what is amiss in the last text is amiss at once.
    teacher.check_texts(partial(read_texts, texts, teacher.nlp))
    settings = Settings(shard_size=shard_size, window=window, overlap=overlap)
    manifest = begin_or_resume(teacher, texts, out, settings, replace=replace)
    if manifest.complete:
        return manifest
    done = manifest.counts.docs
    with Progress(count_texts(texts), done=done, show=progress) as bar:
        stream = read_texts(texts, teacher.nlp, skip=done)
        while docs := list(islice(stream, shard_size)):
            attached = attach_logits(
                teacher,
                docs,
                first=done + 1,
                batch_words=batch_words,
                window=window,
                overlap=overlap,
                on_batch=bar.update,
            )
            file = shard_file(len(manifest.shards))
            checksum = write_shard(out / file, docs)
            shard = _describe(file, checksum, docs, manifest.tags, attached)
            manifest.shards.append(shard)
            # A shard counts only once the manifest lists it.
            manifest.write(out)
            done += len(docs)
    manifest.complete = True
    manifest.write(out)
    return manifest


def _describe(
    file: str,
    checksum: str,
    docs: Sequence[Doc],
    tags: Tuple[str, ...],
    attached: Attached,
) -> Shard:
    rows: List[np.ndarray] = [doc.user_data[LOGITS] for doc in docs]
    logits = np.concatenate(rows)
    return Shard(
        file=file,
        sha256=checksum,
        docs=len(docs),
        tokens=len(logits),
        tokens_without_pieces=attached.blind,
        entities=count_entities(logits, tags),
        lost=attached.lost,
        entropy=entropy(logits),
    )
