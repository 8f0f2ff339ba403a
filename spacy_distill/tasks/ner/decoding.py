"""Decode logits to entities with probabilities, within the constraints of a Doc."""

from functools import lru_cache
from itertools import accumulate
from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from spacy.attrs import ENT_IOB, IS_SPACE
from spacy.tokens import Doc

from ...arrays import log_softmax, ranges
from ...kernel import get_kernel
from ..calibration import Calibration
from .lattice.decode import decode
from .lattice.path_sums import MIN_TOTAL, span_probabilities
from .lattice.transitions import Transitions, constrain, grammar_transitions
from .tags import TagGrammar, span_tags, tag_grammar

_ATTRIBUTES = [IS_SPACE, ENT_IOB]


class ScoredSpan(NamedTuple):
    """An entity: tokens start to end (exclusive), label and probability."""

    start: int
    end: int
    label: str
    score: float


def decode_tags(
    logits: np.ndarray,
    lengths: Sequence[int],
    tags: Sequence[str],
    *,
    crf: Optional[Transitions] = None,
    allowed: Optional[np.ndarray] = None,
) -> np.ndarray:
    """Return the best valid tag sequence of each Doc.

    Args:
        logits: Scores of all Docs, concatenated, [n_tokens, n_tags].
        lengths: Tokens of each Doc.
        tags: BILUO tags in column order.
        crf: Transition scores of a CRF; None for a softmax.
        allowed: Tags that each token may have, bool [n_tokens, n_tags]; None for all.

    Returns:
        Columns, int64 [n_tokens].
    """
    grammar, transitions = _lattice(tuple(tags))
    return decode(
        logits,
        lengths,
        grammar=grammar,
        transitions=transitions if crf is None else crf,
        is_crf=crf is not None,
        allowed=allowed,
    )


def decode_entities(
    logits: np.ndarray,
    lengths: Sequence[int],
    tags: Sequence[str],
    *,
    crf: Optional[Transitions] = None,
    allowed: Optional[np.ndarray] = None,
    calibration: Optional[Calibration] = None,
) -> List[List[ScoredSpan]]:
    """Return the entities of each Doc with their probabilities.

    With a CRF the probability is exact, over all valid tag sequences. With a softmax it
    is the product of the tokens' probabilities along the decoded sequence. An entity
    that `allowed` leaves no alternative to has probability 1. A calibration changes the
    probabilities, not the entities.

    Args:
        logits: Scores of all Docs, concatenated, float32 [n_tokens, n_tags].
        lengths: Tokens of each Doc.
        tags: BILUO tags in column order.
        crf: Transition scores of a CRF; None for a softmax.
        allowed: Tags that each token may have, bool [n_tokens, n_tags]; None for all.
        calibration: Maps these probabilities to calibrated ones; None for none.
    """
    names = tuple(tags)
    columns = decode_tags(logits, lengths, names, crf=crf, allowed=allowed)
    out: List[List[ScoredSpan]] = [[] for _ in lengths]
    docs, starts, ends = _find_entities(columns, lengths, names)
    if not len(starts):
        return out
    if crf is not None:
        spans = (docs, starts, ends)
        scores = _crf_span_scores(logits, lengths, columns, spans, crf, allowed)
    else:
        scores = _span_scores(logits, columns, starts, ends, allowed)
    if calibration is not None:
        scores = calibration.apply(scores)
    firsts = list(accumulate(lengths, initial=0))
    for doc, start, end, tag, score in zip(
        docs.tolist(),
        starts.tolist(),
        ends.tolist(),
        columns[starts].tolist(),
        scores.tolist(),
    ):
        first = firsts[doc]
        out[doc].append(ScoredSpan(start - first, end - first, names[tag][2:], score))
    return out


def allowed_tags(docs: Sequence[Doc], tags: Sequence[str]) -> Optional[np.ndarray]:
    """Return the tags that the tokens of Docs may have.

    Whitespace neither starts nor ends an entity. Entities that are set already keep
    their tags. One with a label that is not among the tags is `O` here, and so are
    blocked tokens (`doc.set_ents(blocked=...)`).

    Args:
        docs: The Docs, none of them empty.
        tags: BILUO tags in column order.

    Returns:
        bool [n_tokens, n_tags], concatenated; None if all tags are allowed.
    """
    some = _restricted(docs)
    if not any(some):
        return None
    ends = np.cumsum([len(doc) for doc in docs])
    allowed = np.ones((ends[-1], len(tags)), dtype=bool)
    for doc, end, restricted in zip(docs, ends.tolist(), some):
        if restricted:
            _restrict(allowed[end - len(doc) : end], doc, tuple(tags))
    return allowed


def has_entities_set(doc: Doc) -> bool:
    """Return whether a Doc has any entity annotation; True for an empty Doc."""
    kernel = get_kernel()
    if kernel is not None:
        return bool(kernel.has_entities(doc))
    return bool(doc.has_annotation(ENT_IOB))


