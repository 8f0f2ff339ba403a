"""Entropy-constrained quantization of embedding tables.

A table has one quantization scale for all rows, rather than a scale per row. Its
integers then have a skewed distribution, and the entropy coding of a zip file, such as
a wheel, shortens them. Uniform quantization followed by entropy coding is within about
a quarter of a bit per value of the theoretical optimum (Gish & Pierce 1968). Scales per
row have a similar error, but flatten the distribution.
"""

from typing import Any, Sequence

import numpy as np
from thinc.api import Model

from ..errors import DistillError
from ..quantization import MOST, encode_rows, round_to, short_step
from ..students.composition import KNOWN_PARAMS
from ..students.pieces import PIECE_PARAMS

_BISECTIONS = 20


def round_tables(encoder: Model, bits: float) -> None:
    """Quantize the embedding tables of a student encoder, in place.

    The entropy of the quantized values is at most `bits`. A table that is below the
    limit is left unchanged. The tables of pieces and of known words stay int8. The word
    table stays float32; its values are multiples of the scale, so int8 storage is
    lossless.

    Args:
        encoder: Student encoder.
        bits: Maximum entropy in bits per value, from 1 to 8.

    Raises:
        DistillError: If `bits` is out of range.
    """
    _check_bits(bits)
    words: Any = encoder.get_param("word_vectors")
    step = find_step(words, bits)
    if step:
        rounded: Any = round_to(words, step).astype(np.float32) * np.float32(step)
        encoder.set_param("word_vectors", rounded)
    for names in (PIECE_PARAMS, KNOWN_PARAMS):
        if all(encoder.has_param(name) for name in names):
            _round_int8(encoder, names, bits)


def _round_int8(encoder: Model, names: Sequence[str], bits: float) -> None:
    """Give an int8 table and its scales one scale for all rows."""
    table: Any = [encoder.get_param(name) for name in names]
    rows, scales = table
    values = rows * scales[:, None]
    step = find_step(values, bits)
    if step:
        rounded: Any = (round_to(values, step), np.full_like(scales, step))
        for name, array in zip(names, rounded):
            encoder.set_param(name, array)


def round_ngrams(layer: Model, bits: float) -> None:
    """Quantize the table of an n-gram layer with one quantization scale, in place.

    The entropy of the quantized values is at most `bits`; rows of zeros, which training
    never used, do not count and stay zero. Rows whose values are below half a scale
    become zero. Values are multiples of the scale, so int8 storage is lossless.

    Args:
        layer: N-gram layer.
        bits: Maximum entropy in bits per value, from 1 to 8.

    Raises:
        DistillError: If `bits` is out of range.
    """
    _check_bits(bits)
    table: Any = layer.get_param("E")
    used = table[table.any(axis=1)]
    step = find_step(used, bits)
    if not step:
        # Scales of their own for the rows, as storage would give them, do not zip.
        _, scales = encode_rows(used)
        if len(set(scales.tolist())) < 2:
            return
        step = float(short_step(np.abs(used).max() / MOST))
    rounded: Any = round_to(table, step).astype(np.float32) * np.float32(step)
    layer.set_param("E", rounded)


def count_ngrams(layer: Model) -> int:
    """Return the number of rows of an n-gram layer's table that are not zero."""
    table: Any = layer.get_param("E")
    return int(table.any(axis=1).sum())


def _check_bits(bits: float) -> None:
    if not 1 <= bits <= 8:
        raise DistillError(f"Expected 1 to 8 bits for tables, got {bits}.")


def find_step(table: np.ndarray, bits: float) -> float:
    """Find the smallest scale that limits the entropy of quantized values to `bits`.

    Args:
        table: float32 array of any shape.
        bits: Maximum entropy in bits per value.

    Returns:
        The scale. 0 if plain int8 quantization is below the limit already, e.g. for an
        empty table or one that was rounded before.
    """
    largest = float(np.abs(table).max(initial=0.0))
    low, high = largest / MOST, largest * 2
    if not largest or entropy(round_to(table, low)) <= bits:
        return 0.0
    for _ in range(_BISECTIONS):
        middle = (low * high) ** 0.5
        if entropy(round_to(table, middle)) > bits:
            low = middle
        else:
            high = middle
    return float(short_step(np.float32(high)))


def entropy(numbers: np.ndarray) -> float:
    """Return the empirical entropy of int8 values.

    Args:
        numbers: int8 array of any shape.

    Returns:
        Bits per value, without context.
    """
    counts = np.bincount(numbers.ravel().view(np.uint8), minlength=1)
    shares = counts[counts > 0] / numbers.size
    return float(-(shares * np.log2(shares)).sum())
