"""Run a teacher over Docs of any length: split, batch, predict and merge."""

from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from spacy.tokens import Doc

from ..docs import bare_doc
from ..errors import DistillError
from ..windows import (
    BATCH_WORDS,
    OVERLAP,
    WINDOW,
    Window,
    batches_by_size,
    max_context_ranges,
    split,
    stitch,
)
from .base import DroppedSpan, Prediction, Teacher


class _Part(NamedTuple):
    """One window of one of several Docs."""

    doc: int
    start: int
    end: int


def predict_docs(
    teacher: Teacher,
    docs: Sequence[Doc],
    *,
    batch_words: int = BATCH_WORDS,
    window: int = WINDOW,
    overlap: int = OVERLAP,
    first: int = 1,
    on_batch: Optional[Callable[[int, int], None]] = None,
) -> List[Prediction]:
    """Predict Docs of any length.

    Long documents are split into overlapping windows, unless the teacher needs whole
    documents, and windows of similar size are batched.

    Args:
        teacher: The teacher.
        docs: Docs with the vocab of the teacher's pipeline. They are not modified.
        batch_words: Most words (word pieces, if the teacher has any) in a batch,
            padding included. It limits the teacher's memory.
        window: Most tokens in a window.
        overlap: Tokens that neighbouring windows share.
        first: Number of the first Doc among all, for error messages.
        on_batch: Called after each batch with the documents and words that it finished.

    Returns:
        One prediction for each Doc, with float16 logits.

    Raises:
        DistillError: If logits have another shape than the task's, or are not finite in
            float16.
    """
    task = teacher.task
    parts = [
        _Part(number, start, end)
        for number, doc in enumerate(docs)
        for start, end in _windows(doc, teacher, window=window, overlap=overlap)
    ]
    # Copies, since a teacher's pipeline annotates its Docs.
    inputs = {
        i: bare_doc(docs[part.doc], start=part.start, end=part.end)
        for i, part in enumerate(parts)
    }
    sizes = teacher.sizes(list(inputs.values()))
    found: Dict[int, Prediction] = {}
    for batch in batches_by_size(sizes, most=batch_words):
        # Removed from the inputs, so that annotations are freed with the batch.
        batch_docs = [inputs.pop(i) for i in batch]
        shapes = [(task.n_rows(doc), len(task.columns)) for doc in batch_docs]
        predictions = teacher.predict(batch_docs)
        if len(predictions) != len(batch):
            raise DistillError(
                f"Expected one prediction for each of {len(batch)} documents from"
                f" {teacher.name}, got {len(predictions)}: correct its method predict."
            )
        for i, shape, prediction in zip(batch, shapes, predictions):
            doc = docs[parts[i].doc]
            logits = _to_float16(prediction.logits, shape, doc, first + parts[i].doc)
            found[i] = prediction._replace(logits=logits)
        if on_batch is not None:
            on_batch(
                sum(parts[i].start == 0 for i in batch),
                sum(parts[i].end - parts[i].start for i in batch),
            )
    if on_batch is not None:
        on_batch(sum(not len(doc) for doc in docs), 0)
    by_doc: List[List[int]] = [[] for _ in docs]
    for i, part in enumerate(parts):
        by_doc[part.doc].append(i)
    return [
        _merge(
            teacher,
            doc,
            [(parts[i].start, parts[i].end) for i in mine],
            [found[i] for i in mine],
        )
        for doc, mine in zip(docs, by_doc)
    ]


def _windows(doc: Doc, teacher: Teacher, *, window: int, overlap: int) -> List[Window]:
    if teacher.whole_documents:
        return [(0, len(doc))] if len(doc) else []
    return split(len(doc), window=window, overlap=overlap)


def _merge(
    teacher: Teacher,
    doc: Doc,
    windows: Sequence[Window],
    found: Sequence[Prediction],
) -> Prediction:
    """Merge the predictions for the windows of one Doc."""
    task = teacher.task
    if not windows:
        shape = (task.n_rows(doc), len(task.columns))
        return Prediction(np.zeros(shape, dtype=np.float16))
    unaligned = None
    if any(one.unaligned is not None for one in found):
        masks = [
            np.zeros(end - start, dtype=bool)
            if one.unaligned is None
            else one.unaligned
            for (start, end), one in zip(windows, found)
        ]
        unaligned = stitch(windows, masks)
    return Prediction(
        task.merge(windows, [one.logits for one in found]),
        unaligned,
        tuple(_dropped(windows, [one.dropped for one in found])),
    )


def _dropped(
    windows: Sequence[Window], found: Sequence[Sequence[DroppedSpan]]
) -> List[DroppedSpan]:
    """Take each dropped entity from its max-context window, so that it counts once."""
    return [
        entity._replace(token=start + entity.token)
        for (start, _), home, entities in zip(
            windows, max_context_ranges(windows), found
        )
        for entity in sorted(entities, key=lambda entity: entity.token)
        if home[0] <= start + entity.token < home[1]
    ]


def _to_float16(
    logits: np.ndarray, shape: Tuple[int, int], doc: Doc, number: int
) -> np.ndarray:
    # What is too large for float16 becomes infinite, and is reported as such.
    with np.errstate(over="ignore"):
        half = logits.astype(np.float16)
    if half.shape == shape and np.isfinite(half).all():
        return half
    if half.shape != shape:
        found = f"an array of shape {half.shape}"
    elif np.isnan(half).any():
        found = "NaN"
    else:
        found = "infinity, or more than float16 holds"
    raise DistillError(
        f"Expected finite logits of shape {shape} (rows, columns) from the teacher, got"
        f" {found} for document {number}, which begins {doc.text[:60]!r}: mend the"
        " teacher or take the document out."
    )
