"""What scores a tag sequence: emissions plus transitions."""

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


class Transitions(NamedTuple):
    """Scores of starting with, moving between and ending with tags, float64.

    start: [n_tags]. follow: [n_tags, n_tags], row before column. end: [n_tags].
    """

    start: np.ndarray
    follow: np.ndarray
    end: np.ndarray


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
