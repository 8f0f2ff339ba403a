"""Decode logits to entities with probabilities, within the constraints of a Doc."""

from functools import lru_cache
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from spacy.attrs import ENT_IOB, IS_SPACE
from spacy.tokens import Doc

from ...arrays import log_softmax, ranges
from .lattice.path_sums import span_probabilities
from .lattice.transitions import Transitions, constrain
from .tags import span_tags

_ATTRIBUTES = [IS_SPACE, ENT_IOB]


def allowed_tags(docs: Sequence[Doc], tags: Sequence[str]) -> Optional[np.ndarray]:
    """Which tags the tokens of all Docs, one after the other, may have, bool
    [n_tokens, n_tags]; None for all. No Doc may be empty.

    White space neither starts nor ends an entity. Preset entities keep their
    tags; one with a label that is not among the tags is O here, and so are
    blocked tokens (`doc.set_ents(blocked=...)`).
    """
    # Most Docs have neither. This tells so in a quarter of the time of `to_array`, and
    # for flags as well.
    some = [doc.has_annotation(IS_SPACE) or has_entities_set(doc) for doc in docs]
    if not any(some):
        return None
    ends = np.cumsum([len(doc) for doc in docs])
    allowed = np.ones((ends[-1], len(tags)), dtype=bool)
    for doc, end, restricted in zip(docs, ends.tolist(), some):
        if restricted:
            _restrict(allowed[end - len(doc) : end], doc, tuple(tags))
    return allowed


def _restrict(allowed: np.ndarray, doc: Doc, tags: Tuple[str, ...]) -> None:
    """Forbid what a Doc forbids, in its own rows."""
    attributes = doc.to_array(_ATTRIBUTES)
    spaces, preset = attributes[:, 0] == 1, attributes[:, 1] % 2 == 1
    allowed[spaces] = _inside(tags)
    if not preset.any():
        return
    columns = {tag: i for i, tag in enumerate(tags)}
    allowed[preset] = False
    allowed[preset, columns["O"]] = True
    for ent in doc.ents:
        path = span_tags(len(ent), ent.label_)
        if columns.keys() >= set(path):
            rows = np.arange(ent.start, ent.end)
            allowed[rows] = False
            allowed[rows, [columns[tag] for tag in path]] = True


@lru_cache(maxsize=8)
def _inside(tags: Tuple[str, ...]) -> np.ndarray:
    """Tags that neither start nor end an entity, bool [n_tags]."""
    return np.array([tag[0] not in "BLU" for tag in tags])


def has_entities_set(doc: Doc) -> bool:
    """Whether anything was said of entities in the Doc. Always so if it is empty."""
    return bool(doc.has_annotation(ENT_IOB))


def blocked_tokens(doc: Doc) -> List[int]:
    """Tokens that may not be part of an entity: begun, but with no label."""
    return [t.i for t in doc if t.ent_iob == 3 and not t.ent_type]


class ScoredSpan(NamedTuple):
    """An entity: tokens start to end (exclusive), label and probability."""

    start: int
    end: int
    label: str
    score: float


def score_spans(
    logits: np.ndarray,
    lengths: Sequence[int],
    tags: np.ndarray,
    *,
    names: Tuple[str, ...],
    transitions: Transitions,
    is_crf: bool,
    allowed: Optional[np.ndarray],
) -> List[List[ScoredSpan]]:
    """Entities of each Doc with their probabilities.

    CRF: the exact probability, over all valid sequences. Softmax: the product of
    the tokens' probabilities along the decoded path. Preset entities have 1.

    tags: valid, [n_tokens]. allowed: bool [n_tokens, n_tags]; None for all.
    """
    out: List[List[ScoredSpan]] = [[] for _ in lengths]
    opens, closes = _edges(names)
    # In valid tags as many begin as end, and in the same order.
    starts = np.flatnonzero(opens[tags])
    if not len(starts):
        return out
    ends = np.flatnonzero(closes[tags]) + 1
    bounds = np.cumsum([0, *lengths])
    sentences = np.searchsorted(bounds, starts, side="right") - 1
    firsts = bounds[sentences]
    if is_crf:
        counts = np.diff(bounds)
        used = np.zeros(len(counts), dtype=bool)
        used[sentences] = True
        rows = np.flatnonzero(np.repeat(used, counts))
        left_out = np.cumsum(np.where(used, 0, counts))[sentences]
        scores = span_probabilities(
            _emissions(logits, rows, allowed),
            counts[used],
            transitions,
            tags[rows],
            starts - left_out,
            ends - left_out,
        )
    else:
        rows, begins = ranges(starts, ends)
        log_probs = log_softmax(_emissions(logits, rows, allowed))
        along = log_probs[np.arange(len(rows)), tags[rows]]
        scores = np.exp(np.add.reduceat(along, begins))
    for sentence, start, end, tag, score in zip(
        sentences.tolist(),
        (starts - firsts).tolist(),
        (ends - firsts).tolist(),
        tags[starts].tolist(),
        scores.tolist(),
    ):
        out[sentence].append(ScoredSpan(start, end, names[tag][2:], score))
    return out


@lru_cache(maxsize=8)
def _edges(names: Tuple[str, ...]) -> Tuple[np.ndarray, np.ndarray]:
    """Which tags start an entity and which end one, bool [n_tags] each."""
    opens = np.array([name[0] in "BU" for name in names])
    closes = np.array([name[0] in "LU" for name in names])
    return opens, closes


def _emissions(
    logits: np.ndarray, rows: np.ndarray, allowed: Optional[np.ndarray]
) -> np.ndarray:
    """Scores of some rows, float64; impossible where not allowed."""
    mask = None if allowed is None else allowed[rows]
    return constrain(logits.take(rows, axis=0), mask)
