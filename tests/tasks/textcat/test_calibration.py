"""Temperature scaling: its fit against a brute-force search, and what it keeps."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.errors import DistillError
from spacy_distill.tasks.textcat.calibration import (
    TemperatureScaling,
    cross_validate,
    fit_temperature,
)


def draw(seed, n_rows, n_columns, temperature, spread=3.0):
    """Logits, and columns drawn with the probabilities of a temperature."""
    random = np.random.RandomState(seed)
    logits = spread * random.randn(n_rows, n_columns)
    # The largest of logits with Gumbel noise is a sample of their softmax.
    noise = random.gumbel(size=logits.shape)
    return logits, (logits / temperature + noise).argmax(axis=1)


def loss(logits, gold, temperature):
    """Negative log likelihood, row by row."""
    total = 0.0
    for row, right in zip(logits / temperature, gold):
        total += np.logaddexp.reduce(row) - row[right]
    return float(total)


def search(logits, gold, low=0.05, high=20.0):
    """The best temperature of finer and finer grids."""
    for _ in range(6):
        grid = np.geomspace(low, high, 41)
        best = int(np.argmin([loss(logits, gold, t) for t in grid]))
        low, high = grid[max(best - 1, 0)], grid[min(best + 1, 40)]
    return grid[best]


@pytest.mark.parametrize(
    ("seed", "n_rows", "n_columns", "temperature"),
    [(0, 60, 2, 2.5), (1, 60, 3, 0.4), (2, 90, 7, 5.0), (3, 50, 4, 1.0)],
)
def test_the_fit_is_that_of_a_grid_search(seed, n_rows, n_columns, temperature):
    logits, gold = draw(seed, n_rows, n_columns, temperature)
    found = fit_temperature(logits, gold)
    # Losses near the best one are equal to the last digit.
    assert found == pytest.approx(search(logits, gold), rel=1e-5)
    assert loss(logits, gold, found) <= loss(logits, gold, 1.0)


@given(
    st.integers(0, 10_000),
    st.integers(1, 12),
    st.integers(2, 4),
    st.floats(0.001, 300.0),
)
@settings(max_examples=40, deadline=None)
def test_no_other_temperature_is_better(seed, n_rows, n_columns, spread):
    """Also of few rows, tiny and huge logits, where the best one is at a bound."""
    logits, gold = draw(seed, n_rows, n_columns, 1.0, spread)
    gold[::3] = 0
    found = fit_temperature(logits, gold)
    assert 0.05 <= found <= 20.0
    best = loss(logits, gold, found)
    for other in np.geomspace(0.05, 20.0, 60):
        assert best <= loss(logits, gold, other) + 1e-6 * max(1.0, best)


def test_the_true_temperature_is_found_with_enough_documents():
    assert fit_temperature(*draw(4, 50_000, 3, 2.0)) == pytest.approx(2.0, rel=0.02)


def test_all_right_all_wrong_and_nothing_to_learn_from():
    logits = np.array([[2.0, 0.0], [1.0, 0.0]] * 30)
    assert fit_temperature(logits, np.zeros(60, dtype=int)) == pytest.approx(0.05)
    assert fit_temperature(logits, np.ones(60, dtype=int)) == pytest.approx(20.0)
    assert fit_temperature(0.0 * logits, np.zeros(60, dtype=int)) == 1.0
    assert fit_temperature(logits, np.full(60, -1)) == 1.0


def test_rows_without_a_known_category_do_not_count():
    logits, gold = draw(5, 100, 3, 3.0)
    mixed = np.where(np.arange(100) % 4 == 0, -1, gold)
    known = mixed >= 0
    assert fit_temperature(logits, mixed) == fit_temperature(logits[known], gold[known])


def test_cross_validation_does_not_use_the_document_itself():
    logits, gold = draw(6, 200, 2, 2.0)
    # Five pairs of a document each.
    documents = np.repeat(np.arange(40), 5)
    before = cross_validate(logits, gold, documents)
    changed = gold.copy()
    changed[:5] = 1 - changed[:5]
    after = cross_validate(logits, changed, documents)
    same_part = documents % 5 == 0
    np.testing.assert_array_equal(after[same_part], before[same_part])
    assert (after[~same_part] != before[~same_part]).all()
    assert before[0] == fit_temperature(logits[~same_part], gold[~same_part])


def test_logits_are_divided_in_their_own_type():
    logits = np.array([[1.0, -3.0]], dtype=np.float32)
    scaled = TemperatureScaling(2.0).apply(logits)
    assert scaled.dtype == np.float32
    assert scaled.tolist() == [[0.5, -1.5]]


def test_a_calibration_survives_json():
    fitted = TemperatureScaling(fit_temperature(*draw(7, 80, 3, 2.2)), 80, "ab")
    saved = json.loads(json.dumps(fitted.to_cfg()))
    assert TemperatureScaling.from_cfg(saved) == fitted
    # spaCy's JSON reader changes the last bits.
    saved["temperature"] += 1e-13
    assert TemperatureScaling.from_cfg(saved) == fitted
    assert TemperatureScaling.from_cfg(None) is None


@pytest.mark.parametrize("changes", [{"version": 2}, {"method": "beta"}])
def test_another_version_is_an_error(changes):
    with pytest.raises(DistillError, match="or a newer one"):
        TemperatureScaling.from_cfg({**TemperatureScaling(1.5).to_cfg(), **changes})
