"""A sample of soft labels: some of their documents, evenly spread over all."""

import math
from dataclasses import dataclass
from pathlib import Path
from typing import List, Sequence

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ..docs import LOGITS
from ..soft_labels.manifest import Manifest
from ..soft_labels.shards import read_shard
from ..tasks.base import Task
from ..tasks.textcat.task import MULTILABEL
from .rows import EntropyBin

# Enough to estimate shares to a percent; millions of documents are not all read.
_WORDS = 20_000
# Of a task with one row of logits for each document, at least so many of them.
_DOCUMENTS = 1_000
_SHARDS = 10
# In nats. Teachers are certain of most words, so equal steps would show one tall bar.
_BOUNDS = (0.0, 0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0)


@dataclass(frozen=True)
class SoftSample:
    """Some documents of soft labels.

    Attributes:
        manifest: Manifest of the soft labels.
        docs: Documents with the annotation decoded from the stored logits.
        entropy: Entropy of the teacher's distributions for their words, or for them.
    """

    manifest: Manifest
    docs: List[Doc]
    entropy: List[EntropyBin]


def sample_soft_labels(folder: Path, *, words: int = _WORDS) -> SoftSample:
    """Read some documents, from a few shards evenly spread.

    Args:
        folder: Folder of soft labels.
        words: About how many words to read; more if there is one row of logits for
            each document.

    Raises:
        DistillError: If the manifest or a shard is damaged.
    """
    manifest = Manifest.read(folder)
    counts = manifest.counts
    wanted = max(1, round(words * counts.docs / max(counts.tokens, 1)))
    if all(shard.rows == shard.docs for shard in manifest.shards):
        wanted = max(wanted, _DOCUMENTS)
    filled = [shard for shard in manifest.shards if shard.docs]
    # Of small shards more are needed.
    needed = math.ceil(wanted * len(filled) / max(counts.docs, 1))
    shards = [filled[i] for i in _spread(len(filled), max(needed, _SHARDS))]
    nlp = Language()
    task = manifest.find_task()
    docs: List[Doc] = []
    for shard in shards:
        read = read_shard(folder / shard.file, nlp.vocab, task, sha256=shard.sha256)
        share = math.ceil(wanted / len(shards))
        docs += [read[i] for i in _spread(len(read), share)]
    rows = [doc.user_data[LOGITS] for doc in docs]
    task.annotate(docs, rows)
    return SoftSample(
        manifest=manifest,
        docs=docs,
        entropy=_entropy_bins(rows, task),
    )


def _spread(number: int, most: int) -> List[int]:
    """Indices below `number`, evenly spread, as many as `most`."""
    most = min(number, most)
    return [i * number // most for i in range(most)]


def _entropy_bins(logits: Sequence[np.ndarray], task: Task) -> List[EntropyBin]:
    # Those of even distributions: one for all columns, or one for each.
    columns = len(task.columns)
    most = columns * math.log(2) if task.name == MULTILABEL else math.log(columns)
    bounds = [*(bound for bound in _BOUNDS if bound < most), most]
    entropies = [task.entropies(rows) for rows in logits]
    values = np.concatenate(entropies) if entropies else np.zeros(0)
    # Rounding may carry an even distribution beyond what there can be.
    found, _ = np.histogram(np.clip(values, 0.0, bounds[-1]), bounds)
    return [
        EntropyBin(low=low, high=high, words=int(n))
        for low, high, n in zip(bounds, bounds[1:], found)
    ]
