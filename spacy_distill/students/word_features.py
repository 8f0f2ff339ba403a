"""What an encoder sees of a word by itself: its vector, its spelling, its shape."""

from typing import Any

import numpy as np

from ..word_shape import N_SHAPES
from .layers.base import Params
from .layers.char_cnn import CharCNN
from .word_types import UNKNOWN_ROW, WordTypes

_SHAPE_WIDTH = 10


class WordFeatures:
    """Features of word types, in numpy and in torch."""

    def __init__(self, chars: CharCNN) -> None:
        self.chars = chars

    def n_out(self, word_width: int) -> int:
        """The width of a type's features, with word vectors of `word_width`."""
        return word_width + self.chars.n_out + _SHAPE_WIDTH

    def init_shapes(self) -> Params:
        """Fresh vectors for the shapes; `CharCNN.init` has those for the spelling."""
        vectors = np.random.uniform(-0.5, 0.5, (N_SHAPES, _SHAPE_WIDTH))
        return {"shape_vectors": vectors.astype("f")}

    def predict(self, params: Params, types: WordTypes, entries: slice) -> np.ndarray:
        """Of some of the types. RETURNS: float32 [n_entries, n_out]."""
        rows = types.rows[entries]
        table = params["word_vectors"][np.maximum(rows, 0)]
        words = np.where(rows[:, None] < 0, types.composed[entries], table)
        chars = self.chars.predict(params, types.chars[entries])
        shapes = params["shape_vectors"][types.shapes[entries]]
        return np.concatenate([words, chars, shapes], axis=1)

    def train(
        self,
        params: Params,
        types: WordTypes,
        entries: np.ndarray,
        *,
        word_dropout: float,
    ) -> Any:
        """The same in torch. params: tensors. word_dropout: share of the types that are
        taken for unknown. RETURNS: tensor [n_entries, n_out]."""
        import torch
        import torch.nn.functional as F

        rows = torch.from_numpy(_drop_words(types, entries, word_dropout))
        table = F.embedding(rows.clamp(min=0), params["word_vectors"])
        composed = torch.from_numpy(types.composed[entries]).to(table.dtype)
        words = torch.where((rows < 0).unsqueeze(1), composed, table)
        chars = self.chars.train(params, torch.from_numpy(types.chars[entries]))
        shape_rows = torch.from_numpy(types.shapes[entries])
        shapes = F.embedding(shape_rows, params["shape_vectors"])
        return torch.cat([words, chars, shapes], dim=1)


def _drop_words(types: WordTypes, entries: np.ndarray, share: float) -> np.ndarray:
    """Word rows of the types, -1 for those to compose. A share of those that have a row
    is taken for unknown, so that the student learns to read what is unknown when it
    predicts: composed from pieces, or else row 0."""
    rows = types.rows[entries]
    dropped = (np.random.random(len(rows)) < share) & (rows > UNKNOWN_ROW)
    has_pieces = types.composed[entries].any(axis=1)
    return np.where(dropped, np.where(has_pieces, -1, UNKNOWN_ROW), rows)
