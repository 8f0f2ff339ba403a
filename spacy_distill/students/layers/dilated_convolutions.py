"""Gated dilated convolutions over tokens.

Convolutions as in Strubell et al. 2017, gates as in Dauphin et al. 2017. Each has a
residual connection and layer normalization (Ba et al. 2016).
"""

from typing import Any, Dict, List, Sequence, Tuple

import numpy as np

from ...arrays import neighbours
from .base import Params

_EPSILON = 1e-5


class DilatedConvolutions:
    """Layers of gated width-3 convolutions.

    Args:
        width: Width of the layers.
        dilations: Distance in tokens to the neighbors of each layer.

    Attributes:
        width: Width of the layers.
        dilations: Distance in tokens to the neighbors of each layer.
        n_out: Width of the output, width.
    """

    def __init__(self, *, width: int, dilations: Sequence[int]) -> None:
        self.width = width
        self.dilations = tuple(dilations)
        self.n_out = width

    def init(self, n_in: int) -> Params:
        """Return new parameters, uniform in +-1/sqrt(inputs).

        Args:
            n_in: Width of the features.

        Returns:
            Parameters by name, float32.
        """
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
        """Compute the input layer.

        Args:
            params: Arrays by name.
            features: The first columns of the input, float32 [n_types, at most n_in].

        Returns:
            One table, float32 [n_types, width].
        """
        weights = params["input_W"][: features.shape[1]]
        return [features @ weights + params["input_b"]]

    def project_tokens(self, params: Params, features: np.ndarray) -> List[np.ndarray]:
        """Compute what features of tokens add to the input layer.

        Args:
            params: Arrays by name.
            features: The last columns of the input, float32 [n_tokens, at most n_in].

        Returns:
            One table, float32 [n_tokens, width].
        """
        weights = params["input_W"]
        return [features @ weights[len(weights) - features.shape[1] :]]

    def prepare(self, params: Params) -> Params:
        """Return the parameters, which `predict` takes as they are.

        Args:
            params: Arrays by name.

        Returns:
            Arrays by name.
        """
        return params

    def predict(
        self,
        prepared: Params,
        tables: Sequence[np.ndarray],
        entries: np.ndarray,
        lengths: Sequence[int],
    ) -> np.ndarray:
        """Compute vectors in context in numpy.

        Args:
            prepared: What `prepare` returned.
            tables: The output of `project`, with a last row of zeros for positions
                outside of the sequence. Read-only.
            entries: Rows of the tokens in the tables, int64 [n_tokens].
            lengths: Number of tokens of each sequence.

        Returns:
            Vectors, float32 [n_tokens, width].
        """
        hidden = tables[0][entries]
        for i, dilation in enumerate(self.dilations):
            left, right = neighbours(lengths, dilation)
            # `neighbours` indexes this row of zeros outside of the sequence.
            padded = np.concatenate([hidden, np.zeros_like(hidden[:1])])
            window = np.concatenate([padded[left], hidden, padded[right]], axis=1)
            both = window @ prepared[f"conv_{i}_W"] + prepared[f"conv_{i}_b"]
            value, gate = both[:, : self.width], both[:, self.width :]
            hidden = hidden + value * (0.5 * np.tanh(0.5 * gate) + 0.5)
            hidden = hidden - hidden.mean(axis=1, keepdims=True)
            variance = (hidden**2).mean(axis=1, keepdims=True)
            hidden = hidden / np.sqrt(variance + _EPSILON)
            hidden = hidden * prepared[f"norm_{i}_G"] + prepared[f"norm_{i}_b"]
        return hidden

    def train(
        self,
        params: Dict[str, Any],
        features: Any,
        lengths: Sequence[int],
        dropout: float,
    ) -> Any:
        """Compute vectors in context in torch.

        Args:
            params: Tensors by name.
            features: Features of the tokens, tensor [n_tokens, n_in].
            lengths: Number of tokens of each sequence.
            dropout: Dropout rate of the convolutions' outputs.

        Returns:
            Vectors, tensor [n_tokens, width].
        """
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
