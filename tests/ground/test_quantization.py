import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from spacy_distill.quantization import (
    MOST,
    decode_rows,
    encode_rows,
    quantize_rows,
    round_to,
    short_step,
)

# Weights of any size that a model could have, and zeros.
NUMBERS = st.one_of(
    st.just(0.0),
    st.floats(2.0**-60, 2.0**60, width=32),
    st.floats(-(2.0**60), -(2.0**-60), width=32),
    st.floats(-1, 1, width=32).filter(lambda x: x == 0 or abs(x) > 2.0**-60),
)
MATRICES = arrays(np.float32, array_shapes(min_dims=2, max_dims=4), elements=NUMBERS)


def test_rows_are_divided_by_their_scales_and_rounded():
    matrix = np.array([[0.0, 0.0], [3.0, -1.3], [127.0, -63.6]], dtype=np.float32)
    rows = quantize_rows(matrix, np.array([0.0, 0.5, 1.0], dtype=np.float32))
    assert rows.dtype == np.int8
    assert rows.tolist() == [[0, 0], [6, -3], [127, -64]]


@given(MATRICES)
def test_each_number_is_off_by_half_a_step_at_most(matrix):
    rows, steps = encode_rows(matrix)
    assert rows.dtype == np.int8
    assert rows.shape == matrix.shape
    assert steps.dtype == np.float32
    assert steps.shape == matrix.shape[:-1]
    error = np.abs(decode_rows(rows, steps).astype(np.float64) - matrix)
    largest = np.abs(matrix).max(axis=-1, keepdims=True)
    assert (error <= largest / (2 * MOST) * 1.0001).all()


@given(MATRICES)
def test_what_was_read_is_written_as_the_same(matrix):
    rows, steps = encode_rows(matrix)
    again, steps_again = encode_rows(decode_rows(rows, steps))
    np.testing.assert_array_equal(again, rows)
    assert steps_again.tobytes() == steps.tobytes()


@given(
    arrays(np.int8, array_shapes(min_dims=2), elements=st.integers(-MOST, MOST)),
    st.floats(2.0**-30, 2.0**30, width=32),
)
def test_a_grid_is_kept(whole, step):
    whole.flat[0] = 1
    matrix = whole.astype(np.float32) * short_step(np.float32(step))
    rows, steps = encode_rows(matrix)
    np.testing.assert_array_equal(rows, whole)
    np.testing.assert_array_equal(decode_rows(rows, steps), matrix)


@given(arrays(np.float32, 5, elements=st.floats(0, 2.0**60, width=32)))
def test_short_steps_are_exact_in_all_their_multiples(steps):
    short = short_step(steps)
    assert (short >= steps).all()
    np.testing.assert_allclose(short, steps, rtol=2.0**-14, atol=2.0**-130)
    for times in range(MOST + 1):
        exact = short.astype(np.float64) * times
        np.testing.assert_array_equal(short * np.float32(times), exact)


def test_against_torch():
    torch = pytest.importorskip("torch")
    matrix = np.random.default_rng(0).normal(size=(50, 30)).astype(np.float32)
    rows, steps = encode_rows(matrix)
    expected = torch.fake_quantize_per_channel_affine(
        torch.from_numpy(matrix),
        torch.from_numpy(steps),
        torch.zeros(50, dtype=torch.int32),
        0,
        -MOST,
        MOST,
    )
    np.testing.assert_allclose(
        decode_rows(rows, steps), expected.numpy(), rtol=1e-6, atol=1e-9
    )
    # All of int8 is used.
    assert (np.abs(rows.astype(int)).max(axis=1) == MOST).all()


def test_numbers_beyond_the_last_step():
    numbers = np.array([-1e9, -0.6, 0.4, 126.4, 1e9], dtype=np.float32)
    assert round_to(numbers, 1.0).tolist() == [-MOST, -1, 0, 126, MOST]
