"""The best valid tags: at once where they are plain, else by search."""

from typing import Optional, Sequence

import numpy as np

from ..tags import TagGrammar
from .search import search
from .transitions import Transitions, constrain


def decode(
    logits: np.ndarray,
    lengths: Sequence[int],
    *,
    grammar: TagGrammar,
    transitions: Transitions,
    is_crf: bool,
    allowed: Optional[np.ndarray] = None,
) -> np.ndarray:
    """The best valid tags, int64 [n_tokens], of sentences one after the other.

    logits: [n_tokens, n_tags], `O` first. allowed: the tags each token may have, bool
        of the same shape; None for all.

    A softmax decides token by token, so where its best tags are valid as they
    stand they are the best valid sequence. So they are with a CRF, where they lead by
    more than its transitions can make up for. The search runs for the rest only.
    """
    counts = np.asarray(lengths, dtype=np.int64)
    tags: np.ndarray = logits.argmax(axis=1)
    valid = _valid(tags, counts, grammar, allowed)
    if is_crf:
        valid &= _leads(logits, tags, transitions)
    wrong = np.flatnonzero(~valid)
    if len(wrong):
        redo = np.zeros(len(counts), dtype=bool)
        redo[np.searchsorted(np.cumsum(counts), wrong, side="right")] = True
        rows = np.flatnonzero(np.repeat(redo, counts))
        mask = None if allowed is None else allowed[rows]
        emissions = constrain(logits.take(rows, axis=0), mask)
        tags[rows] = search(emissions, counts[redo], transitions)
    return tags


def _valid(
    tags: np.ndarray,
    counts: np.ndarray,
    grammar: TagGrammar,
    allowed: Optional[np.ndarray],
) -> np.ndarray:
    """Tags that keep to constraint and grammar, next to the one before, bool
    [n_tokens]."""
    filled = counts[counts > 0]
    lasts = np.cumsum(filled) - 1
    firsts = lasts - filled + 1
    valid = np.ones(len(tags), dtype=bool)
    valid[1:] = grammar.follow[tags[:-1], tags[1:]]
    # A sentence's first token follows nothing.
    valid[firsts] = grammar.start[tags[firsts]]
    valid[lasts] &= grammar.end[tags[lasts]]
    if allowed is not None:
        valid &= allowed[np.arange(len(tags)), tags]
    return valid


def _leads(
    logits: np.ndarray, tags: np.ndarray, transitions: Transitions
) -> np.ndarray:
    """Tokens whose best tag is far enough ahead of all others, bool [n_tokens]."""
    rows = np.arange(len(tags))
    reached = transitions.needed.take(tags, axis=0)
    reached += logits
    out: np.ndarray = reached[rows, reached.argmax(axis=1)] < logits[rows, tags]
    return out
