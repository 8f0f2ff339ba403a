"""Log-partition and marginals by the forward-backward algorithm, and their
derivatives (Lafferty et al. 2001; gradients by reverse accumulation)."""

from typing import NamedTuple, Sequence, Tuple

import numpy as np

from ....arrays import Packing
from .transitions import IMPOSSIBLE, Transitions, possible

# A sum below this may have lost terms to underflow.
_SMALLEST = 1e-280
# Elements of the largest intermediate array of `expected_counts`: 8 MB.
_CHUNK = 2**20


class ForwardBackward(NamedTuple):
    """Scores of all partial paths, in the order of the input rows.

    alpha: [n_tokens, n_tags], log-sum of paths from the start to a tag, inclusive.
    beta: [n_tokens, n_tags], log-sum of paths from a tag to the end, exclusive.
    log_z: [n_tokens], the log-partition of the row's sequence.
    """

    alpha: np.ndarray
    beta: np.ndarray
    log_z: np.ndarray

    def log_marginals(self) -> np.ndarray:
        """Log-probability of each tag at each token, [n_tokens, n_tags]."""
        return self.alpha + self.beta - self.log_z[:, None]


class LatticeGradient(NamedTuple):
    """Derivatives by emissions [n_tokens, n_tags] and by each transition score."""

    emissions: np.ndarray
    transitions: Transitions


class _LogMatrix:
    """A matrix M of scores, to compute log(exp(scores) @ exp(M)) step by step."""

    def __init__(self, matrix: np.ndarray) -> None:
        self.matrix = matrix
        self.top = matrix.max()
        self.exp = np.exp(matrix - self.top)
        self.possible = possible(matrix).astype(np.float64)

    def matmul(self, scores: np.ndarray) -> np.ndarray:
        """scores: [n, n_tags]. RETURNS: [n, n_tags], IMPOSSIBLE where no tag leads."""
        top = scores.max(axis=1, keepdims=True)
        sums = np.exp(scores - top) @ self.exp
        tiny = sums < _SMALLEST
        out: np.ndarray = np.log(np.where(tiny, 1.0, sums)) + top + self.top
        if tiny.any():
            # Either impossible, or so much worse than the row's best that it needs
            # a sum of its own.
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
    """Run both recursions over every sequence.

    emissions: float64 [n_tokens, n_tags], sequences one after the other.
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
        # Sequences whose last token this is: their paths end here.
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
    """The log-partition of each non-empty sequence, [n_sequences]; 0 if empty."""
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
    """Derivative of the weighted sum of log-partitions: the expected use of each
    score.

    weights: [n_tokens], the weight of the sequence that the token belongs to.
    """
    marginals = np.exp(result.log_marginals()) * weights[:, None]
    starts, ends, pairs = _borders(lengths)
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
    """Derivative of a function of the log-marginals by emissions and transitions.

    d_log_marginals: [n_tokens, n_tags], the derivative of the function by
        `result.log_marginals()`; 0 where a tag is impossible.

    log m = alpha + beta - log Z, so the derivative runs back through both
    recursions, and enters once more through each sequence's log Z.
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
    # Each sequence's log Z is subtracted from all of its log-marginals.
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
        # beta[t] = end, where the sequence ends
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
    """Share of each source tag in each target's log-sum, [n, n_tags, n_tags]."""
    scores = source[:, :, None] + follow - target[:, None, :]
    # A share is at most 1. The score of an impossible target is no log-sum.
    return np.exp(np.minimum(scores, 0.0))


def _borders(
    lengths: Sequence[int],
) -> Tuple[np.ndarray, np.ndarray, Tuple[np.ndarray, np.ndarray]]:
    """Rows that start a sequence, end one, and all adjacent pairs within one."""
    counts = np.asarray(lengths, dtype=np.int64)
    counts = counts[counts > 0]
    lasts = np.cumsum(counts) - 1
    starts = lasts - counts + 1
    inside = np.ones(int(counts.sum()), dtype=bool)
    inside[lasts] = False
    left = np.flatnonzero(inside)
    return starts, lasts, (left, left + 1)
