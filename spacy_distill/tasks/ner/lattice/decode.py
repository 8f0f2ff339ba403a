"""Viterbi decoding, limited to tokens whose tags are ambiguous."""

from typing import Optional, Sequence, Tuple

import numpy as np

from ....arrays import Packing
from ....kernel import get_kernel
from ..tags import TagGrammar
from .path_sums import path_sums, reliable
from .transitions import IMPOSSIBLE, SHARPNESS, Transitions, constrain


def viterbi(
    emissions: np.ndarray, lengths: Sequence[int], transitions: Transitions
) -> np.ndarray:
    """Find the highest-scoring tags of each sequence by the Viterbi algorithm.

    Args:
        emissions: float64 [n_tokens, n_tags], concatenated sequences.
        lengths: Number of tokens of each sequence.
        transitions: Scores of transitions.

    Returns:
        Tag columns, int64 [n_tokens].
    """
    packing = Packing(lengths)
    steps = list(packing.steps())
    # Becomes the score of the best path up to each tag, step by step.
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
    # Most tags are on no best path, so instead of storing backpointers for all tags,
    # the argmax is recomputed along the best path.
    lead = np.ascontiguousarray(transitions.follow.T)
    packed = np.zeros(len(emissions), dtype=np.int64)
    following = packed[:0]
    for start, end, size in reversed(steps):
        paths = best[start:end]
        running = len(following)
        if running:
            paths[:running] += lead.take(following, axis=0)
        if running < size:
            paths[running:] += transitions.end
        following = packed[start:end]
        paths.argmax(axis=1, out=following)
    tags = np.empty_like(packed)
    tags[packing.rows] = packed
    return tags


# Upper bound for the summed uncertainty of a best sequence's tokens. It is less than
# one half, so that rounding has no effect.
_MAX_UNCERTAINTY = 0.4


def best_paths(
    emissions: np.ndarray, lengths: np.ndarray, transitions: Transitions
) -> np.ndarray:
    """Find the highest-scoring tags of each sequence, by sums where they suffice.

    A sequence that has more than half of the probability mass, at whatever temperature,
    is the best one. At a low temperature nearly all best sequences do, and computing
    sums takes a third of the time of the Viterbi algorithm. The latter decodes the
    remaining sequences.

    Args:
        emissions: float64 [n_tokens, n_tags], concatenated sequences.
        lengths: int64 [n_sequences], none of them 0.
        transitions: Scores of transitions.

    Returns:
        Tag columns, int64 [n_tokens].
    """
    sums = path_sums(emissions * SHARPNESS, lengths, transitions.sharp)
    products = sums.to * sums.on
    tags: np.ndarray = products.argmax(axis=1)
    totals = products.dot(np.ones(products.shape[1]))
    others = totals - products[np.arange(len(tags)), tags]
    doubts = np.ones_like(totals)
    np.divide(others, totals, out=doubts, where=reliable(totals))
    firsts = np.cumsum(lengths) - lengths
    doubtful = np.add.reduceat(doubts, firsts) > _MAX_UNCERTAINTY
    if doubtful.any():
        rows = np.flatnonzero(np.repeat(doubtful, lengths))
        rest = emissions.take(rows, axis=0)
        tags[rows] = viterbi(rest, lengths[doubtful].tolist(), transitions)
    return tags


_OUTSIDE = 0
# Margin of the bound, so that rounding has no effect.
_OUTSIDE_MARGIN = 1e-3
# Limits that keep sums of gains exact enough for the margin: smaller gains are clipped,
# and the bound is not used if there are larger ones.
_MIN_GAIN, _MAX_GAIN = -50.0, 1e4
# Inputs of at most this many tokens skip the bound, which takes longer than it saves.
_SMALL_INPUT = 40


def search(
    emissions: np.ndarray, lengths: np.ndarray, transitions: Transitions
) -> np.ndarray:
    """Find the highest-scoring tags of each sequence.

    Unambiguous `O` tokens are resolved first, with exact bounds. The segments between
    them are then decoded by `best_paths`.

    Args:
        emissions: float64 [n_tokens, n_tags], concatenated sequences; column 0 is `O`.
        lengths: int64 [n_sequences].
        transitions: Scores of transitions.

    Returns:
        Tag columns, int64 [n_tokens].
    """
    lengths = lengths[lengths > 0]
    if len(emissions) <= _SMALL_INPUT:
        return best_paths(emissions, lengths, transitions)
    open_ = np.flatnonzero(~outside_for_sure(emissions, transitions))
    tags = np.full(len(emissions), _OUTSIDE)
    if not len(open_):
        return tags
    ends = np.cumsum(lengths)
    # A segment ends at the end of a sentence and before a token that is resolved.
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
    # Emissions already include the transitions at both ends of a segment.
    tags[open_] = best_paths(pieces, finals - firsts + 1, transitions.inside)
    return tags


