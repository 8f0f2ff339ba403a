"""Quantization of matrices to int8 with one scale per row."""

from typing import Optional, Tuple

import numpy as np

# Largest absolute value of the int8 entries.
MOST = 127
# Lowest mantissa bits, which are zero in quantization scales. Multiples up to MOST are
# then exact in float32, so that encoding what was decoded returns the same bytes.
_SPARE_BITS = 8


def quantize_rows(matrix: np.ndarray, scales: np.ndarray) -> np.ndarray:
    """Divide rows by their quantization scales and round to int8.

    Args:
        matrix: float [..., width].
        scales: Quantization scales, float [...], at least 1/127 of the row's largest
            absolute value. 0 for rows of zeros.

    Returns:
        int8 [..., width].
    """
    safe = np.where(scales > 0, scales, 1.0)
    rows: np.ndarray = np.rint(matrix / safe[..., None]).astype(np.int8)
    return rows


def encode_rows(matrix: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """Quantize a matrix to int8, with one quantization scale per row.

    row = scale * int8. This is exact if all entries are multiples of one scale (see
    `round_to`). Otherwise the error is at most half a scale, 1/254 of the row's largest
    absolute value.

    Args:
        matrix: Finite float32 [..., width].

    Returns:
        int8 [..., width] and scales, float32 [...].
    """
    exact = _exact_multiples(matrix)
    if exact is None:
        largest = np.abs(matrix).max(axis=-1, initial=0.0)
        scales = short_step(largest / MOST)
        rows = quantize_rows(matrix, scales)
        # After rounding, one scale may fit all rows. Encode what decoding will return,
        # so that encoding again gives the same bytes.
        exact = _exact_multiples(decode_rows(rows, scales)) or (rows, scales)
    return exact


def decode_rows(rows: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """Dequantize rows.

    Args:
        rows: int8 [..., width].
        steps: Quantization scales, float32 [...].

    Returns:
        float32 [..., width].
    """
    out: np.ndarray = rows.astype(np.float32) * steps[..., None]
    return out


def round_to(matrix: np.ndarray, step: float) -> np.ndarray:
    """Round to multiples of one quantization scale.

    Args:
        matrix: float [...].
        step: The scale.

    Returns:
        The nearest multiples, int8 [...], clipped to [-MOST, MOST].
    """
    out: np.ndarray = np.rint(np.clip(matrix / step, -MOST, MOST)).astype(np.int8)
    return out


def short_step(step: np.ndarray) -> np.ndarray:
    """Round quantization scales up to fewer mantissa bits.

    Args:
        step: Scales, non-negative float32 [...].

    Returns:
        Scales, float32 [...], at least as large. Multiplying them by integers up to
        MOST is exact.
    """
    bits = np.asarray(step, dtype=np.float32).view(np.uint32)
    spare = np.uint32(2**_SPARE_BITS - 1)
    out: np.ndarray = ((bits + spare) & ~spare).view(np.float32)
    return out


def _exact_multiples(matrix: np.ndarray) -> Optional[Tuple[np.ndarray, np.ndarray]]:
    """Quantize by one scale for all rows if that is exact; else return None."""
    scale = _common_scale(np.abs(matrix))
    if scale is None:
        return None
    scales = np.full(matrix.shape[:-1], scale, dtype=np.float32)
    rows = quantize_rows(matrix, scales)
    return (rows, scales) if (decode_rows(rows, scales) == matrix).all() else None


def _common_scale(sizes: np.ndarray) -> Optional[np.float32]:
    """Find the largest number that all values are multiples of, up to MOST; 0 for 0.

    It is the smallest value, or a fraction of it if no value is a single scale.
    """
    smallest = np.min(sizes, where=sizes > 0, initial=np.inf)
    if not np.isfinite(smallest):
        return np.float32(0.0)
    most = int(MOST * smallest / sizes.max())
    # Most matrices are no multiples of anything, which shows early.
    values = np.unique(sizes) if most else sizes[:0]
    if not most or len(values) > MOST + 1:
        return None
    for parts in range(1, most + 1):
        scale = np.float32(smallest / parts)
        if (np.rint(values / scale).astype(np.float32) * scale == values).all():
            return scale
    return None
