"""Character CNN: width-3 convolution and max pooling (Ma & Hovy 2016)."""

from typing import Any, Dict, Sequence

import numpy as np

from .base import Params

N_POSITIONS = 16
_PADDING, _UNKNOWN, _FIRST = 0, 1, 2


class CharCNN:
    """A convolution over the characters of a word, then the maximum over positions.

    Args:
        width: Width of character vectors.
        n_filters: Number of filters.

    Attributes:
        width: Width of character vectors.
        n_out: Width of the output, n_filters.
    """

    def __init__(self, *, width: int, n_filters: int) -> None:
        self.width = width
        self.n_out = n_filters

    def init(self, n_chars: int) -> Params:
        """Return new parameters.

        Args:
            n_chars: Size of the alphabet.

        Returns:
            Parameters by name, float32.
        """
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
        """Compute character features in numpy.

        Args:
            params: Arrays by name.
            chars: Character columns, int [n_types, N_POSITIONS].

        Returns:
            Features, float32 [n_types, n_out].
        """
        x = params["char_vectors"][chars] * (chars != _PADDING)[:, :, None]
        x = np.pad(x, ((0, 0), (1, 1), (0, 0)))
        windows = np.concatenate([x[:, :-2], x[:, 1:-1], x[:, 2:]], axis=2)
        out: np.ndarray = windows @ params["char_conv_W"] + params["char_conv_b"]
        return np.maximum(out, 0.0).max(axis=1)

    def train(self, params: Dict[str, Any], chars: Any) -> Any:
        """Compute character features in torch.

        Args:
            params: Tensors by name.
            chars: Character columns, int64 tensor [n_types, N_POSITIONS].

        Returns:
            Features, tensor [n_types, n_out].
        """
        import torch
        import torch.nn.functional as F

        x = F.embedding(chars, params["char_vectors"])
        x = F.pad(x * (chars != _PADDING).unsqueeze(2), (0, 0, 1, 1))
        windows = torch.cat([x[:, :-2], x[:, 1:-1], x[:, 2:]], dim=2)
        out = windows @ params["char_conv_W"] + params["char_conv_b"]
        return torch.relu(out).amax(dim=1)


def char_columns(word: str, alphabet: Dict[str, int]) -> Sequence[int]:
    """Return the rows of a word's characters in the character table.

    Words with more than `N_POSITIONS` characters lose their middle; shorter ones are
    padded.

    Args:
        word: The word.
        alphabet: Index of each character, from 0.

    Returns:
        `N_POSITIONS` rows.
    """
    if len(word) > N_POSITIONS:
        half = N_POSITIONS // 2
        word = word[:half] + word[-half:]
    columns = [alphabet.get(char, _UNKNOWN - _FIRST) + _FIRST for char in word]
    return columns + [_PADDING] * (N_POSITIONS - len(columns))
