"""Tables of word vectors in fewer bits.

All rows share one step. Most of their numbers then are a few small ones, and a zip,
such as a wheel, codes numbers by how frequent they are. Rounding to one step and coding
so is within a quarter of a bit a number of the best that can be done (Gish & Pierce
1968). Rows with a scale each would be as exact, but their numbers less alike.
"""

from typing import Any

import numpy as np
from thinc.api import Model

from ..errors import DistillError
from ..quantization import MOST, round_to, short_step
from ..students.pieces import PIECE_PARAMS

_HALVINGS = 20


def round_tables(encoder: Model, bits: float) -> None:
    """Round the word table and the piece table of a student encoder, so that a number
    of theirs has an entropy of `bits` at most. A table with less is left as it is.

    The piece table stays int8. The word table stays float32 and is on a grid, which
    storage as int8 keeps.
    RAISES: DistillError if bits are not in [1, 8].
    """
    if not 1 <= bits <= 8:
        raise DistillError(f"Expected 1 to 8 bits for tables, got {bits}.")
    words: Any = encoder.get_param("word_vectors")
    step = find_step(words, bits)
    if step:
        rounded: Any = round_to(words, step).astype(np.float32) * np.float32(step)
        encoder.set_param("word_vectors", rounded)
    if all(encoder.has_param(name) for name in PIECE_PARAMS):
        rows, scales = _piece_table(encoder)
        pieces = rows * scales[:, None]
        step = find_step(pieces, bits)
        if step:
            table: Any = (round_to(pieces, step), np.full_like(scales, step))
            for name, array in zip(PIECE_PARAMS, table):
                encoder.set_param(name, array)


def find_step(table: np.ndarray, bits: float) -> float:
    """The smallest step that leaves numbers an entropy of `bits` at most; 0 if as many
    steps as int8 has do so already, as in an empty table or one that is rounded."""
    largest = float(np.abs(table).max(initial=0.0))
    low, high = largest / MOST, largest * 2
    if not largest or entropy(round_to(table, low)) <= bits:
        return 0.0
    for _ in range(_HALVINGS):
        middle = (low * high) ** 0.5
        if entropy(round_to(table, middle)) > bits:
            low = middle
        else:
            high = middle
    return float(short_step(np.float32(high)))


def entropy(numbers: np.ndarray) -> float:
    """Bits a number, of int8 numbers by themselves."""
    counts = np.bincount(numbers.ravel().view(np.uint8), minlength=1)
    shares = counts[counts > 0] / numbers.size
    return float(-(shares * np.log2(shares)).sum())


def _piece_table(encoder: Model) -> Any:
    return tuple(encoder.get_param(name) for name in PIECE_PARAMS)
