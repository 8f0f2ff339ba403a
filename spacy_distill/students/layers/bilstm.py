"""Bidirectional LSTM (Hochreiter & Schmidhuber 1997; gates in torch's order)."""

from typing import Any, Dict, List, Sequence

import numpy as np

from ...arrays import Packing
from ...kernel import get_kernel
from .base import Params, Workspace

_DIRECTIONS = ("forward", "backward")
# LSTM_UNITS of _kernel_loops.h.
_BLOCK = 8


class BiLSTM:
    """One or more bidirectional LSTM layers.

    Args:
        width: Units in each direction.
        depth: Number of layers.

    Attributes:
        width: Units in each direction.
        depth: Number of layers.
        n_out: Width of the output, 2 * width.
    """

    def __init__(self, *, width: int, depth: int) -> None:
        self.width = width
        self.depth = depth
        self.n_out = 2 * width
        self._workspace = Workspace()

    def init(self, n_in: int) -> Params:
        """Return new parameters, uniform in +-1/sqrt(width) as in torch.

        Args:
            n_in: Width of the features.

        Returns:
            Parameters by name, float32.
        """
        params: Params = {}
        bound = self.width**-0.5
        for i in range(self.depth):
            for direction in _DIRECTIONS:
                name = f"lstm_{i}_{direction}"
                inputs = n_in if i == 0 else self.n_out
                for part, shape in (
                    ("input", (4 * self.width, inputs)),
                    ("hidden", (4 * self.width, self.width)),
                    ("bias", (4 * self.width,)),
                ):
                    values = np.random.uniform(-bound, bound, shape)
                    params[f"{name}_{part}"] = values.astype(np.float32)
        return params

    def project(self, params: Params, features: np.ndarray) -> List[np.ndarray]:
        """Compute the input gates of the first layer.

        Args:
            params: Arrays by name.
            features: The first columns of the input, float32 [n_types, at most n_in].

        Returns:
            One table for each direction, float32 [n_types, 4 * width].
        """
        return self._input_gates(params, 0, features)

    def project_tokens(self, params: Params, features: np.ndarray) -> List[np.ndarray]:
        """Compute what features of tokens add to the input gates of the first layer.

        Args:
            params: Arrays by name.
            features: The last columns of the input, float32 [n_tokens, at most n_in].

        Returns:
            One table for each direction, float32 [n_tokens, 4 * width].
        """
        gates: List[np.ndarray] = []
        for direction in _DIRECTIONS:
            weights = params[f"lstm_0_{direction}_input"]
            first = weights.shape[1] - features.shape[1]
            gates.append(features @ self._halve_sigmoids(weights[:, first:]).T)
        return gates

    def prepare(self, params: Params) -> Params:
        """Return the recurrent weights as `predict` takes them.

        Args:
            params: Arrays by name.

        Returns:
            Arrays by name; recurrent weights of halved sigmoids and doubled states,
            for numpy and for the kernel.
        """
        prepared = dict(params)
        for i in range(self.depth):
            for direction in _DIRECTIONS:
                name = f"lstm_{i}_{direction}"
                hidden = 0.5 * self._halve_sigmoids(params[f"{name}_hidden"])
                prepared[f"{name}_hidden"] = np.ascontiguousarray(hidden.T)
                prepared[f"{name}_blocks"] = self._in_blocks(hidden)
        return prepared

    def predict(
        self,
        prepared: Params,
        tables: Sequence[np.ndarray],
        entries: np.ndarray,
        lengths: Sequence[int],
    ) -> np.ndarray:
        """Compute the hidden states of both directions, in the kernel or in numpy.

        Args:
            prepared: What `prepare` returned.
            tables: The output of `project`, with a last row of zeros for positions
                outside of the sequence. Read-only.
            entries: Rows of the tokens in the tables, int64 [n_tokens].
            lengths: Number of tokens of each sequence.

        Returns:
            Hidden states, float32 [n_tokens, 2 * width].
        """
        kernel = get_kernel()
        packing = Packing(lengths)
        out = np.empty((len(entries), self.n_out), dtype=np.float32)
        for i in range(self.depth):
            gates, tokens = tables, entries
            if i:
                gates = self._input_gates(prepared, i, out)
                tokens = np.arange(len(out))
            for k, direction in enumerate(_DIRECTIONS):
                name = f"lstm_{i}_{direction}"
                rows = packing.reversed_rows if k else packing.rows
                if kernel is not None and kernel.HAS_FAST_LSTM:
                    blocks = prepared[f"{name}_blocks"]
                    kernel.lstm(gates[k], tokens, rows, packing.sizes, blocks, out, k)
                    continue
                packed = self._workspace.take("gates", gates[k], tokens[rows])
                states = self._recur(packed, packing, prepared[f"{name}_hidden"])
                out[rows, k * self.width : (k + 1) * self.width] = states
        return out

    def train(
        self,
        params: Dict[str, Any],
        features: Any,
        lengths: Sequence[int],
        dropout: float,
    ) -> Any:
        """Compute the hidden states in torch, with its LSTM kernel.

        Args:
            params: Tensors by name.
            features: Features of the tokens, tensor [n_tokens, n_in].
            lengths: Number of tokens of each sequence.
            dropout: Dropout rate between layers.

        Returns:
            Hidden states, tensor [n_tokens, 2 * width].
        """
        import torch
        from torch.nn.utils.rnn import PackedSequence

        packing = Packing(lengths)
        rows = torch.from_numpy(packing.rows)
        sizes = torch.from_numpy(packing.sizes)
        module = torch.nn.LSTM(
            features.shape[1],
            self.width,
            num_layers=self.depth,
            bidirectional=True,
            dropout=dropout if self.depth > 1 else 0.0,
            device="meta",
        )
        packed = PackedSequence(features[rows], sizes)
        states, _ = torch.func.functional_call(
            module, self._torch_weights(params), (packed,)
        )
        inverse = torch.empty_like(rows)
        inverse[rows] = torch.arange(len(rows))
        return states.data[inverse]

    def _torch_weights(self, params: Dict[str, Any]) -> Dict[str, Any]:
        weights = {}
        for i in range(self.depth):
            for direction, suffix in zip(_DIRECTIONS, ("", "_reverse")):
                name = f"lstm_{i}_{direction}"
                bias = params[f"{name}_bias"]
                weights[f"weight_ih_l{i}{suffix}"] = params[f"{name}_input"]
                weights[f"weight_hh_l{i}{suffix}"] = params[f"{name}_hidden"]
                weights[f"bias_ih_l{i}{suffix}"] = bias
                # torch has a second bias, which is redundant.
                weights[f"bias_hh_l{i}{suffix}"] = bias.new_zeros(bias.shape)
        return weights

    def _input_gates(
        self, params: Params, i: int, inputs: np.ndarray
    ) -> List[np.ndarray]:
        gates: List[np.ndarray] = []
        for direction in _DIRECTIONS:
            name = f"lstm_{i}_{direction}"
            weights = params[f"{name}_input"][:, : inputs.shape[1]]
            weights = self._halve_sigmoids(weights)
            gates.append(
                inputs @ weights.T + self._halve_sigmoids(params[f"{name}_bias"])
            )
        return gates

    def _halve_sigmoids(self, weights: np.ndarray) -> np.ndarray:
        """Halve the rows of the input, forget and output gates.

        As sigmoid(x) = (tanh(x / 2) + 1) / 2, one tanh call then computes all gates.
        """
        factors = np.full(4 * self.width, 0.5, dtype=np.float32)
        factors[2 * self.width : 3 * self.width] = 1.0
        return (weights.T * factors).T

    def _in_blocks(self, weights: np.ndarray) -> np.ndarray:
        """Copy recurrent weights in the order in which the kernel reads them.

        Args:
            weights: float32 [4 * width, width].

        Returns:
            float32 [n_blocks, width, 4, _BLOCK]: all weights of the gates of some units
            at a time, with zeros for units that are missing in the last block.
        """
        n_blocks = -(-self.width // _BLOCK)
        padded = np.zeros((4, n_blocks * _BLOCK, self.width), dtype=np.float32)
        padded[:, : self.width] = weights.reshape(4, self.width, self.width)
        blocks = padded.reshape(4, n_blocks, _BLOCK, self.width)
        return np.ascontiguousarray(blocks.transpose(1, 3, 0, 2))

    def _recur(
        self, gates: np.ndarray, packing: Packing, weights: np.ndarray
    ) -> np.ndarray:
        """Run the recurrence over packed gates of halved sigmoids, which it overwrites.

        Time is spent on passes over memory, so rescaling is left to the end: gates
        remain 2 * sigmoid - 1, and states remain doubled.
        """
        width = self.width
        n_sequences = len(packing.lengths)
        cell = np.zeros((n_sequences, width), dtype=np.float32)
        states = self._workspace.array("states", (len(gates), width))
        hidden = states[:0]
        for start, end, size in packing.steps():
            step = gates[start:end]
            if start:
                step += hidden[:size] @ weights
            np.tanh(step, out=step)
            entry, keep, value, output = (
                step[:, k * width : (k + 1) * width] for k in range(4)
            )
            c = cell[:size]
            keep *= c
            c += keep
            entry *= value
            c += value
            c += entry
            c *= 0.5
            hidden = np.tanh(c, out=states[start:end])
            output *= hidden
            hidden += output
        states *= 0.5
        return states
