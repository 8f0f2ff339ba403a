"""Loss terms of a CRF: likelihood of a path, divergence of the posterior."""

from typing import Optional, Sequence, Tuple

import numpy as np

from ...arrays import log_softmax
from ...errors import DistillError
from .lattice.forward_backward import (
    LatticeGradient,
    expected_counts,
    forward_backward,
    marginals_backprop,
    sequence_log_z,
)
from .lattice.transitions import Transitions, constrain, possible


class CRFTerms:
    """Terms of a distillation loss for a CRF; see `losses.base.Terms`.

    Args:
        scores: Emissions, [n_tokens, n_tags].
        lengths: Tokens of each sequence.
        transitions: Scores between tags.

    Attributes:
        d_transitions: Derivative by the transitions of all terms that were computed.
            None if there were none.
    """

    def __init__(
        self, scores: np.ndarray, lengths: Sequence[int], transitions: Transitions
    ) -> None:
        self.scores = scores
        self.lengths = lengths
        self.transitions = transitions
        self.d_transitions: Optional[Transitions] = None

    def task(self, labels: np.ndarray, weights: np.ndarray) -> Tuple[float, np.ndarray]:
        """Return the negative log-likelihood of the labels.

        A sequence has the mean weight of its tokens.
        """
        loss, gradient = crf_negative_log_likelihood(
            self.scores,
            self.lengths,
            self.transitions,
            allow_labels(labels, self.scores.shape),
            _sequence_means(weights, self.lengths),
        )
        return loss, self._note(gradient)

    def distillation(
        self,
        teacher: np.ndarray,
        weights: np.ndarray,
        temperature: float,
        divergence: str,
    ) -> Tuple[float, np.ndarray]:
        """Return the divergence of the posterior from the teacher.

        Raises:
            DistillError: If the divergence is not "kl".
        """
        if divergence != "kl":
            raise DistillError(
                f'Expected divergence = "kl" for a CRF student, got '
                f'{divergence!r}: change [loss] or use output = "softmax".'
            )
        loss, gradient = crf_posterior_kl(
            self.scores, self.lengths, self.transitions, teacher, weights, temperature
        )
        return loss, self._note(gradient)

    def _note(self, gradient: LatticeGradient) -> np.ndarray:
        found = gradient.transitions
        if self.d_transitions is not None:
            found = Transitions(*(a + b for a, b in zip(self.d_transitions, found)))
        self.d_transitions = found
        return gradient.emissions


def crf_negative_log_likelihood(
    logits: np.ndarray,
    lengths: Sequence[int],
    transitions: Transitions,
    allowed: np.ndarray,
    weights: np.ndarray,
) -> Tuple[float, LatticeGradient]:
    """Return -log p(allowed paths), summed over sequences, and its gradient.

    Lafferty et al. 2001; partial annotation as in Tsuboi et al. 2008.

    Args:
        logits: Emissions, [n_tokens, n_tags].
        lengths: Tokens of each sequence.
        transitions: Scores between tags.
        allowed: Tags that each token may have, bool [n_tokens, n_tags]. A row with one
            True is a known tag; a row of True leaves the token open.
        weights: [n_sequences].

    Raises:
        DistillError: If `allowed` leaves a sequence without any valid path.
    """
    token_weights = np.repeat(weights, lengths)
    sums, gradients = [], []
    for emissions in (constrain(logits, None), constrain(logits, allowed)):
        result = forward_backward(emissions, lengths, transitions)
        sums.append(sequence_log_z(result, lengths))
        if not possible(sums[-1]).all():
            raise DistillError(
                "Expected tags that are a valid BILUO sequence, got some that are "
                f"not in sentence {int(sums[-1].argmin())} of the batch: correct the "
                "annotation."
            )
        gradients.append(
            expected_counts(emissions, lengths, transitions, result, token_weights)
        )
    free, gold = gradients
    loss = float((weights * (sums[0] - sums[1])).sum())
    return loss, LatticeGradient(
        free.emissions - gold.emissions,
        Transitions(*(a - b for a, b in zip(free.transitions, gold.transitions))),
    )


def crf_posterior_kl(
    logits: np.ndarray,
    lengths: Sequence[int],
    transitions: Transitions,
    teacher: np.ndarray,
    weights: np.ndarray,
    temperature: float,
) -> Tuple[float, LatticeGradient]:
    """Return KL(teacher || student's marginals) over tokens, and its gradient.

    Wang et al. 2020, posterior distillation: the CRF's posteriors are compared, never
    its emissions.

    Args:
        logits: Emissions, [n_tokens, n_tags].
        lengths: Tokens of each sequence.
        transitions: Scores between tags.
        teacher: Logits, [n_tokens, n_tags]. Its probabilities are renormalized over the
            tags that a valid sequence can have at the token (no sentence starts with an
            `I`): elsewhere the KL divergence would be infinite.
        weights: [n_tokens].
        temperature: Softens both distributions.
    """
    emissions = constrain(logits, None) / temperature
    softened = Transitions(*(part / temperature for part in transitions))
    result = forward_backward(emissions, lengths, softened)
    log_p = result.log_marginals()
    log_q = log_softmax(constrain(teacher, possible(log_p)) / temperature)
    q = np.exp(log_q)
    loss = float((weights * (q * (log_q - log_p)).sum(axis=1)).sum())
    gradient = marginals_backprop(
        -q * weights[:, None], emissions, lengths, softened, result
    )
    return loss, LatticeGradient(
        gradient.emissions / temperature,
        Transitions(*(part / temperature for part in gradient.transitions)),
    )


def allow_labels(labels: np.ndarray, shape: Tuple[int, ...]) -> np.ndarray:
    """Return a mask with only the label's column where there is a label, else all.

    Args:
        labels: Columns, int64 [n_tokens]; -1 for none.
        shape: (n_tokens, n_tags).

    Returns:
        bool [n_tokens, n_tags].
    """
    allowed = np.ones(shape, dtype=bool)
    known = labels >= 0
    allowed[known] = False
    allowed[known, labels[known]] = True
    return allowed


def _sequence_means(weights: np.ndarray, lengths: Sequence[int]) -> np.ndarray:
    """Mean weight of each sequence's tokens; 0 where it has none."""
    counts = np.asarray(lengths, dtype=np.int64)
    sequence = np.repeat(np.arange(len(counts)), counts)
    totals = np.bincount(sequence, weights=weights, minlength=len(counts))
    out: np.ndarray = totals / np.maximum(counts, 1)
    return out
