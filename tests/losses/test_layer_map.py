from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.errors import DistillError
from spacy_distill.losses.layer_map import check_layer_map, mean_layer_map


@pytest.mark.parametrize(
    ("n_student", "n_teacher", "expected"),
    [
        (6, 12, (2, 4, 6, 8, 10, 12)),
        (4, 12, (3, 6, 9, 12)),
        (2, 12, (6, 12)),
        (3, 3, (1, 2, 3)),
        (1, 7, (7,)),
        # 2.4, 4.8, 7.2, 9.6 and 12 are rounded, 1.5 is rounded up.
        (5, 12, (2, 5, 7, 10, 12)),
        (2, 3, (2, 3)),
    ],
)
def test_mean_map(n_student, n_teacher, expected):
    assert mean_layer_map(n_student, n_teacher) == expected


@given(st.integers(1, 30), st.integers(0, 30))
def test_mean_map_is_the_nearest_layer(n_student, more):
    n_teacher = n_student + more
    layers = mean_layer_map(n_student, n_teacher)
    assert len(layers) == n_student
    for j, layer in enumerate(layers, start=1):
        distance = layer - Fraction(j * n_teacher, n_student)
        assert Fraction(-1, 2) < distance <= Fraction(1, 2)
    # Each teacher layer teaches one student layer at most.
    assert len(set(layers)) == n_student
    assert check_layer_map(layers, n_student=n_student, n_teacher=n_teacher) == layers


@pytest.mark.parametrize(
    ("n_student", "n_teacher", "message"),
    [
        (7, 6, r"at most as many student layers as teacher layers \(6\), got 7: set"),
        (0, 6, "at least 1 layer, got 0"),
    ],
)
def test_no_mean_map(n_student, n_teacher, message):
    with pytest.raises(DistillError, match=message):
        mean_layer_map(n_student, n_teacher)


def test_explicit_map():
    assert check_layer_map([12, 3, 3], n_student=3, n_teacher=12) == (12, 3, 3)
    # More student than teacher layers, if the map says so.
    assert check_layer_map([1, 2, 2], n_student=3, n_teacher=2) == (1, 2, 2)


@pytest.mark.parametrize(
    ("layer_map", "message"),
    [
        ([0, 13, 2, 13], "teacher layers from 1 to 12, got 0, 13: change"),
        ([-1, 1, 2, 3], "teacher layers from 1 to 12, got -1: change"),
        ([1, 2, 3], "each of 4 student layers, got 3: change"),
        ([], "each of 4 student layers, got 0: change"),
    ],
)
def test_wrong_map(layer_map, message):
    with pytest.raises(DistillError, match=message):
        check_layer_map(layer_map, n_student=4, n_teacher=12)
