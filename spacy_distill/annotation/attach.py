"""Have a teacher look at a handful of Docs, and note its logits on them."""

from typing import Any, Callable, Dict, List, NamedTuple, Sequence, Tuple

import numpy as np
from spacy.attrs import ORTH, SPACY
from spacy.tokens import Doc

from ..docs import LOGITS
from ..errors import DistillError
from ..soft_labels.manifest import Lost
from ..teachers.base import LostEntity, Teacher
from ..windows import Cut, Window, batches_by_size, cut, homes, stitch, whole


class Attached(NamedTuple):
    """What the logits do not tell.

    blind: how many tokens the teacher saw no word piece of.
    lost: the entities that the tokens could not carry, in the order of the texts.
    """

    blind: int
    lost: List[Lost]


def attach_logits(
    teacher: Teacher,
    docs: Sequence[Doc],
    *,
    first: int,
    batch_words: int,
    window: int,
    overlap: int,
    on_batch: Callable[[int, int], None],
) -> Attached:
    """Put the teacher's logits into `user_data[LOGITS]`, float16 [n_tokens, n_tags].

    first: number of the first Doc among all, from 1.
    batch_words, window, overlap: as for `annotate`.
    on_batch: called after each batch with the number of documents and words in it.

    Raises DistillError for logits of another shape and for logits that are not finite
    in float16.
    """
    n_tags = len(teacher.tags)
    if teacher.whole_documents:
        cuts = whole(docs)
    else:
        cuts = cut(docs, window=window, overlap=overlap)
    # Copies, since a teacher's pipeline writes on its Docs.
    inputs = {i: _copy(docs[c.doc], c) for i, c in enumerate(cuts)}
    sizes = teacher.sizes(list(inputs.values()))
    rows: Dict[int, np.ndarray] = {}
    blind: Dict[int, np.ndarray] = {}
    lost: Dict[int, List[LostEntity]] = {}
    for batch in batches_by_size(sizes, most=batch_words):
        # Taken out, so that what the teacher noted on them is freed with the batch.
        batch_docs = [inputs.pop(i) for i in batch]
        rows.update(zip(batch, teacher.logits(batch_docs)))
        blind.update(zip(batch, teacher.without_pieces(batch_docs)))
        lost.update(zip(batch, teacher.lost_entities(batch_docs)))
        for i in batch:
            shape = (cuts[i].end - cuts[i].start, n_tags)
            rows[i] = _checked_float16(rows[i], shape, docs, cuts[i], first)
        on_batch(
            sum(cuts[i].start == 0 for i in batch),
            sum(cuts[i].end - cuts[i].start for i in batch),
        )
    on_batch(sum(not len(doc) for doc in docs), 0)
    n_blind = 0
    named: List[Lost] = []
    windows: List[List[int]] = [[] for _ in docs]
    for i, c in enumerate(cuts):
        windows[c.doc].append(i)
    for number, (doc, mine) in enumerate(zip(docs, windows), start=first):
        logits = np.zeros((0, n_tags), dtype=np.float16)
        if mine:
            places = [(cuts[i].start, cuts[i].end) for i in mine]
            logits = stitch(places, [rows[i] for i in mine])
            n_blind += int(stitch(places, [blind[i] for i in mine]).sum())
            found = _at_home(places, [lost[i] for i in mine])
            named += [Lost(number, e.text, e.label, e.reason) for e in found]
        doc.user_data = {LOGITS: logits}
    return Attached(n_blind, named)


def _at_home(
    windows: Sequence[Window], found: Sequence[Sequence[LostEntity]]
) -> List[LostEntity]:
    """Take each lost entity from its home window: what windows share is named once."""
    return [
        entity
        for (start, _), home, entities in zip(windows, homes(windows), found)
        for entity in sorted(entities, key=lambda entity: entity.token)
        if home[0] <= start + entity.token < home[1]
    ]


def _copy(doc: Doc, place: Cut) -> Doc:
    # By number, as the vocab is the same: no string is looked up.
    orths: Any = doc.to_array([ORTH])[place.start : place.end]
    spaces: Any = doc.to_array([SPACY])[place.start : place.end].astype(bool)
    return Doc(doc.vocab, words=orths, spaces=spaces)


def _checked_float16(
    row: np.ndarray, shape: Tuple[int, int], docs: Sequence[Doc], c: Cut, first: int
) -> np.ndarray:
    # What is too large for float16 becomes infinite, and is reported as such.
    with np.errstate(over="ignore"):
        half = row.astype(np.float16)
    if half.shape == shape and np.isfinite(half).all():
        return half
    if half.shape != shape:
        found = f"an array of shape {half.shape}"
    elif np.isnan(half).any():
        found = "NaN"
    else:
        found = "infinity, or more than float16 holds"
    raise DistillError(
        f"Expected finite logits of shape {shape} (tokens, tags) from the teacher, got"
        f" {found} for document {first + c.doc}, which begins"
        f" {docs[c.doc].text[:60]!r}: mend the teacher or take the document out."
    )
