"""Find the best valid tag sequences, by search only where they are ambiguous."""

from typing import Optional, Sequence

import numpy as np

from ....arrays import Packing
from ..tags import TagGrammar
from .path_sums import path_sums, reliable
from .transitions import IMPOSSIBLE, SHARPNESS, Transitions, constrain


def viterbi(
    emissions: np.ndarray, lengths: Sequence[int], transitions: Transitions
) -> np.ndarray:
    """The highest-scoring tags of each sequence, int64 [n_tokens].

    emissions: float64 [n_tokens, n_tags], sequences one after the other.
    """
    packing = Packing(lengths)
    steps = list(packing.steps())
    # Scores of the best paths up to each tag, once each step has added its own.
    best = emissions.take(packing.rows, axis=0)
    previous = best[:0]
    for start, end, size in steps:
        current = best[start:end]
        if start:
            paths = previous[:size, :, None] + transitions.follow
            current += np.maximum.reduce(paths, axis=1)
        else:
            current += transitions.start
        previous = current
    # Most tags are on no best path, so where a path came from is asked for its own.
    lead = np.ascontiguousarray(transitions.follow.T)
    packed = np.zeros(len(emissions), dtype=np.int64)
    behind = packed[:0]
    for start, end, size in reversed(steps):
        paths = best[start:end]
        running = len(behind)
        if running:
            paths[:running] += lead.take(behind, axis=0)
        if running < size:
            paths[running:] += transitions.end
        behind = packed[start:end]
        paths.argmax(axis=1, out=behind)
    tags = np.empty_like(packed)
    tags[packing.rows] = packed
    return tags


# Of all doubts about its tokens, what a sequence may have to be the best: less than
# half, so that rounding decides nothing.
_DOUBT = 0.4


def best_paths(
    emissions: np.ndarray, lengths: np.ndarray, transitions: Transitions
) -> np.ndarray:
    """The highest-scoring tags of each sequence, int64 [n_tokens].

    emissions: float64 [n_tokens, n_tags], sequences one after the other. lengths:
        int64 [n_sequences], none 0.

    A sequence that has more than half of the probability is the best, at any
    temperature. At a low one nearly all best sequences have, and sums take a third of
    the time of Viterbi's algorithm, which is left with the rest.
    """
    sums = path_sums(emissions * SHARPNESS, lengths, transitions.sharp)
    products = sums.to * sums.on
    tags: np.ndarray = products.argmax(axis=1)
    totals = products.dot(np.ones(products.shape[1]))
    others = totals - products[np.arange(len(tags)), tags]
    doubts = np.ones_like(totals)
    np.divide(others, totals, out=doubts, where=reliable(totals))
    firsts = np.cumsum(lengths) - lengths
    doubtful = np.add.reduceat(doubts, firsts) > _DOUBT
    if doubtful.any():
        rows = np.flatnonzero(np.repeat(doubtful, lengths))
        rest = emissions.take(rows, axis=0)
        tags[rows] = viterbi(rest, lengths[doubtful].tolist(), transitions)
    return tags


_OUTSIDE = 0
# By how much `O` must win, so that rounding decides nothing.
_OUTSIDE_MARGIN = 1e-3
# Sums of gains stay exact enough for the margin: nothing below the first counts as
# less, and nothing is cut if anything is above the second.
_LEAST, _MOST = -50.0, 1e4
# Among so few tokens the bound takes longer than what it saves.
_FEW = 40


def search(
    emissions: np.ndarray, lengths: np.ndarray, transitions: Transitions
) -> np.ndarray:
    """The highest-scoring tags of each sequence, int64 [n_tokens].

    emissions: float64 [n_tokens, n_tags], sequences one after the other, `O` first.
    lengths: int64 [n_sequences].
    """
    lengths = lengths[lengths > 0]
    if len(emissions) <= _FEW:
        return best_paths(emissions, lengths, transitions)
    open_ = np.flatnonzero(~outside_for_sure(emissions, transitions))
    tags = np.full(len(emissions), _OUTSIDE)
    if not len(open_):
        return tags
    ends = np.cumsum(lengths)
    # Pieces end where a sentence ends, and before the next token is left out.
    is_last = np.zeros(len(emissions), dtype=bool)
    is_last[ends - 1] = True
    is_first = np.zeros(len(emissions), dtype=bool)
    is_first[ends - lengths] = True
    breaks = (np.diff(open_) > 1) | is_last[open_[:-1]]
    finals = np.append(np.flatnonzero(breaks), len(open_) - 1)
    firsts = np.append(0, finals[:-1] + 1)
    pieces = emissions.take(open_, axis=0)
    pieces[firsts] += np.where(
        is_first[open_[firsts], None], transitions.start, transitions.follow[_OUTSIDE]
    )
    pieces[finals] += np.where(
        is_last[open_[finals], None], transitions.end, transitions.follow[:, _OUTSIDE]
    )
    # What a piece starts and ends with is in its emissions.
    tags[open_] = best_paths(pieces, finals - firsts + 1, transitions.inside)
    return tags


def outside_for_sure(emissions: np.ndarray, transitions: Transitions) -> np.ndarray:
    """Tokens that are `O` in the best sequence, told by a bound, bool [n_tokens].

    Putting `O` in the place of an entity changes the score by what its tokens lose, and
    no token loses more than its gain: its best other tag over `O`, with the most that
    transitions can add. So where the gains of every range of tokens around a token sum
    to less than nothing, no entity is there. That is where the running sum of gains
    falls below all before it, never to come back.
    """
    gains = (emissions[:, 1:] + transitions.leads[1:]).max(axis=1, initial=IMPOSSIBLE)
    gains -= emissions[:, _OUTSIDE]
    if not len(gains) or gains.max() > _MOST:
        return np.zeros(len(gains), dtype=bool)
    # Ranges over a sentence's edge only make the bound wider.
    sums = np.cumsum(np.maximum(gains, _LEAST))
    before = np.minimum.accumulate(np.append(0.0, sums[:-1]))
    behind = np.maximum.accumulate(sums[::-1])[::-1]
    out: np.ndarray = behind < before - _OUTSIDE_MARGIN
    return out


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
