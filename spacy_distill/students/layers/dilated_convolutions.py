"""Gated dilated convolutions over tokens (Strubell et al. 2017; gates as in
Dauphin et al. 2017), each with a residual and layer normalization (Ba et al. 2016)."""

from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from ...arrays import neighbours
from .base import Params

_EPSILON = 1e-5


class DilatedConvolutions:
    """Layers of width-3 convolutions, one for each dilation in tokens."""

    def __init__(self, *, width: int, dilations: Sequence[int]) -> None:
        self.width = width
        self.dilations = tuple(dilations)
        self.n_out = width

    def init(self, n_in: int) -> Params:
        """Fresh parameters: uniform in +-1/sqrt(inputs)."""
        width = self.width
        params = {
            "input_W": _uniform((n_in, width), n_in),
            "input_b": np.zeros(width, dtype=np.float32),
        }
        for i in range(len(self.dilations)):
            params[f"conv_{i}_W"] = _uniform((3 * width, 2 * width), 3 * width)
            params[f"conv_{i}_b"] = np.zeros(2 * width, dtype=np.float32)
            params[f"norm_{i}_G"] = np.ones(width, dtype=np.float32)
            params[f"norm_{i}_b"] = np.zeros(width, dtype=np.float32)
        return params

    def project(self, params: Params, features: np.ndarray) -> List[np.ndarray]:
        """The input layer, [n_types, width]."""
        return [features @ params["input_W"] + params["input_b"]]

    def predict(
        self,
        params: Params,
        tables: Sequence[np.ndarray],
        entries: np.ndarray,
        lengths: Sequence[int],
    ) -> np.ndarray:
        """Vectors in context, float32 [n_tokens, width]."""
        hidden = tables[0][entries]
        for i, dilation in enumerate(self.dilations):
            left, right = neighbours(lengths, dilation)
            # A row of zeros behind the last token stands for "beyond the edge".
            padded = np.concatenate([hidden, np.zeros_like(hidden[:1])])
            window = np.concatenate([padded[left], hidden, padded[right]], axis=1)
            both = window @ params[f"conv_{i}_W"] + params[f"conv_{i}_b"]
            value, gate = both[:, : self.width], both[:, self.width :]
            hidden = hidden + value * (0.5 * np.tanh(0.5 * gate) + 0.5)
            hidden = hidden - hidden.mean(axis=1, keepdims=True)
            variance = (hidden**2).mean(axis=1, keepdims=True)
            hidden = hidden / np.sqrt(variance + _EPSILON)
            hidden = hidden * params[f"norm_{i}_G"] + params[f"norm_{i}_b"]
        return hidden

    def train(
        self,
        params: Dict[str, Any],
        features: Any,
        lengths: Sequence[int],
        dropout: float,
    ) -> Any:
        """The same in torch."""
        import torch
        import torch.nn.functional as F

        hidden = features @ params["input_W"] + params["input_b"]
        for i, dilation in enumerate(self.dilations):
            left, right = map(torch.from_numpy, neighbours(lengths, dilation))
            padded = torch.cat([hidden, hidden.new_zeros(1, self.width)])
            window = torch.cat([padded[left], hidden, padded[right]], dim=1)
            both = window @ params[f"conv_{i}_W"] + params[f"conv_{i}_b"]
            hidden = F.layer_norm(
                hidden + F.dropout(F.glu(both, dim=1), dropout),
                (self.width,),
                params[f"norm_{i}_G"],
                params[f"norm_{i}_b"],
                _EPSILON,
            )
        return hidden


def _uniform(shape: Tuple[int, int], n_in: int) -> np.ndarray:
    bound = n_in**-0.5
    return np.random.uniform(-bound, bound, shape).astype(np.float32)
