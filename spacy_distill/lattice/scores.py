"""What scores a tag sequence: emissions plus transitions."""

from functools import cached_property
from typing import NamedTuple, Optional, Sequence

import numpy as np

from ..tags import TagGrammar

# Finite stand-in for minus infinity: exp() of it is 0 and differences stay numbers.
IMPOSSIBLE = -1e30


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
    def shifted(self) -> "Transitions":
        """The same with none above 0, which changes no sequence's share."""
        return Transitions(*(part - part.max() for part in self))

    @cached_property
    def weights(self) -> np.ndarray:
        """Exponentials of moving on, and of moving back, [2, n_tags, n_tags]."""
        follow = np.exp(self.follow)
        return np.stack([follow, follow.T])

    @cached_property
    def edges(self) -> np.ndarray:
        """Exponentials of start and end, [2, n_tags]."""
        return np.exp(np.stack([self.start, self.end]))


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
