"""Logits as distributions: averaged over teachers, and merged over labels.

A softmax has one distribution for each row. Sigmoids have one for each value: the
probability that a label applies, whatever the others do. Everything is computed in log
space, where small probabilities do not underflow.
"""

from typing import Optional, Sequence

import numpy as np

from ..arrays import log_softmax, token_entropies


class SoftmaxRows:
    """Rows of logits whose softmax is one distribution over the columns."""

    def log_probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return the logarithms of the probabilities, [n_rows, n_columns]."""
        # Without labels yet, there is nothing to normalize.
        return log_softmax(logits) if logits.shape[1] else logits

    def entropies(self, logits: np.ndarray) -> np.ndarray:
        """Return the entropy of each row in nats, float64 [n_rows]."""
        return token_entropies(logits)

    def average(
        self, logits: Sequence[np.ndarray], weights: Sequence[float]
    ) -> np.ndarray:
        """Average probabilities.

        Args:
            logits: Logits of each member, [n_rows, n_columns].
            weights: Weight of each member; their sum is 1.

        Returns:
            Logarithms of the mean probabilities, float32 [n_rows, n_columns].
        """
        mean = np.full(logits[0].shape, -np.inf)
        for rows, weight in zip(logits, weights):
            with np.errstate(divide="ignore"):
                weighted = np.log(weight) + log_softmax(rows.astype(np.float64))
            mean = np.logaddexp(mean, weighted)
        return mean.astype(np.float32)

    def merge_columns(
        self, logits: np.ndarray, columns: Sequence[Optional[int]], n_columns: int
    ) -> np.ndarray:
        """Sum the probabilities of columns that become one.

        Args:
            logits: [n_rows, old number of columns].
            columns: New column of each old one; None for a column that is dropped. The
                other probabilities are normalized then.
            n_columns: New number of columns.

        Returns:
            Log-probabilities, float32 [n_rows, n_columns].
        """
        log_probs = log_softmax(logits.astype(np.float64))
        out = np.full((len(logits), n_columns), -np.inf)
        for old, new in enumerate(columns):
            if new is not None:
                out[:, new] = np.logaddexp(out[:, new], log_probs[:, old])
        if None in columns:
            out = log_softmax(out)
        return out.astype(np.float32)


class SigmoidRows:
    """Rows of logits whose sigmoids are the probabilities of independent labels."""

    def log_probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return the logarithms of the probabilities, [n_rows, n_columns]."""
        return log_sigmoid(logits)

    def entropies(self, logits: np.ndarray) -> np.ndarray:
        """Return the entropy of each row, summed over labels, in nats."""
        z = logits.astype(np.float64)
        # log(1 + e^z) - z * sigmoid(z)
        out: np.ndarray = (np.logaddexp(0.0, z) - z * np.exp(log_sigmoid(z))).sum(1)
        return out

    def average(
        self, logits: Sequence[np.ndarray], weights: Sequence[float]
    ) -> np.ndarray:
        """Average the probabilities of each label; see `SoftmaxRows.average`.

        Returns:
            Log-odds of the mean probabilities, float32 [n_rows, n_columns].
        """
        yes = np.full(logits[0].shape, -np.inf)
        no = np.full(logits[0].shape, -np.inf)
        for rows, weight in zip(logits, weights):
            z = rows.astype(np.float64)
            with np.errstate(divide="ignore"):
                yes = np.logaddexp(yes, np.log(weight) + log_sigmoid(z))
                no = np.logaddexp(no, np.log(weight) + log_sigmoid(-z))
        return (yes - no).astype(np.float32)

    def merge_columns(
        self, logits: np.ndarray, columns: Sequence[Optional[int]], n_columns: int
    ) -> np.ndarray:
        """Take the most probable of the labels that become one.

        The labels are not exclusive, so their sum is no probability.

        Args:
            logits: [n_rows, old number of columns].
            columns: New column of each old one; None for a column that is dropped.
            n_columns: New number of columns.

        Returns:
            Logits, float32 [n_rows, n_columns].
        """
        out = np.full((len(logits), n_columns), -np.inf, dtype=np.float32)
        for old, new in enumerate(columns):
            if new is not None:
                out[:, new] = np.maximum(out[:, new], logits[:, old])
        return out


def log_sigmoid(z: np.ndarray) -> np.ndarray:
    """Numerically stable logarithm of the sigmoid."""
    out: np.ndarray = -np.logaddexp(0.0, -z)
    return out
