"""Layer maps: the teacher layer that each student layer learns from."""

from typing import Sequence, Tuple

from ..errors import DistillError


def mean_layer_map(n_student: int, n_teacher: int) -> Tuple[int, ...]:
    """Map layers evenly: student layer j learns from teacher layer j * n_T / n_S.

    Ye & Hernandez 2023; TinyBERT (Jiao et al. 2020) calls it the uniform strategy. The
    quotient is rounded to the nearest layer, halves up, so the layers increase and the
    last one learns from the last one.

    Args:
        n_student: Number of student layers.
        n_teacher: Number of teacher layers, at least as many.

    Returns:
        The teacher layer of each student layer. Layers are counted from 1.

    Raises:
        DistillError: If the student has no layers, or more than the teacher.
    """
    if n_student < 1:
        raise DistillError(
            f"Expected a student with at least 1 layer, got {n_student}: change its"
            " number of layers."
        )
    if n_student > n_teacher:
        raise DistillError(
            f"Expected at most as many student layers as teacher layers ({n_teacher}),"
            f" got {n_student}: set layer_map."
        )
    return tuple(
        (2 * j * n_teacher + n_student) // (2 * n_student)
        for j in range(1, n_student + 1)
    )


def check_layer_map(
    layer_map: Sequence[int], *, n_student: int, n_teacher: int
) -> Tuple[int, ...]:
    """Check an explicit layer map.

    Args:
        layer_map: The teacher layer of each student layer, counted from 1.
        n_student: Number of student layers that are compared.
        n_teacher: Number of teacher layers.

    Returns:
        The map.

    Raises:
        DistillError: If its length is not `n_student`, or if it names layers that the
            teacher does not have.
    """
    if len(layer_map) != n_student:
        raise DistillError(
            f"Expected a layer_map with one teacher layer for each of {n_student}"
            f" student layers, got {len(layer_map)}: change layer_map."
        )
    missing = sorted({layer for layer in layer_map if not 1 <= layer <= n_teacher})
    if missing:
        raise DistillError(
            f"Expected a layer_map with teacher layers from 1 to {n_teacher}, got"
            f" {', '.join(map(str, missing))}: change layer_map."
        )
    return tuple(layer_map)
