"""The best tag sequence, searched for only where it is not plain.

Most tokens are so clearly outside any entity that no sequence with an entity over them
can be the best. They are told beforehand, by a bound, and cut sentences into short
pieces, which are then worked through side by side.
"""

import numpy as np

from .best_paths import best_paths
from .transitions import IMPOSSIBLE, Transitions

_OUTSIDE = 0
# By how much `O` must win, so that rounding decides nothing.
_MARGIN = 1e-3
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
    out: np.ndarray = behind < before - _MARGIN
    return out
