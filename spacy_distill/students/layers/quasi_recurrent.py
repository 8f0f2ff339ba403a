"""Bidirectional quasi-recurrent layer (Bradbury et al. 2017, f-pooling, linear values).

    f = sigmoid(W_f [x_previous, x, x_next])
    z = W_z [x_previous, x, x_next]
    h = f * h_previous + (1 - f) * z

The state is not multiplied by weights, so all matrix products depend on word types
alone and are computed once for each type. What remains for each token is a few sums and
one tanh.
"""

from typing import Any, Dict, List, Sequence

import numpy as np

from ...arrays import Packing, neighbours, with_neighbours
from ...kernel import get_kernel
from .base import Params, Workspace, take_rows

# Initial bias of forget gates, so that states last (Jozefowicz et al. 2015).
_FORGET_BIAS = 1.0
# The token itself, the previous one, the next one.
_WINDOW = 3
_DIRECTIONS = ("forward", "backward")
# Rows of the table for each word, and offsets of the gates by place and direction.
_ROWS = len(_DIRECTIONS) * _WINDOW * 2
_OFFSETS = np.arange(0, _ROWS, 2).reshape(len(_DIRECTIONS), 1, _WINDOW).T
# Rows that are computed at a time, few enough for the processor's cache.
_CHUNK = 512


