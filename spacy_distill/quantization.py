"""Matrices as whole numbers of eight bits, times a step."""

from typing import Optional, Tuple

import numpy as np

MOST = 127
# Bits of a float32 that a step does without, so that any of its multiples up to MOST
# is exact: what was read from int8 is written as the same bytes.
_SPARE_BITS = 8


def encode_rows(matrix: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
    """int8 of the matrix's shape, and float32 steps, one for each row (all axes but
    the last). row = step * int8: exact if the matrix is on a grid (`round_to`), else
    to within half a step, a 254th of the row's largest number.

    matrix: finite float32 [..., width].
    """
    on_grid = _whole_multiples(matrix)
    if on_grid is None:
        largest = np.abs(matrix).max(axis=-1, initial=0.0)
        steps = short_step(largest / MOST)
        rows = _divide(matrix, steps)
        # Rounded, it may be on a grid, and must be written as what it will be read as.
        on_grid = _whole_multiples(decode_rows(rows, steps)) or (rows, steps)
    return on_grid


def decode_rows(rows: np.ndarray, steps: np.ndarray) -> np.ndarray:
    """float32: what `encode_rows` took, or nearly so."""
    out: np.ndarray = rows.astype(np.float32) * steps[..., None]
    return out


def round_to(matrix: np.ndarray, step: float) -> np.ndarray:
    """int8: how many steps each number is, to the nearest, and MOST at most."""
    out: np.ndarray = np.rint(np.clip(matrix / step, -MOST, MOST)).astype(np.int8)
    return out


def short_step(step: np.ndarray) -> np.ndarray:
    """float32 steps, none smaller than those given, with fewer bits."""
    bits = np.asarray(step, dtype=np.float32).view(np.uint32)
    spare = np.uint32(2**_SPARE_BITS - 1)
    out: np.ndarray = ((bits + spare) & ~spare).view(np.float32)
    return out


def _divide(matrix: np.ndarray, steps: np.ndarray) -> np.ndarray:
    safe = np.where(steps > 0, steps, 1.0)
    rows: np.ndarray = np.rint(matrix / safe[..., None]).astype(np.int8)
    return rows


def _whole_multiples(matrix: np.ndarray) -> Optional[Tuple[np.ndarray, np.ndarray]]:
    """The matrix in steps of its smallest number, if that is exact; else None."""
    sizes = np.abs(matrix)
    step = np.min(sizes, where=sizes > 0, initial=np.inf)
    if not np.isfinite(step):
        step = np.float32(0.0)
    elif sizes.max() / step > MOST:
        return None
    steps = np.full(matrix.shape[:-1], step, dtype=np.float32)
    rows = _divide(matrix, steps)
    return (rows, steps) if (decode_rows(rows, steps) == matrix).all() else None