def blocked_tokens(doc: Doc) -> List[int]:
    """Return the tokens that may not be part of an entity."""
    # spaCy marks them as the beginning of an entity without a label.
    return [t.i for t in doc if t.ent_iob == 3 and not t.ent_type]


def _find_entities(
    columns: np.ndarray, lengths: Sequence[int], tags: Tuple[str, ...]
) -> Tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find the entities of valid tags.

    Returns:
        The Doc of each entity, its first token and the one after its last, counted over
        all Docs, int64 [n_entities] each.
    """
    opens, closes = _edges(tags)
    kernel = get_kernel()
    if kernel is not None:
        docs, starts, ends = kernel.find_entities(columns, lengths, opens, closes)
        return docs, starts, ends
    # In a valid sequence as many entities open as close, and in the same order.
    starts = np.flatnonzero(opens[columns])
    ends = np.flatnonzero(closes[columns]) + 1
    docs = np.searchsorted(np.cumsum(lengths), starts, side="right")
    return docs, starts, ends


def _crf_span_scores(
    logits: np.ndarray,
    lengths: Sequence[int],
    columns: np.ndarray,
    spans: Tuple[np.ndarray, np.ndarray, np.ndarray],
    crf: Transitions,
    allowed: Optional[np.ndarray],
) -> np.ndarray:
    """Return the probability of each span over all valid tag sequences, float64."""
    docs, starts, ends = spans
    kernel = get_kernel()
    if kernel is not None and logits.dtype == np.float32:
        logits = np.ascontiguousarray(logits)
        scores = kernel.crf_span_scores(
            logits, lengths, crf, columns, *spans, allowed, MIN_TOTAL
        )
        if scores is not None:
            return scores
    counts = np.asarray(lengths, dtype=np.int64)
    used = np.zeros(len(counts), dtype=bool)
    used[docs] = True
    rows = np.flatnonzero(np.repeat(used, counts))
    skipped = np.cumsum(np.where(used, 0, counts))[docs]
    return span_probabilities(
        _emissions(logits, rows, allowed),
        counts[used],
        crf,
        columns[rows],
        starts - skipped,
        ends - skipped,
    )


def _span_scores(
    logits: np.ndarray,
    columns: np.ndarray,
    starts: np.ndarray,
    ends: np.ndarray,
    allowed: Optional[np.ndarray],
) -> np.ndarray:
    """Return the product of the tokens' probabilities in each span, float64."""
    kernel = get_kernel()
    if kernel is not None and logits.dtype == np.float32:
        logits = np.ascontiguousarray(logits)
        scores: np.ndarray = kernel.span_scores(logits, columns, starts, ends, allowed)
        return scores
    rows, begins = ranges(starts, ends)
    log_probs = log_softmax(_emissions(logits, rows, allowed))
    along = log_probs[np.arange(len(rows)), columns[rows]]
    return np.exp(np.add.reduceat(along, begins))


def _restricted(docs: Sequence[Doc]) -> List[bool]:
    """Return whether each Doc has whitespace tokens or any entity annotation."""
    kernel = get_kernel()
    if kernel is not None:
        some: List[bool] = kernel.has_spaces_or_entities(docs)
        return some
    # Most Docs have neither. This check takes a quarter of the time of `to_array`, and
    # works for flags as well.
    return [doc.has_annotation(IS_SPACE) or has_entities_set(doc) for doc in docs]


@lru_cache(maxsize=8)
def grammar_of(tags: Tuple[str, ...]) -> TagGrammar:
    """Return the BILUO constraints of tags; see `tag_grammar`."""
    return tag_grammar(tags)


@lru_cache(maxsize=8)
def _lattice(tags: Tuple[str, ...]) -> Tuple[TagGrammar, Transitions]:
    """BILUO constraints, and the transitions of a softmax."""
    grammar = grammar_of(tags)
    return grammar, grammar_transitions(grammar)


@lru_cache(maxsize=8)
def _edges(tags: Tuple[str, ...]) -> Tuple[np.ndarray, np.ndarray]:
    """Tags that start an entity and tags that end one, bool [n_tags] each."""
    opens = np.array([tag[0] in "BU" for tag in tags])
    closes = np.array([tag[0] in "LU" for tag in tags])
    return opens, closes


@lru_cache(maxsize=8)
def _inside(tags: Tuple[str, ...]) -> np.ndarray:
    """Tags that neither start nor end an entity, bool [n_tags]."""
    return np.array([tag[0] not in "BLU" for tag in tags])


def _restrict(allowed: np.ndarray, doc: Doc, tags: Tuple[str, ...]) -> None:
    """Set a Doc's rows of the mask."""
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


def _emissions(
    logits: np.ndarray, rows: np.ndarray, allowed: Optional[np.ndarray]
) -> np.ndarray:
    """Scores of some rows, float64; impossible where not allowed."""
    mask = None if allowed is None else allowed[rows]
    return constrain(logits.take(rows, axis=0), mask)
