"""The forward-backward algorithm: log-partition, marginals and their derivatives.

See Lafferty et al. 2001. Gradients are computed by reverse accumulation.
"""

from typing import NamedTuple, Sequence, Tuple

import numpy as np

from ....arrays import Packing
from .transitions import IMPOSSIBLE, Transitions, possible

# A sum below this may have lost terms to underflow.
_SMALLEST = 1e-280
# Elements of the largest intermediate array of `expected_counts`: 8 MB.
_CHUNK = 2**20


class ForwardBackward(NamedTuple):
    """Log-sums over partial paths.

    Attributes:
        alpha: Paths from the start to a tag, inclusive, float64 [n_tokens, n_tags].
        beta: Paths from a tag to the end, exclusive, float64 [n_tokens, n_tags].
        log_z: Log-partition of the token's sequence, float64 [n_tokens].
    """

    alpha: np.ndarray
    beta: np.ndarray
    log_z: np.ndarray

    def log_marginals(self) -> np.ndarray:
        """Return the log-probability of each tag, float64 [n_tokens, n_tags]."""
        return self.alpha + self.beta - self.log_z[:, None]


class LatticeGradient(NamedTuple):
    """Derivatives by the scores of a lattice.

    Attributes:
        emissions: Derivative by emissions, float64 [n_tokens, n_tags].
        transitions: Derivative by each transition score.
    """

    emissions: np.ndarray
    transitions: Transitions


class _LogMatrix:
    """Computes log(exp(scores) @ exp(matrix)) for a fixed matrix.

    Args:
        matrix: Scores, float64 [n_tags, n_tags].
    """

    def __init__(self, matrix: np.ndarray) -> None:
        self.matrix = matrix
        self.top = matrix.max()
        self.exp = np.exp(matrix - self.top)
        self.possible = possible(matrix).astype(np.float64)

    def matmul(self, scores: np.ndarray) -> np.ndarray:
        """Multiply in log space.

        Args:
            scores: float64 [n, n_tags].

        Returns:
            float64 [n, n_tags]; IMPOSSIBLE where no tag leads to the column.
        """
        top = scores.max(axis=1, keepdims=True)
        sums = np.exp(scores - top) @ self.exp
        tiny = sums < _SMALLEST
        out: np.ndarray = np.log(np.where(tiny, 1.0, sums)) + top + self.top
        if tiny.any():
            # Either impossible, or so much lower than the row's maximum that it needs
            # a separate log-sum.
            out[tiny] = IMPOSSIBLE
            reached = possible(scores).astype(np.float64) @ self.possible > 0
            rows, columns = np.nonzero(tiny & reached)
            out[rows, columns] = _log_sum(scores[rows] + self.matrix.T[columns])
        return out


def _log_sum(scores: np.ndarray) -> np.ndarray:
    top = scores.max(axis=1)
    return np.log(np.exp(scores - top[:, None]).sum(axis=1)) + top


def forward_backward(
    emissions: np.ndarray, lengths: Sequence[int], transitions: Transitions
) -> ForwardBackward:
    """Run the forward and backward recursions over every sequence.

    Args:
        emissions: float64 [n_tokens, n_tags], concatenated sequences.
        lengths: Number of tokens of each sequence.
        transitions: Scores of transitions.

    Returns:
        Log-sums over partial paths, with rows in the order of the emissions.
    """
    packing = Packing(lengths)
    packed = emissions[packing.rows]
    forward, backward = _LogMatrix(transitions.follow), _LogMatrix(transitions.follow.T)
    alpha = np.empty_like(packed)
    beta = np.empty_like(packed)
    log_z = np.zeros(len(packing.lengths))
    steps = list(packing.steps())
    for t, (start, end, size) in enumerate(steps):
        if t == 0:
            alpha[start:end] = transitions.start + packed[start:end]
        else:
            before = steps[t - 1][0]
            previous = alpha[before : before + size]
            alpha[start:end] = forward.matmul(previous) + packed[start:end]
    for t in range(len(steps) - 1, -1, -1):
        start, end, size = steps[t]
        running = steps[t + 1][2] if t + 1 < len(steps) else 0
        # The paths of sequences that end at this step.
        beta[start + running : end] = transitions.end
        if running:
            after = steps[t + 1][0]
            following = packed[after : after + running] + beta[after : after + running]
            beta[start : start + running] = backward.matmul(following)
        log_z[running:size] = _log_sum(alpha[start + running : end] + transitions.end)
    out = ForwardBackward(
        np.empty_like(alpha), np.empty_like(beta), np.empty(len(emissions))
    )
    out.alpha[packing.rows] = alpha
    out.beta[packing.rows] = beta
    for start, end, size in steps:
        out.log_z[packing.rows[start:end]] = log_z[:size]
    return out


def sequence_log_z(result: ForwardBackward, lengths: Sequence[int]) -> np.ndarray:
    """Return the log-partition of each sequence.

    Args:
        result: The output of `forward_backward`.
        lengths: Number of tokens of each sequence.

    Returns:
        float64 [n_sequences]; 0 for empty sequences.
    """
    counts = np.asarray(lengths, dtype=np.int64)
    firsts = np.cumsum(counts) - counts
    out = np.zeros(len(counts))
    out[counts > 0] = result.log_z[firsts[counts > 0]]
    return out


