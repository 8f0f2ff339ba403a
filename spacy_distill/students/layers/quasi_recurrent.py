"""Quasi-recurrent layer in both directions (Bradbury et al. 2017, f-pooling, with
linear values).

    f = sigmoid(W_f [x_before, x, x_behind])
    z = W_z [x_before, x, x_behind]
    h = f * h_previous + (1 - f) * z

Nothing is multiplied with the state, so all products with weights belong to word types
and are done once for each. What is left for a token is a few sums and one tanh.
"""

from typing import Any, Dict, List, Sequence

import numpy as np

from ...packing import Packing
from .base import Params
from .neighbours import neighbours
from .workspace import Workspace

# A state that forgets slowly is the better start (Jozefowicz et al. 2015).
_FORGET_BIAS = 1.0
# The word itself, the one before it, the one behind it.
_WINDOW = 3


class QuasiRecurrent:
    """`width` units a direction; gates and values see a word and its neighbours."""

    def __init__(self, *, width: int) -> None:
        self.width = width
        self.n_out = 2 * width
        self._workspace = Workspace()

    def init(self, n_in: int) -> Params:
        """Fresh parameters: uniform in +-1/sqrt(inputs)."""
        params: Params = {}
        bound = (_WINDOW * n_in) ** -0.5
        for direction in ("forward", "backward"):
            # Columns: for each place in the window, forget gates and values.
            shape = (n_in, _WINDOW * 2 * self.width)
            bias = np.zeros(2 * self.width, dtype=np.float32)
            bias[: self.width] = _FORGET_BIAS
            weights = np.random.uniform(-bound, bound, shape).astype(np.float32)
            params[f"quasi_{direction}_W"] = weights
            params[f"quasi_{direction}_b"] = bias
        return params

    def project(self, params: Params, features: np.ndarray) -> List[np.ndarray]:
        """For each direction what a word adds to gates, then what it adds to values: to
        its own, to those of the word behind it and to those of the word before it,
        [n_types, width] each. Gates are halved, as their tanh wants them."""
        tables: List[np.ndarray] = []
        for direction in ("forward", "backward"):
            sums = features @ params[f"quasi_{direction}_W"]
            sums[:, : 2 * self.width] += params[f"quasi_{direction}_b"]
            parts = np.split(sums, 2 * _WINDOW, axis=1)
            tables += [0.5 * part for part in parts[::2]]
            tables += [part.copy() for part in parts[1::2]]
        return tables

    def predict(
        self,
        params: Params,
        tables: Sequence[np.ndarray],
        entries: np.ndarray,
        lengths: Sequence[int],
    ) -> np.ndarray:
        """States of both directions, float32 [n_tokens, 2 * width]."""
        packing = Packing(lengths)
        # The last row of the tables, zeros, stands beyond the edges.
        words = np.append(entries, len(tables[0]) - 1)
        before, behind = (words[rows] for rows in neighbours(lengths, 1))
        out = np.empty((len(entries), self.n_out), dtype=np.float32)
        for k, rows in enumerate((packing.rows, packing.reversed_rows)):
            window = (entries[rows], before[rows], behind[rows])
            first = 2 * k * _WINDOW
            forget = self._sum("forget", tables[first : first + _WINDOW], window)
            first += _WINDOW
            states = self._sum("states", tables[first : first + _WINDOW], window)
            self._pool(forget, states, packing)
            out[rows, k * self.width : (k + 1) * self.width] = states
        return out

    def _sum(
        self, name: str, tables: Sequence[np.ndarray], window: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Of the rows in the window, in the workspace under that name."""
        out = self._workspace.take(name, tables[0], window[0])
        for table, rows in zip(tables[1:], window[1:]):
            out += self._workspace.take("neighbour", table, rows)
        return out

    def _pool(self, forget: np.ndarray, states: np.ndarray, packing: Packing) -> None:
        """Run through packed gates and values, which become the states."""
        # sigmoid(x) = (tanh(x / 2) + 1) / 2
        np.tanh(forget, out=forget)
        forget += 1.0
        forget *= 0.5
        kept = self._workspace.array("neighbour", forget.shape)
        states -= np.multiply(forget, states, out=kept)
        previous = states[:0]
        for start, end, size in packing.steps():
            current = states[start:end]
            if start:
                carried = forget[start:end]
                carried *= previous[:size]
                current += carried
            previous = current

    def train(
        self,
        params: Dict[str, Any],
        features: Any,
        lengths: Sequence[int],
        dropout: float,
    ) -> Any:
        """The same in torch."""
        import torch

        packing = Packing(lengths)
        sizes = packing.sizes.tolist()
        n_tokens = len(features)
        before, behind = map(torch.from_numpy, neighbours(lengths, 1))
        edge = features.new_zeros(1, features.shape[1])
        padded = torch.cat([features, edge])
        window = torch.cat([features, padded[before], padded[behind]], dim=1)
        out = []
        for direction, order in (
            ("forward", packing.rows),
            ("backward", packing.reversed_rows),
        ):
            rows = torch.from_numpy(order)
            # One product over the window: its places below each other.
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