def outside_for_sure(emissions: np.ndarray, transitions: Transitions) -> np.ndarray:
    """Find tokens that are certainly `O` in the best sequence, with an exact bound.

    Replacing an entity by `O` changes the score by what its tokens lose. A token loses
    at most its gain: the score of its best other tag minus that of `O`, plus the most
    that transitions can add. If the gains of every range of tokens around a token have
    a negative sum, no entity contains the token. This is the case where the running sum
    of gains falls below all earlier values and never rises to them again.

    Args:
        emissions: float64 [n_tokens, n_tags]; column 0 is `O`.
        transitions: Scores of transitions.

    Returns:
        bool [n_tokens].
    """
    gains = (emissions[:, 1:] + transitions.leads[1:]).max(axis=1, initial=IMPOSSIBLE)
    gains -= emissions[:, _OUTSIDE]
    if not len(gains) or gains.max() > _MAX_GAIN:
        return np.zeros(len(gains), dtype=bool)
    # Ranges that cross a sentence boundary only loosen the bound.
    sums = np.cumsum(np.maximum(gains, _MIN_GAIN))
    before = np.minimum.accumulate(np.append(0.0, sums[:-1]))
    following = np.maximum.accumulate(sums[::-1])[::-1]
    out: np.ndarray = following < before - _OUTSIDE_MARGIN
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
    """Find the best valid tags of sentences.

    For a softmax, the highest-scoring tags of a sentence are its best sequence if they
    are valid. For a CRF, they also must lead by more than transitions can make up for.
    Only the other sentences are searched.

    Args:
        logits: [n_tokens, n_tags], concatenated sentences; column 0 is `O`.
        lengths: Number of tokens of each sentence.
        grammar: The constraints of the tag scheme.
        transitions: Scores of transitions.
        is_crf: Whether the transitions are those of a CRF.
        allowed: Tags that each token may have, bool [n_tokens, n_tags]; None for all.

    Returns:
        Tag columns, int64 [n_tokens].
    """
    needed = transitions.needed if is_crf else None
    kernel = get_kernel()
    if kernel is not None and logits.dtype == np.float32:
        logits = np.ascontiguousarray(logits)
        best: np.ndarray = kernel.decode(
            logits, lengths, grammar, transitions, needed, allowed
        )
        return best
    tags, redo = _best_tags(logits, lengths, grammar, needed, allowed)
    if redo.any():
        counts = np.asarray(lengths, dtype=np.int64)
        rows = np.flatnonzero(np.repeat(redo, counts))
        mask = None if allowed is None else allowed[rows]
        emissions = constrain(logits.take(rows, axis=0), mask)
        tags[rows] = search(emissions, counts[redo], transitions)
    return tags


def _best_tags(
    logits: np.ndarray,
    lengths: Sequence[int],
    grammar: TagGrammar,
    needed: Optional[np.ndarray],
    allowed: Optional[np.ndarray],
) -> Tuple[np.ndarray, np.ndarray]:
    """Find the highest-scoring tags, and the sentences to search.

    Args:
        logits: [n_tokens, n_tags], concatenated sentences.
        lengths: Number of tokens of each sentence.
        grammar: The constraints of the tag scheme.
        needed: Leads that a tag must have over each other, [n_tags, n_tags]; None for
            none.
        allowed: Tags that each token may have, bool [n_tokens, n_tags]; None for all.

    Returns:
        Tag columns, int64 [n_tokens], and whether they may not be the best valid ones,
        bool [n_sentences].
    """
    counts = np.asarray(lengths, dtype=np.int64)
    tags = logits.argmax(axis=1)
    valid = _valid(tags, counts, grammar, allowed)
    if needed is not None:
        valid &= _has_margin(logits, tags, needed)
    redo = np.zeros(len(counts), dtype=bool)
    wrong = np.flatnonzero(~valid)
    redo[np.searchsorted(np.cumsum(counts), wrong, side="right")] = True
    return tags, redo


def _valid(
    tags: np.ndarray,
    counts: np.ndarray,
    grammar: TagGrammar,
    allowed: Optional[np.ndarray],
) -> np.ndarray:
    """Return which tags are allowed and may follow the previous, bool [n_tokens]."""
    filled = counts[counts > 0]
    lasts = np.cumsum(filled) - 1
    firsts = lasts - filled + 1
    valid = np.ones(len(tags), dtype=bool)
    valid[1:] = grammar.follow[tags[:-1], tags[1:]]
    # The first token of a sentence has no previous one.
    valid[firsts] = grammar.start[tags[firsts]]
    valid[lasts] &= grammar.end[tags[lasts]]
    if allowed is not None:
        valid &= allowed[np.arange(len(tags)), tags]
    return valid


def _has_margin(logits: np.ndarray, tags: np.ndarray, needed: np.ndarray) -> np.ndarray:
    """Return tokens whose best tag no transitions can change, bool [n_tokens]."""
    rows = np.arange(len(tags))
    reached = needed.take(tags, axis=0)
    reached += logits
    out: np.ndarray = reached[rows, reached.argmax(axis=1)] < logits[rows, tags]
    return out
