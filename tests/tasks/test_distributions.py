"""Distributions of logits, against the same arithmetic of probabilities."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from tiny_text_classifiers import expit, softmax

from spacy_distill.tasks.distributions import SigmoidRows, SoftmaxRows
from spacy_distill.tasks.textcat.task import TextCatTask
from spacy_distill.windows import max_context_ranges, split

ROWS = {SoftmaxRows: softmax, SigmoidRows: expit}
kinds = pytest.mark.parametrize("kind", ROWS)
finite = st.floats(-12, 12, width=32)


@st.composite
def logits(draw, *, members=1):
    """Draw logits of several members, of one shape."""
    shape = draw(st.tuples(st.integers(0, 3), st.integers(1, 5)))
    return [draw(arrays(np.float32, shape, elements=finite)) for _ in range(members)]


@kinds
@given(data=st.data())
def test_average(kind, data):
    n = data.draw(st.integers(1, 4))
    members = data.draw(logits(members=n))
    counts = st.lists(st.integers(0, 5), min_size=n, max_size=n).filter(any)
    shares = np.array(data.draw(counts))
    shares = shares / shares.sum()
    found = kind().average(members, shares.tolist())
    assert found.dtype == np.float32
    expected = sum(w * ROWS[kind](z) for w, z in zip(shares, members))
    np.testing.assert_allclose(ROWS[kind](found), expected, atol=1e-6)


@kinds
@given(data=st.data())
def test_merge_columns(kind, data):
    (rows,) = data.draw(logits())
    n = rows.shape[1]
    new = st.one_of(st.none(), st.integers(0, 2))
    columns = data.draw(st.lists(new, min_size=n, max_size=n))
    # Those that are left, in order of first appearance.
    left = list(dict.fromkeys(column for column in columns if column is not None))
    columns = [None if column is None else left.index(column) for column in columns]
    if not left:
        return
    found = kind().merge_columns(rows, columns, len(left))
    assert found.dtype == np.float32
    before = ROWS[kind](rows)
    groups = [
        [i for i, c in enumerate(columns) if c == new] for new in range(len(left))
    ]
    if kind is SoftmaxRows:
        expected = np.stack([before[:, group].sum(axis=1) for group in groups], axis=1)
        # What is dropped leaves the others in proportion.
        expected /= expected.sum(axis=1, keepdims=True)
        np.testing.assert_allclose(np.exp(found).sum(axis=1), 1.0, atol=1e-5)
    else:
        expected = np.stack([before[:, group].max(axis=1) for group in groups], axis=1)
    np.testing.assert_allclose(ROWS[kind](found), expected, atol=1e-6)


@kinds
@given(data=st.data())
def test_entropies(kind, data):
    (rows,) = data.draw(logits())
    found = kind().entropies(rows)
    p = ROWS[kind](rows)
    expected = -(p * np.log(p)).sum(axis=1)
    if kind is SigmoidRows:
        expected -= ((1 - p) * np.log1p(-p)).sum(axis=1)
    np.testing.assert_allclose(found, expected, atol=1e-4)


@kinds
def test_extreme_logits(kind):
    """Nothing overflows where float16 ends."""
    rows = np.array([[6e4, -6e4, 0.0]], dtype=np.float32)
    with np.errstate(over="raise", invalid="raise"):
        mean = kind().average([rows, -rows], [0.5, 0.5])
        merged = kind().merge_columns(rows, [0, 1, None], 2)
        entropies = kind().entropies(rows)
    for found in (mean, merged, entropies):
        assert np.isfinite(found).all()


@pytest.mark.parametrize("exclusive", [True, False])
@given(
    n_tokens=st.integers(1, 40),
    window=st.integers(1, 12),
    data=st.data(),
)
def test_windows_of_a_text(exclusive, n_tokens, window, data):
    """The mean over tokens, each in the window where it has most context."""
    overlap = data.draw(st.integers(0, window - 1))
    windows = split(n_tokens, window=window, overlap=overlap)
    task = TextCatTask(["a", "b", "c"], exclusive=exclusive)
    rows = [data.draw(arrays(np.float32, (1, 3), elements=finite)) for _ in windows]
    probabilities = softmax if exclusive else expit
    of_tokens = np.zeros((n_tokens, 3))
    for (first, last), row in zip(max_context_ranges(windows), rows):
        of_tokens[first:last] = probabilities(row)
    found = task.merge(windows, rows)
    assert (found.shape, found.dtype) == ((1, 3), np.float32)
    np.testing.assert_allclose(
        probabilities(found)[0], of_tokens.mean(axis=0), atol=1e-6
    )
