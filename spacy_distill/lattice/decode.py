"""The best valid tags: at once where they are plain, else by search."""

from typing import Optional, Sequence

import numpy as np

from ..tags import TagGrammar
from .scores import Transitions, constrain
from .viterbi import viterbi


def decode(
    logits: np.ndarray,
    lengths: Sequence[int],
    *,
    grammar: TagGrammar,
    transitions: Transitions,
    is_crf: bool,
    allowed: Sequence[Optional[np.ndarray]],
) -> np.ndarray:
    """The best valid tags, int64 [n_tokens], of sentences one after the other.

    logits: [n_tokens, n_tags]. allowed: per sentence, the tags each token may have,
        bool [n_tokens, n_tags]; None for all.

    A softmax decides token by token, so where its best tags are valid as they
    stand they are the best valid sequence; the search runs for the rest only.
    """
    tags: np.ndarray = logits.argmax(axis=1)
    counts = np.asarray(lengths, dtype=np.int64)
    redo = counts > 0 if is_crf else _broken(tags, counts, grammar, allowed)
    if redo.any():
        rows = np.repeat(redo, counts)
        masks = [
            _mask(allowed[i], int(counts[i]), logits.shape[1])
            for i in np.flatnonzero(redo).tolist()
        ]
        emissions = constrain(logits[rows], np.concatenate(masks))
        tags[rows] = viterbi(emissions, counts[redo].tolist(), transitions)
    return tags


def _mask(allowed: Optional[np.ndarray], n_tokens: int, n_tags: int) -> np.ndarray:
    return np.ones((n_tokens, n_tags), dtype=bool) if allowed is None else allowed


def _broken(
    tags: np.ndarray,
    counts: np.ndarray,
    grammar: TagGrammar,
    allowed: Sequence[Optional[np.ndarray]],
) -> np.ndarray:
    """Which sentences' best tags break grammar or constraint, bool [n_sentences]."""
    broken = np.zeros(len(counts), dtype=bool)
    filled = np.flatnonzero(counts)
    if not len(filled):
        return broken
    lasts = np.cumsum(counts[filled]) - 1
    firsts = lasts - counts[filled] + 1
    valid = np.ones(len(tags), dtype=bool)
    valid[1:] = grammar.follow[tags[:-1], tags[1:]]
    # A sentence's first token follows nothing.
    valid[firsts] = grammar.start[tags[firsts]]
    valid[lasts] &= grammar.end[tags[lasts]]
    sentence = np.repeat(np.arange(len(counts)), counts)
    broken[sentence[~valid]] = True
    for i, first, last in zip(filled.tolist(), firsts, lasts):
        mask = allowed[i]
        if mask is not None:
            rows = np.arange(last - first + 1)
            broken[i] |= not mask[rows, tags[first : last + 1]].all()
    return broken