class QuasiRecurrent:
    """A layer whose gates and values depend on a token and its two neighbors.

    Args:
        width: Units in each direction.

    Attributes:
        width: Units in each direction.
        n_out: Width of the output, 2 * width.
    """

    def __init__(self, *, width: int) -> None:
        self.width = width
        self.n_out = 2 * width
        self._workspace = Workspace()

    def init(self, n_in: int) -> Params:
        """Return new parameters, uniform in +-1/sqrt(inputs).

        Args:
            n_in: Width of the features.

        Returns:
            Parameters by name, float32.
        """
        params: Params = {}
        bound = (_WINDOW * n_in) ** -0.5
        for direction in _DIRECTIONS:
            # Columns: for each place in the window, forget gates and values.
            shape = (n_in, _WINDOW * 2 * self.width)
            bias = np.zeros(2 * self.width, dtype=np.float32)
            bias[: self.width] = _FORGET_BIAS
            weights = np.random.uniform(-bound, bound, shape).astype(np.float32)
            params[f"quasi_{direction}_W"] = weights
            params[f"quasi_{direction}_b"] = bias
        return params

    def project(self, params: Params, features: np.ndarray) -> List[np.ndarray]:
        """Compute what a word adds to its own sums and to those of its neighbors.

        Args:
            params: Arrays by name.
            features: The first columns of the input, float32 [n_types, at most n_in].

        Returns:
            One table, float32 [n_types, 2 * 3 * 2 * width]: for each direction and each
            recipient (the word itself, the next token, the previous token), gates and
            then values. Gates are halved for tanh.
        """
        sums = self._sums(params, features, slice(features.shape[1]))
        parts = sums.reshape(-1, len(_DIRECTIONS), _WINDOW, 2, self.width)
        for k, direction in enumerate(_DIRECTIONS):
            parts[:, k, 0] += params[f"quasi_{direction}_b"].reshape(2, self.width)
        parts[:, :, :, 0] *= 0.5
        return [sums]

    def project_tokens(self, params: Params, features: np.ndarray) -> List[np.ndarray]:
        """Compute what features of tokens add to the sums of `project`.

        Args:
            params: Arrays by name.
            features: The last columns of the input, float32 [n_tokens, at most n_in].

        Returns:
            One table, float32 [n_tokens, 2 * 3 * 2 * width].
        """
        n_in = len(params[f"quasi_{_DIRECTIONS[0]}_W"])
        sums = self._sums(params, features, slice(n_in - features.shape[1], n_in))
        parts = sums.reshape(-1, len(_DIRECTIONS), _WINDOW, 2, self.width)
        parts[:, :, :, 0] *= 0.5
        return [sums]

    def _sums(self, params: Params, features: np.ndarray, columns: slice) -> np.ndarray:
        """Multiply some columns of the input with the weights of both directions."""
        weights = [params[f"quasi_{direction}_W"][columns] for direction in _DIRECTIONS]
        sums: np.ndarray = features @ np.concatenate(weights, axis=1)
        return sums

    def prepare(self, params: Params) -> Params:
        """Return no arrays: `project` has computed all that depends on them.

        Args:
            params: Arrays by name.

        Returns:
            Arrays by name.
        """
        return {}

    def predict(
        self,
        prepared: Params,
        tables: Sequence[np.ndarray],
        entries: np.ndarray,
        lengths: Sequence[int],
    ) -> np.ndarray:
        """Compute the states of both directions, in the kernel or in numpy.

        Args:
            prepared: What `prepare` returned.
            tables: The output of `project`, with a last row of zeros for positions
                outside of the sequence. Read-only.
            entries: Rows of the tokens in the tables, int64 [n_tokens].
            lengths: Number of tokens of each sequence.

        Returns:
            States, float32 [n_tokens, 2 * width].
        """
        kernel = get_kernel()
        if kernel is not None:
            states: np.ndarray = kernel.quasi_recurrent(
                tables[0], entries, lengths, self.width
            )
            return states
        return self._predict_in_numpy(tables[0], entries, lengths)

    def _predict_in_numpy(
        self, sums: np.ndarray, entries: np.ndarray, lengths: Sequence[int]
    ) -> np.ndarray:
        # One row for each word, direction, place, and gates or values.
        table = sums.reshape(-1, self.width)
        # The last word of the table, zeros, pads sequences at both ends.
        window = with_neighbours(entries, lengths, len(sums) - 1)
        # Interleave both directions, each in its own order.
        packing = Packing(lengths)
        order = np.stack([packing.rows, packing.reversed_rows], axis=1)
        rows = (window.take(order, axis=1) * _ROWS + _OFFSETS).reshape(_WINDOW, -1)
        shape = (order.size, self.width)
        forget = self._workspace.array("forget", shape)
        states = self._workspace.array("states", shape)
        for start in range(0, order.size, _CHUNK):
            here = slice(start, start + _CHUNK)
            self._fill_gates(forget[here], states[here], table, rows[:, here])
        _pool(forget.reshape(-1, self.n_out), states.reshape(-1, self.n_out), packing)
        place = np.empty_like(order)
        place[packing.rows, 0] = np.arange(0, order.size, 2)
        place[packing.reversed_rows, 1] = np.arange(1, order.size, 2)
        return states.take(place, axis=0).reshape(-1, self.n_out)

    def _fill_gates(
        self,
        forget: np.ndarray,
        states: np.ndarray,
        table: np.ndarray,
        rows: np.ndarray,
    ) -> None:
        """Compute gates f and values (1 - f) * z, [n, width] each.

        Args:
            forget: Output for the gates, float32 [n, width].
            states: Output for the values, float32 [n, width].
            table: Gates and values in alternating rows, float32 [n_rows, width].
            rows: Rows of the gates, for each place in the window, int64 [3, n]. Each is
                followed by the row of the values.
        """
        scratch = self._workspace.array("scratch", forget.shape)
        for out, shift in ((forget, 0), (states, 1)):
            take_rows(table, rows[0] + shift, out)
            for place in rows[1:]:
                out += take_rows(table, place + shift, scratch)
        # sigmoid(x) = (tanh(x / 2) + 1) / 2
        np.tanh(forget, out=forget)
        forget += 1.0
        forget *= 0.5
        states -= np.multiply(forget, states, out=scratch)

    def train(
        self,
        params: Dict[str, Any],
        features: Any,
        lengths: Sequence[int],
        dropout: float,
    ) -> Any:
        """Compute the states of both directions in torch.

        Args:
            params: Tensors by name.
            features: Features of the tokens, tensor [n_tokens, n_in].
            lengths: Number of tokens of each sequence.
            dropout: Not used: there is only one layer.

        Returns:
            States, tensor [n_tokens, 2 * width].
        """
        import torch

        packing = Packing(lengths)
        sizes = packing.sizes.tolist()
        n_tokens = len(features)
        before, following = map(torch.from_numpy, neighbours(lengths, 1))
        edge = features.new_zeros(1, features.shape[1])
        padded = torch.cat([features, edge])
        window = torch.cat([features, padded[before], padded[following]], dim=1)
        out = []
        for direction, order in (
            ("forward", packing.rows),
            ("backward", packing.reversed_rows),
        ):
            rows = torch.from_numpy(order)
            # One product over the whole window, with its places stacked.
            weights = params[f"quasi_{direction}_W"]
            places = weights.reshape(-1, _WINDOW, 2 * self.width).transpose(0, 1)
            sums = window @ places.reshape(-1, 2 * self.width)
            sums = (sums + params[f"quasi_{direction}_b"])[rows]
            forget = torch.sigmoid(sums[:, : self.width])
            inputs = (1.0 - forget) * sums[:, self.width :]
            states = []
            state = features.new_zeros(len(packing.lengths), self.width)
            for kept, added in zip(forget.split(sizes), inputs.split(sizes)):
                state = kept * state[: len(kept)] + added
                states.append(state)
            inverse = torch.empty_like(rows)
            inverse[rows] = torch.arange(n_tokens)
            out.append(torch.cat(states)[inverse])
        return torch.cat(out, dim=1)


def _pool(forget: np.ndarray, states: np.ndarray, packing: Packing) -> None:
    """Run the recurrence over packed gates and values. The values become the states."""
    # The state is zero before the first step.
    previous = np.zeros_like(states[: len(packing.order)])
    for start, end, size in packing.runs():
        shape = (-1, size, states.shape[1])
        gates = forget[start:end].reshape(shape)
        values = states[start:end].reshape(shape)
        previous = previous[:size]
        for carried, current in zip(gates, values):
            carried *= previous
            current += carried
            previous = current
