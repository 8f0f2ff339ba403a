"""Tag probabilities of a transition-based `ner`: on one path, or over all of them."""

from typing import Dict, List, Sequence, Tuple

import numpy as np

from .transition_scores import ActionProbabilities

# Where a label's tags stand among its four columns.
_B, _I, _L = range(3)


def follow_path(actions: ActionProbabilities, path: np.ndarray) -> np.ndarray:
    """Return the probabilities of the tags at each token, given the path until there.

    path: int [n_tokens], the columns of the tags taken.
    Returns float64 [n_tokens, n_tags]; rows sum to 1.
    """
    out = actions.outside()
    labels, kinds = np.divmod(path - 1, 4)
    begins = (path > 0) & (kinds == _B)
    inside = np.flatnonzero((path > 0) & ((kinds == _I) | (kinds == _L)))
    starts = np.maximum.accumulate(np.where(begins, np.arange(len(path)), 0))[inside]
    going = actions.going_on(inside, starts)[np.arange(len(inside)), labels[inside]]
    columns = 1 + 4 * labels[inside]
    out[inside] = 0.0
    out[inside, columns + _I] = going
    out[inside, columns + _L] = 1.0 - going
    return out


def sum_paths(
    actions: ActionProbabilities, lengths: Sequence[int], *, density: float
) -> np.ndarray:
    """Return the probabilities of the tags at each token, over all paths.

    A path has the product of its actions' probabilities. What comes after an entity
    does not hang on what came before its end, so they can be summed token by token.

    lengths: tokens of each Doc, one after the other.
    density: an open entity less probable than this, given that nothing is open where
        it begins, is not followed any further: it ends there.
    Returns float64 [n_tokens, n_tags]; rows sum to 1.
    """
    out = actions.outside()
    columns = 1 + 4 * np.arange(out.shape[1] // 4)
    begun = out[:, columns + _B]
    open_ = np.where(begun >= density, begun, 0.0)
    staying = 1.0 - open_.sum(axis=1)
    starts = np.flatnonzero(open_.any(axis=1))
    open_ = open_[starts]
    steps: List[Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    ends: Dict[int, List[Tuple[int, float]]] = {}
    age = 0
    while len(starts):
        age += 1
        rows = starts + age
        going = open_ * actions.going_on(rows, starts)
        going[going < density] = 0.0
        ending = open_ - going
        steps.append((rows, starts, going, ending))
        for row, start, ended in zip(rows, starts, ending.sum(axis=1)):
            ends.setdefault(int(row), []).append((int(start), float(ended)))
        goes_on = going.any(axis=1)
        starts, open_ = starts[goes_on], going[goes_on]
    closed = _nothing_open(staying, ends, lengths)
    out *= closed[:, None]
    for rows, starts, going, ending in steps:
        weights = closed[starts][:, None]
        out[rows[:, None], columns + _I] += weights * going
        out[rows[:, None], columns + _L] += weights * ending
    return out


def _nothing_open(
    staying: np.ndarray,
    ends: Dict[int, List[Tuple[int, float]]],
    lengths: Sequence[int],
) -> np.ndarray:
    """Return, for each token, the probability that no entity is open before it.

    staying: float64 [n_tokens], that none is open behind it either.
    ends: by the last tokens of entities, their first tokens and their probabilities;
        both given that nothing is open where they begin.
    """
    closed = np.ones(len(staying))
    first = 0
    for length in lengths:
        for row in range(first, first + length - 1):
            ended = sum(closed[start] * share for start, share in ends.get(row, ()))
            closed[row + 1] = closed[row] * staying[row] + ended
        first += length
    return closed
