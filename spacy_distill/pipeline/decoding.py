"""From logits to entities: always whole, never on white space, presets kept."""

from typing import List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from spacy.attrs import ENT_IOB, IS_SPACE
from spacy.tokens import Doc

from ..lattice.forward_backward import forward_backward
from ..lattice.scores import Transitions, constrain
from ..lattice.spans import span_probability, span_tags, tags_to_spans
from ..losses.softmax import log_softmax


class ScoredSpan(NamedTuple):
    """An entity: tokens start to end (exclusive), label and probability."""

    start: int
    end: int
    label: str
    score: float


def allowed_tags(doc: Doc, tags: Sequence[str]) -> Optional[np.ndarray]:
    """Which tags each token may have, bool [n_tokens, n_tags]; None for all.

    White space neither starts nor ends an entity. Preset entities keep their
    tags; one with a label that is not among the tags is O here, and so are
    blocked tokens (`doc.set_ents(blocked=...)`).
    """
    spaces = doc.to_array(IS_SPACE).astype(bool)
    preset = doc.to_array(ENT_IOB) % 2 == 1
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
    counts = np.asarray(lengths, dtype=np.int64)
    firsts = np.cumsum(counts) - counts
    outside = names.index("O")
    has_entity = np.flatnonzero(tags != outside)
    out: List[List[ScoredSpan]] = [[] for _ in lengths]
    sentences = np.searchsorted(firsts + counts, has_entity, side="right")
    for i in np.unique(sentences).tolist():
        rows = slice(int(firsts[i]), int(firsts[i] + counts[i]))
        path = tags[rows]
        spans = tags_to_spans([names[tag] for tag in path])
        scores = _span_scores(
            logits[rows], path, spans, transitions, is_crf, allowed[i]
        )
        out[i] = [ScoredSpan(*span, score) for span, score in zip(spans, scores)]
    return out


def _span_scores(
    logits: np.ndarray,
    path: np.ndarray,
    spans: List[Tuple[int, int, str]],
    transitions: Transitions,
    is_crf: bool,
    allowed: Optional[np.ndarray],
) -> List[float]:
    emissions = constrain(logits, allowed)
    if is_crf:
        result = forward_backward(emissions, [len(path)], transitions)
        return [
            span_probability(
                emissions, transitions, result, path[start:end].tolist(), start
            )
            for start, end, _ in spans
        ]
    log_probs = log_softmax(emissions)
    return [
        float(np.exp(log_probs[np.arange(start, end), path[start:end]].sum()))
        for start, end, _ in spans
    ]
