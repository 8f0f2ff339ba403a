"""The best valid tags: at once where they are plain, else by search."""

from typing import Optional, Sequence

import numpy as np

from ..tags import TagGrammar
from .scores import Transitions, constrain
from .search import search


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
    stand they are the best valid sequence; the search runs for the rest only.
    """
    counts = np.asarray(lengths, dtype=np.int64)
    if is_crf:
        return search(constrain(logits, allowed), counts, transitions)
    tags: np.ndarray = logits.argmax(axis=1)
    broken = _broken(tags, counts, grammar, allowed)
    if len(broken):
        redo = np.zeros(len(counts), dtype=bool)
        redo[broken] = True
        rows = np.flatnonzero(np.repeat(redo, counts))
        mask = None if allowed is None else allowed[rows]
        emissions = constrain(logits[rows], mask)
        tags[rows] = search(emissions, counts[redo], transitions)
    return tags


def _broken(
    tags: np.ndarray,
    counts: np.ndarray,
    grammar: TagGrammar,
    allowed: Optional[np.ndarray],
) -> np.ndarray:
    """Sentences whose best tags break grammar or constraint, some more than once."""
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
    wrong = np.flatnonzero(~valid)
    return np.searchsorted(np.cumsum(counts), wrong, side="right")