def expected_counts(
    emissions: np.ndarray,
    lengths: Sequence[int],
    transitions: Transitions,
    result: ForwardBackward,
    weights: np.ndarray,
) -> LatticeGradient:
    """Compute the derivative of the weighted sum of log-partitions.

    It is the expected number of times that each score is used.

    Args:
        emissions: float64 [n_tokens, n_tags], concatenated sequences.
        lengths: Number of tokens of each sequence.
        transitions: Scores of transitions.
        result: The output of `forward_backward` for them.
        weights: Weight of the token's sequence, float64 [n_tokens].

    Returns:
        Derivatives by emissions and transitions.
    """
    marginals = np.exp(result.log_marginals()) * weights[:, None]
    starts, ends, pairs = _boundaries(lengths)
    left, right = pairs
    follow = np.zeros_like(transitions.follow)
    size = max(1, _CHUNK // follow.size)
    for first in range(0, len(left), size):
        a, b = left[first : first + size], right[first : first + size]
        scores = (
            result.alpha[a][:, :, None]
            + transitions.follow
            + (emissions[b] + result.beta[b])[:, None, :]
            - result.log_z[b][:, None, None]
        )
        follow += np.einsum("nij,n->ij", np.exp(scores), weights[a])
    return LatticeGradient(
        emissions=marginals,
        transitions=Transitions(
            marginals[starts].sum(axis=0), follow, marginals[ends].sum(axis=0)
        ),
    )


def marginals_backprop(
    d_log_marginals: np.ndarray,
    emissions: np.ndarray,
    lengths: Sequence[int],
    transitions: Transitions,
    result: ForwardBackward,
) -> LatticeGradient:
    """Backpropagate from log-marginals to emissions and transitions.

    As log m = alpha + beta - log Z, the derivative flows back through both recursions,
    and once more through the log Z of each sequence.

    Args:
        d_log_marginals: Derivative by `result.log_marginals()`, float64 [n_tokens,
            n_tags]; 0 for impossible tags.
        emissions: float64 [n_tokens, n_tags], concatenated sequences.
        lengths: Number of tokens of each sequence.
        transitions: Scores of transitions.
        result: The output of `forward_backward` for them.

    Returns:
        Derivatives by emissions and transitions.
    """
    packing = Packing(lengths)
    steps = list(packing.steps())
    rows = packing.rows
    packed, alpha, beta = emissions[rows], result.alpha[rows], result.beta[rows]
    d_alpha = d_log_marginals[rows].copy()
    d_beta = d_log_marginals[rows].copy()
    d_packed = np.zeros_like(packed)
    d_start = np.zeros_like(transitions.start)
    d_end = np.zeros_like(transitions.end)
    d_follow = np.zeros_like(transitions.follow)
    # log Z is subtracted from all log-marginals of its sequence.
    d_log_z = np.zeros(len(packing.lengths))
    for start, end, size in steps:
        d_log_z[:size] -= d_alpha[start:end].sum(axis=1)
    for t, (start, end, size) in enumerate(steps):
        running = steps[t + 1][2] if t + 1 < len(steps) else 0
        final = slice(start + running, end)
        last = alpha[final] + transitions.end
        d_last = np.exp(last - _log_sum(last)[:, None]) * d_log_z[running:size, None]
        d_alpha[final] += d_last
        d_end += d_last.sum(axis=0)
    for t in range(len(steps) - 1, 0, -1):
        start, end, size = steps[t]
        before = steps[t - 1][0]
        previous = slice(before, before + size)
        # alpha[t] = emissions[t] + logsumexp(alpha[t-1] + follow)
        d_packed[start:end] += d_alpha[start:end]
        reached = alpha[start:end] - packed[start:end]
        flow = _flow(alpha[previous], transitions.follow, reached)
        flow *= d_alpha[start:end][:, None, :]
        d_alpha[previous] += flow.sum(axis=2)
        d_follow += flow.sum(axis=0)
    if steps:
        start, end, _ = steps[0]
        d_packed[start:end] += d_alpha[start:end]
        d_start += d_alpha[start:end].sum(axis=0)
    for t, (start, end, _) in enumerate(steps):
        after, _, running = steps[t + 1] if t + 1 < len(steps) else (0, 0, 0)
        # beta[t] = end at the last token
        d_end += d_beta[start + running : end].sum(axis=0)
        here = slice(start, start + running)
        there = slice(after, after + running)
        # beta[t] = logsumexp(follow + emissions[t+1] + beta[t+1])
        following = packed[there] + beta[there]
        flow = _flow(following, transitions.follow.T, beta[here])
        flow *= d_beta[here][:, None, :]
        d_follow += flow.sum(axis=0).T
        d_following = flow.sum(axis=2)
        d_packed[there] += d_following
        d_beta[there] += d_following
    d_emissions = np.empty_like(d_packed)
    d_emissions[rows] = d_packed
    return LatticeGradient(d_emissions, Transitions(d_start, d_follow, d_end))


def _flow(source: np.ndarray, follow: np.ndarray, target: np.ndarray) -> np.ndarray:
    """Return shares of source tags in targets' log-sums, [n, n_tags, n_tags]."""
    scores = source[:, :, None] + follow - target[:, None, :]
    # Shares are at most 1, but the score of an impossible target is not a log-sum.
    return np.exp(np.minimum(scores, 0.0))


def _boundaries(
    lengths: Sequence[int],
) -> Tuple[np.ndarray, np.ndarray, Tuple[np.ndarray, np.ndarray]]:
    """Return rows that start a sequence, rows that end one, and pairs within one."""
    counts = np.asarray(lengths, dtype=np.int64)
    counts = counts[counts > 0]
    lasts = np.cumsum(counts) - 1
    starts = lasts - counts + 1
    inside = np.ones(int(counts.sum()), dtype=bool)
    inside[lasts] = False
    left = np.flatnonzero(inside)
    return starts, lasts, (left, left + 1)
