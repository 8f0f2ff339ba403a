"""Losses of a CRF: the likelihood of a path, the posterior against the teacher's."""

from typing import Sequence, Tuple

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


def crf_negative_log_likelihood(
    logits: np.ndarray,
    lengths: Sequence[int],
    transitions: Transitions,
    allowed: np.ndarray,
    weights: np.ndarray,
) -> Tuple[float, LatticeGradient]:
    """-log p(allowed paths), summed over sequences (Lafferty et al. 2001; partial
    annotation as in Tsuboi et al. 2008).

    allowed: bool [n_tokens, n_tags]. A row with one True is a known tag; a row of
        True leaves the token open.
    weights: [n_sequences].
    RAISES: DistillError if `allowed` leaves a sequence without any valid path.
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
    """KL(teacher || student's marginals) over tokens (Wang et al. 2020, posterior
    distillation): the CRF's posteriors are compared, never its raw emissions.

    teacher: logits [n_tokens, n_tags]. Its probabilities are shared out among the
        tags that a valid sequence can have at the token: no sentence starts with
        an `I`, and where the student cannot follow the KL would be infinite.
    weights: [n_tokens].
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
