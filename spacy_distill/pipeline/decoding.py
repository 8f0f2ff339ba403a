"""From logits to entities: always whole, never on white space, presets kept."""

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from spacy.attrs import ENT_IOB, IS_SPACE
from spacy.tokens import Doc

from ..lattice.forward_backward import forward_backward
from ..lattice.scores import Transitions, constrain
from ..lattice.spans import span_probability, span_tags
from ..losses.softmax import log_softmax

_ATTRIBUTES = [IS_SPACE, ENT_IOB]


class ScoredSpan(NamedTuple):
    """An entity: tokens start to end (exclusive), label and probability."""

    start: int
    end: int
    label: str
    score: float


def allowed_tags(
    docs: Sequence[Doc], tags: Sequence[str]
) -> List[Optional[np.ndarray]]:
    """Which tags each token of each Doc may have, bool [n_tokens, n_tags]; None for
    all. No Doc may be empty.

    White space neither starts nor ends an entity. Preset entities keep their
    tags; one with a label that is not among the tags is O here, and so are
    blocked tokens (`doc.set_ents(blocked=...)`).
    """
    attributes = [doc.to_array(_ATTRIBUTES) for doc in docs]
    lengths = [len(doc) for doc in docs]
    # Most Docs have neither, so they are sorted out all at once.
    starts: np.ndarray = np.cumsum(lengths, dtype=np.int64) - lengths
    found = np.maximum.reduceat(np.concatenate(attributes).max(axis=1), starts)
    return [
        _allowed_tags(doc, array, tags) if some else None
        for doc, array, some in zip(docs, attributes, found.tolist())
    ]


def _allowed_tags(
    doc: Doc, attributes: np.ndarray, tags: Sequence[str]
) -> Optional[np.ndarray]:
    spaces, preset = attributes[:, 0] == 1, attributes[:, 1] % 2 == 1
    if not spaces.any() and not preset.any():
        return None
    allowed = np.ones((len(doc), len(tags)), dtype=bool)
    edges = np.array([tag[0] in "BLU" for tag in tags])
    allowed[spaces] = ~edges
    allowed[preset] = False
    columns = {tag: i for i, tag in enumerate(tags)}
    allowed[preset, columns["O"]] = True
    for ent in doc.ents:
        path = span_tags(len(ent), ent.label_)
        if columns.keys() >= set(path):
            rows = np.arange(ent.start, ent.end)
            allowed[rows] = False
            allowed[rows, [columns[tag] for tag in path]] = True
    return allowed


def blocked_tokens(doc: Doc) -> List[int]:
    """Tokens that may not be part of an entity: begun, but with no label."""
    return [t.i for t in doc if t.ent_iob == 3 and not t.ent_type]


def score_spans(
    logits: np.ndarray,
    lengths: Sequence[int],
    tags: np.ndarray,
    *,
    names: Sequence[str],
    transitions: Transitions,
    is_crf: bool,
    allowed: Sequence[Optional[np.ndarray]],
) -> List[List[ScoredSpan]]:
    """Entities of each Doc with their probabilities.

    CRF: the exact probability, over all valid sequences. Softmax: the product of
    the tokens' probabilities along the decoded path. Preset entities have 1.
    """
    out: List[List[ScoredSpan]] = [[] for _ in lengths]
    found = _find_spans(tags, names, lengths)
    if not len(found.starts):
        return out
    emissions = _Emissions(logits, allowed, found.bounds)
    if is_crf:
        scores = _exact_probabilities(emissions, tags, found, transitions)
    else:
        scores = _products(emissions, tags, found)
    begins = found.starts - found.bounds[found.sentences]
    for span, sentence, begin, length, score in zip(
        found.starts.tolist(),
        found.sentences.tolist(),
        begins.tolist(),
        (found.ends - found.starts).tolist(),
        scores.tolist(),
    ):
        label = names[tags[span]][2:]
        out[sentence].append(ScoredSpan(begin, begin + length, label, score))
    return out


class _Spans(NamedTuple):
    """Rows where spans start and end (exclusive), the sentences they are in, and the
    first row of each sentence, with that behind the last."""

    starts: np.ndarray
    ends: np.ndarray
    sentences: np.ndarray
    bounds: np.ndarray


def _find_spans(
    tags: np.ndarray, names: Sequence[str], lengths: Sequence[int]
) -> _Spans:
    # In valid tags as many begin as end, and in the same order.
    starts = np.flatnonzero(np.array([name[0] in "BU" for name in names])[tags])
    ends = np.flatnonzero(np.array([name[0] in "LU" for name in names])[tags]) + 1
    bounds = np.concatenate([[0], np.cumsum(lengths)])
    return _Spans(
        starts, ends, np.searchsorted(bounds, starts, side="right") - 1, bounds
    )


class _Emissions:
    """Scores of the rows asked for, float64; impossible where not allowed."""

    def __init__(
        self,
        logits: np.ndarray,
        allowed: Sequence[Optional[np.ndarray]],
        bounds: np.ndarray,
    ) -> None:
        self.logits = logits
        self.masks = [(i, mask) for i, mask in enumerate(allowed) if mask is not None]
        self.bounds = bounds

    def __getitem__(self, rows: np.ndarray) -> np.ndarray:
        emissions = constrain(self.logits[rows], None)
        for sentence, mask in self.masks:
            first, end = self.bounds[sentence : sentence + 2]
            here = (first <= rows) & (rows < end)
            emissions[here] = constrain(emissions[here], mask[rows[here] - first])
        return emissions


def _products(emissions: _Emissions, tags: np.ndarray, found: _Spans) -> np.ndarray:
    """Of the probabilities of each span's tokens along the path, [n_spans]."""
    rows, firsts = _ranges(found.starts, found.ends)
    log_probs = log_softmax(emissions[rows])[np.arange(len(rows)), tags[rows]]
    out: np.ndarray = np.exp(np.add.reduceat(log_probs, firsts))
    return out


def _exact_probabilities(
    emissions: _Emissions, tags: np.ndarray, found: _Spans, transitions: Transitions
) -> np.ndarray:
    """Of each span, over all valid sequences of its sentence, [n_spans]."""
    used, place = np.unique(found.sentences, return_inverse=True)
    rows, firsts = _ranges(found.bounds[used], found.bounds[used + 1])
    here = emissions[rows]
    lengths = np.diff(found.bounds)[used]
    result = forward_backward(here, lengths.tolist(), transitions)
    moved = found.starts - found.bounds[found.sentences] + firsts[place]
    return np.array(
        [
            span_probability(here, transitions, result, tags[start:end].tolist(), row)
            for start, end, row in zip(found.starts, found.ends, moved.tolist())
        ]
    )


def _ranges(starts: np.ndarray, ends: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """All rows from each start to its end, and where among them each range begins."""
    lengths = ends - starts
    firsts = np.cumsum(lengths) - lengths
    return np.repeat(starts - firsts, lengths) + np.arange(lengths.sum()), firsts
