"""Annotate one shard: documents in, the bytes of its files out."""

from typing import Callable, List, NamedTuple, Optional, Sequence

import numpy as np
from spacy.tokens import Doc

from ..corpora.text_entries import entry_doc
from ..corpora.text_shards import TextShard
from ..docs import LOGITS
from ..files import sha256_bytes
from ..soft_labels.manifest import Dropped, Shard
from ..soft_labels.shards import shard_bytes, shard_file
from ..students.encoder import forget_types
from ..teachers.base import Prediction, Teacher
from ..teachers.predict import predict_docs
from ..windows import BATCH_WORDS
from .plan import Plan


class AnnotatedShard(NamedTuple):
    """An annotated shard that is not written yet.

    Attributes:
        data: Content of the shard's `.spacy` file.
        record: File name, checksum and counts.
    """

    data: bytes
    record: Shard


def annotate_shard(
    teacher: Teacher,
    docs: Sequence[Doc],
    plan: Plan,
    number: int,
    *,
    batch_words: int = BATCH_WORDS,
    on_batch: Optional[Callable[[int, int], None]] = None,
) -> AnnotatedShard:
    """Annotate the documents of one shard.

    The result depends on the arguments alone, not on other shards or earlier calls.

    Args:
        teacher: The teacher.
        docs: The documents of the shard. Their `user_data` is replaced by their logits,
            float16 [n_rows, n_columns].
        plan: The plan of the annotation.
        number: Number of the shard, from 0.
        batch_words: Most words (word pieces, if the teacher has any) in a batch,
            padding included.
        on_batch: Called after each batch with the documents and words that it finished.

    Raises:
        DistillError: If logits have another shape than the task's, or are not finite.
    """
    # A student may be the teacher.
    forget_types(teacher.nlp)
    first = plan.start(number) + 1
    predictions = predict_docs(
        teacher,
        docs,
        batch_words=batch_words,
        window=plan.settings.window,
        overlap=plan.settings.overlap,
        first=first,
        on_batch=on_batch,
    )
    for doc, prediction in zip(docs, predictions):
        doc.user_data = {LOGITS: prediction.logits}
    data = shard_bytes(docs)
    logits = np.concatenate([prediction.logits for prediction in predictions])
    record = Shard(
        file=shard_file(number),
        sha256=sha256_bytes(data),
        docs=len(docs),
        tokens=sum(len(doc) for doc in docs),
        rows=len(logits),
        unaligned=sum(_unaligned(prediction) for prediction in predictions),
        labels=teacher.task.count(logits),
        dropped=_dropped(predictions, first),
        entropy=float(teacher.task.entropies(logits).sum()),
    )
    return AnnotatedShard(data, record)


class ShardAnnotator:
    """Annotates the shards of a plan, one after the other.

    Args:
        teacher: The teacher.
        plan: The plan.
        batch_words: Most words in a batch, see `annotate_shard`.
        on_batch: Called after each batch, likewise.
    """

    def __init__(
        self,
        teacher: Teacher,
        plan: Plan,
        *,
        batch_words: int = BATCH_WORDS,
        on_batch: Optional[Callable[[int, int], None]] = None,
    ) -> None:
        self._teacher = teacher
        self._plan = plan
        self._batch_words = batch_words
        self._on_batch = on_batch

    def __call__(self, shard: TextShard) -> AnnotatedShard:
        """Annotate a shard.

        Args:
            shard: Its documents.

        Raises:
            DistillError: If a text cannot be read, or see `annotate_shard`.
        """
        return annotate_shard(
            self._teacher,
            [entry_doc(entry, self._teacher.nlp) for entry in shard.entries],
            self._plan,
            shard.number,
            batch_words=self._batch_words,
            on_batch=self._on_batch,
        )


def _unaligned(prediction: Prediction) -> int:
    return 0 if prediction.unaligned is None else int(prediction.unaligned.sum())


def _dropped(predictions: Sequence[Prediction], first: int) -> List[Dropped]:
    return [
        Dropped(number, entity.text, entity.label, entity.reason)
        for number, prediction in enumerate(predictions, start=first)
        for entity in prediction.dropped
    ]
