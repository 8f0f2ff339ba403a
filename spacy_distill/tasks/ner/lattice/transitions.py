"""Transition scores of tag sequences, and quantities derived from them."""

from functools import cached_property
from typing import NamedTuple, Optional, Sequence

import numpy as np

from ..tags import TagGrammar

# Finite replacement for minus infinity: exp() is 0 and differences are not NaN.
IMPOSSIBLE = -1e30
# Inverse temperature at which the best sequence has nearly all probability mass.
SHARPNESS = 16.0
# Added to required leads, so that rounding has no effect.
_MARGIN = 1e-3


def possible(scores: np.ndarray) -> np.ndarray:
    """Return which scores belong to possible tags or transitions.

    Args:
        scores: float64 of any shape.

    Returns:
        bool of the same shape.
    """
    # Far above IMPOSSIBLE, because temperatures above 1 scale it towards 0.
    out: np.ndarray = scores > IMPOSSIBLE * 1e-15
    return out


class _Arrays(NamedTuple):
    start: np.ndarray
    follow: np.ndarray
    end: np.ndarray


class Transitions(_Arrays):
    """Transition scores. They must not be changed, since derived quantities are cached.

    Attributes:
        start: Scores of first tags, float64 [n_tags].
        follow: Scores of moving from row to column, float64 [n_tags, n_tags].
        end: Scores of last tags, float64 [n_tags].
    """

    @cached_property
    def leads(self) -> np.ndarray:
        """Most that transitions can favor a tag over `O`, float64 [n_tags].

        It covers the transition into a tag and, at the end of an entity, the transition
        out of it. `O` is column 0.
        """
        start, follow, end = self
        allowed = possible(follow)
        outside = np.where(allowed[:, 0], follow[:, 0], follow[0, 0])
        into = np.where(allowed, follow - outside[:, None], -np.inf).max(axis=0)
        into = np.where(possible(start), np.maximum(into, start - start[0]), into)
        shared = allowed & allowed[0]
        out = np.where(shared, follow - follow[0], -np.inf).max(axis=1)
        out = np.maximum(out, end - end[0])
        # Transitions within an entity are counted for the tag they lead to.
        leads: np.ndarray = into + np.where(possible(end), out, 0.0)
        return leads

    @cached_property
    def needed(self) -> np.ndarray:
        """Leads that transitions cannot make up for, float32 [n_tags, n_tags].

        needed[i, j] is how much tag i must lead tag j at a token. A valid sequence
        whose tags all lead by as much is the best one.
        """
        start, follow, end = self
        arrivals = np.vstack([start, follow])
        arrives = possible(arrivals)
        most = np.where(arrives, arrivals, -np.inf).max(axis=0)
        least = np.where(arrives, arrivals, np.inf).min(axis=0)
        # A tag accounts for the transition into it, and for the transition out of it
        # where the tag of the next token is unchanged.
        departures = np.column_stack([follow, end])
        goes = possible(departures)
        gains = np.where(goes, departures, -np.inf) - departures[:, None]
        gains = np.where(goes[:, None], gains, -np.inf).max(axis=2)
        needed = most - least[:, None] + np.maximum(gains, 0.0)
        np.fill_diagonal(needed, -np.inf)
        return (needed + _MARGIN).astype(np.float32)

    @cached_property
    def inside(self) -> "Transitions":
        """The same transitions with scores of 0 for starting and ending."""
        none = np.zeros_like(self.start)
        return Transitions(none, self.follow, none)

    @cached_property
    def sharp(self) -> "Transitions":
        """The scores multiplied by SHARPNESS."""
        return Transitions(*(part * SHARPNESS for part in self))

    @cached_property
    def weights(self) -> np.ndarray:
        """exp(follow) up to a factor, float64 [n_tags, n_tags]."""
        weights: np.ndarray = np.exp(self.follow - self.follow.max())
        return weights

    @cached_property
    def moves(self) -> np.ndarray:
        """Matrix of one step of `path_sums`, float64 [2 * n_tags, 2 * n_tags].

        Block-diagonal: forward, then backward.
        """
        none = np.zeros_like(self.weights)
        return np.block([[self.weights, none], [none, self.weights.T]])

    @cached_property
    def edges(self) -> np.ndarray:
        """First factors of `path_sums`, forward then backward, float64 [2 * n_tags]."""
        edges = [np.exp(part - part.max()) for part in (self.start, self.end)]
        return np.concatenate(edges)


def grammar_transitions(
    grammar: TagGrammar, learned: Optional[Sequence[np.ndarray]] = None
) -> Transitions:
    """Return transitions that forbid what the grammar forbids.

    Args:
        grammar: The constraints of the tag scheme.
        learned: (start, follow, end) of a CRF. None means zeros: the lattice is then a
            softmax classifier restricted to valid sequences.

    Returns:
        The learned scores, or zeros; IMPOSSIBLE where the grammar forbids a tag or
        a transition.
    """
    if learned is None:
        return Transitions(*(np.where(part, 0.0, IMPOSSIBLE) for part in grammar))
    return Transitions(*(constrain(*pair) for pair in zip(learned, grammar)))


def constrain(emissions: np.ndarray, allowed: Optional[np.ndarray]) -> np.ndarray:
    """Return scores in float64, IMPOSSIBLE where not allowed.

    Args:
        emissions: Scores of any shape.
        allowed: bool of the same shape; None allows all.

    Returns:
        float64 of the same shape.
    """
    emissions = np.asarray(emissions, dtype=np.float64)
    return emissions if allowed is None else np.where(allowed, emissions, IMPOSSIBLE)
