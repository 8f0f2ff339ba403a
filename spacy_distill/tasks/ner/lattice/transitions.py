"""What scores a tag sequence: emissions plus transitions."""

from functools import cached_property
from typing import NamedTuple, Optional, Sequence

import numpy as np

from ..tags import TagGrammar

# Finite stand-in for minus infinity: exp() of it is 0 and differences stay numbers.
IMPOSSIBLE = -1e30
# By what scores are multiplied so that the best sequence stands out among all.
SHARPNESS = 16.0
# Leads must be this much larger than needed, so that rounding decides nothing.
_MARGIN = 1e-3


def possible(scores: np.ndarray) -> np.ndarray:
    """Which scores belong to anything possible, bool of the same shape."""
    # Far above IMPOSSIBLE, because a temperature above 1 brings that nearer to 0.
    out: np.ndarray = scores > IMPOSSIBLE * 1e-15
    return out


class _Arrays(NamedTuple):
    start: np.ndarray
    follow: np.ndarray
    end: np.ndarray


class Transitions(_Arrays):
    """Scores of starting with, moving between and ending with tags, float64.

    start: [n_tags]. follow: [n_tags, n_tags], row before column. end: [n_tags].
    They are not to be changed: what follows from them is computed once.
    """

    @cached_property
    def leads(self) -> np.ndarray:
        """The most by which transitions into a tag, and out of it at the end of an
        entity, can be better than those of an `O` in its place, [n_tags]. `O` is the
        first tag."""
        start, follow, end = self
        allowed = possible(follow)
        outside = np.where(allowed[:, 0], follow[:, 0], follow[0, 0])
        into = np.where(allowed, follow - outside[:, None], -np.inf).max(axis=0)
        into = np.where(possible(start), np.maximum(into, start - start[0]), into)
        shared = allowed & allowed[0]
        out = np.where(shared, follow - follow[0], -np.inf).max(axis=1)
        out = np.maximum(out, end - end[0])
        # The way on within an entity belongs to the tag it leads to.
        leads: np.ndarray = into + np.where(possible(end), out, 0.0)
        return leads

    @cached_property
    def needed(self) -> np.ndarray:
        """By how much each tag must lead each other one at a token so that no
        transitions can make up for it, float32 [n_tags, n_tags], leader before
        follower. A possible sequence whose tags all lead by as much is the best."""
        start, follow, end = self
        arrivals = np.vstack([start, follow])
        arrives = possible(arrivals)
        most = np.where(arrives, arrivals, -np.inf).max(axis=0)
        least = np.where(arrives, arrivals, np.inf).min(axis=0)
        # A token's tag has to answer for the way to it, and for the way on where the
        # next token's tag is the same.
        departures = np.column_stack([follow, end])
        goes = possible(departures)
        gains = np.where(goes, departures, -np.inf) - departures[:, None]
        gains = np.where(goes[:, None], gains, -np.inf).max(axis=2)
        needed = most - least[:, None] + np.maximum(gains, 0.0)
        np.fill_diagonal(needed, -np.inf)
        return (needed + _MARGIN).astype(np.float32)

    @cached_property
    def inside(self) -> "Transitions":
        """The same where starting and ending score nothing."""
        none = np.zeros_like(self.start)
        return Transitions(none, self.follow, none)

    @cached_property
    def sharp(self) -> "Transitions":
        """The same at the temperature at which best sequences stand out."""
        return Transitions(*(part * SHARPNESS for part in self))

    @cached_property
    def weights(self) -> np.ndarray:
        """Exponentials of `follow`, but for a factor, [n_tags, n_tags]."""
        weights: np.ndarray = np.exp(self.follow - self.follow.max())
        return weights

    @cached_property
    def moves(self) -> np.ndarray:
        """What `path_sums` multiplies its sums by from step to step, forward and
        backward, [2 * n_tags, 2 * n_tags]."""
        none = np.zeros_like(self.weights)
        return np.block([[self.weights, none], [none, self.weights.T]])

    @cached_property
    def edges(self) -> np.ndarray:
        """What it begins with, forward and backward, [2 * n_tags]."""
        edges = [np.exp(part - part.max()) for part in (self.start, self.end)]
        return np.concatenate(edges)


def grammar_transitions(
    grammar: TagGrammar, learned: Optional[Sequence[np.ndarray]] = None
) -> Transitions:
    """Transitions that forbid what the grammar forbids.

    learned: (start, follow, end) of a CRF; zeros when None, which makes the
        lattice a softmax classifier restricted to valid sequences.
    """
    if learned is None:
        return Transitions(*(np.where(part, 0.0, IMPOSSIBLE) for part in grammar))
    return Transitions(*(constrain(*pair) for pair in zip(learned, grammar)))


def constrain(emissions: np.ndarray, allowed: Optional[np.ndarray]) -> np.ndarray:
    """Scores, as emissions [n_tokens, n_tags], in float64; impossible where not
    `allowed`."""
    emissions = np.asarray(emissions, dtype=np.float64)
    return emissions if allowed is None else np.where(allowed, emissions, IMPOSSIBLE)
