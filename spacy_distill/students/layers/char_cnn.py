"""A word's spelling as a vector: width-3 convolution over its characters, then the
maximum over positions (Ma & Hovy 2016)."""

from typing import Any, Dict, Sequence

import numpy as np

from .base import Params

N_POSITIONS = 16
_PADDING, _UNKNOWN, _FIRST = 0, 1, 2


class CharCNN:
    """Character vectors of `width`, `n_filters` filters; n_filters is its output."""

    def __init__(self, *, width: int, n_filters: int) -> None:
        self.width = width
        self.n_out = n_filters

    def init(self, n_chars: int) -> Params:
        """Fresh parameters for an alphabet of `n_chars` characters."""
        vectors = np.random.uniform(-0.5, 0.5, (n_chars + _FIRST, self.width))
        vectors[_PADDING] = 0.0
        bound = (3 * self.width) ** -0.5
        weights = np.random.uniform(-bound, bound, (3 * self.width, self.n_out))
        return {
            "char_vectors": vectors.astype(np.float32),
            "char_conv_W": weights.astype(np.float32),
            "char_conv_b": np.zeros(self.n_out, dtype=np.float32),
        }

    def predict(self, params: Params, chars: np.ndarray) -> np.ndarray:
        """chars: int [n_types, N_POSITIONS]. RETURNS: float32 [n_types, n_out]."""
        x = params["char_vectors"][chars] * (chars != _PADDING)[:, :, None]
        x = np.pad(x, ((0, 0), (1, 1), (0, 0)))
        windows = np.concatenate([x[:, :-2], x[:, 1:-1], x[:, 2:]], axis=2)
        out: np.ndarray = windows @ params["char_conv_W"] + params["char_conv_b"]
        return np.maximum(out, 0.0).max(axis=1)

    def train(self, params: Dict[str, Any], chars: Any) -> Any:
        """The same in torch."""
        import torch
        import torch.nn.functional as F

        x = F.embedding(chars, params["char_vectors"])
        x = F.pad(x * (chars != _PADDING).unsqueeze(2), (0, 0, 1, 1))
        windows = torch.cat([x[:, :-2], x[:, 1:-1], x[:, 2:]], dim=2)
        out = windows @ params["char_conv_W"] + params["char_conv_b"]
        return torch.relu(out).amax(dim=1)


def char_columns(word: str, alphabet: Dict[str, int]) -> Sequence[int]:
    """N_POSITIONS rows of the character table; the middle of a long word is left
    out. alphabet: number of each character, from 0."""
    if len(word) > N_POSITIONS:
        half = N_POSITIONS // 2
        word = word[:half] + word[-half:]
    columns = [alphabet.get(char, _UNKNOWN - _FIRST) + _FIRST for char in word]
    return columns + [_PADDING] * (N_POSITIONS - len(columns))
