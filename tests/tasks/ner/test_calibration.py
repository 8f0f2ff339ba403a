"""Beta calibration: its parameters, its bounds, and what it keeps as it is."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.errors import DistillError
from spacy_distill.tasks.ner.calibration import (
    BetaCalibration,
    cross_validate,
    fit_calibration,
    log_loss,
)

pytestmark = pytest.mark.usefixtures("both_ways")

HALVES = BetaCalibration(0.5, 1.5, 0.25)
weights = st.floats(0.0, 20.0)
probabilities = st.lists(st.floats(0.0, 1.0), min_size=2, max_size=50)


def outcomes(seed, number, a, b, c):
    """Raw probabilities, and outcomes drawn with the probabilities they map to."""
    random = np.random.RandomState(seed)
    raw = random.beta(2, 1, number)
    odds = a * np.log(raw) - b * np.log1p(-raw) + c
    return raw, random.rand(number) < 1 / (1 + np.exp(-odds))


# Found by scipy's L-BFGS-B (version 1.17) with the same prior and bounds.
@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ((0, 300, 0.5, 1.5, 0.7), (0.513344, 1.414889, 0.450039)),
        ((1, 2000, 2.0, 0.3, -0.5), (1.677282, 0.325166, -0.518289)),
        ((2, 3000, 1.5, -0.6, 0.0), (0.456460, 0.0, -1.307495)),
        ((3, 3000, -0.5, 1.2, 0.4), (0.0, 0.928964, 1.008221)),
        ((4, 3000, -1.0, -1.0, 0.0), (0.0, 0.0, -0.743925)),
    ],
)
def test_the_fit_is_that_of_another_optimizer(drawn, expected):
    fitted = fit_calibration(*outcomes(*drawn))
    assert fitted[:3] == pytest.approx(expected, abs=2e-5)
    assert fitted.entities == drawn[1]


def test_the_true_parameters_are_found_with_enough_entities():
    fitted = fit_calibration(*outcomes(5, 100_000, 0.5, 1.5, 0.7))
    assert fitted[:3] == pytest.approx((0.5, 1.5, 0.7), abs=0.05)


def test_values_of_the_formula():
    # 0.5 log 0.5 - 1.5 log 0.5 + 0.25 = log 2 + 0.25
    odds = 2 * np.exp(0.25)
    assert HALVES.apply(np.array([0.5])) == pytest.approx([odds / (1 + odds)])
    # a = b is Platt scaling of the log-odds.
    platt = BetaCalibration(2.0, 2.0, -1.0).apply(np.array([0.9]))
    assert platt == pytest.approx([1 / (1 + np.exp(-(2 * np.log(9) - 1)))])


@given(probabilities)
def test_the_identity(raw):
    mapped = BetaCalibration(1.0, 1.0, 0.0).apply(np.array(raw))
    np.testing.assert_allclose(mapped, raw, atol=2e-7)


@given(probabilities, weights, weights, st.floats(-20.0, 20.0))
def test_the_order_stays(raw, a, b, c):
    ordered = np.sort(raw)
    mapped = BetaCalibration(a, b, c).apply(ordered)
    assert (np.diff(mapped) >= 0).all()
    assert ((mapped >= 0) & (mapped <= 1)).all()


def test_distinct_probabilities_stay_distinct():
    raw = np.linspace(0.001, 0.999, 999)
    assert (np.diff(HALVES.apply(raw)) > 0).all()


def test_certain_probabilities_stay_finite():
    mapped = HALVES.apply(np.array([0.0, 1.0]))
    assert np.isfinite(mapped).all()
    assert 0 < mapped[0] < 0.001
    assert 0.999 < mapped[1] < 1


def test_a_few_entities_move_it_little():
    raw = np.full(5, 0.5)
    fitted = fit_calibration(raw, np.ones(5, dtype=bool))
    assert 0.5 < fitted.apply(raw)[0] < 0.7
    # Hundreds of them are believed.
    raw = np.full(500, 0.5)
    fitted = fit_calibration(raw, np.ones(500, dtype=bool))
    assert fitted.apply(raw)[0] > 0.95


def test_cross_validation_does_not_use_the_entity_itself():
    raw, correct = outcomes(6, 200, 0.5, 1.0, 0.5)
    documents = np.repeat(np.arange(40), 5)
    before = cross_validate(raw, correct, documents)
    changed = correct.copy()
    changed[:5] = ~changed[:5]
    after = cross_validate(raw, changed, documents)
    # Documents 0, 5, 10, ... are a part of their own.
    same_part = documents % 5 == 0
    np.testing.assert_array_equal(after[same_part], before[same_part])
    assert (after[~same_part] != before[~same_part]).all()
    assert np.corrcoef(before, fit_calibration(raw, correct).apply(raw))[0, 1] > 0.99


def test_cross_validation_in_one_document():
    raw, correct = outcomes(7, 60, 0.5, 1.0, 0.5)
    out = cross_validate(raw, correct, np.zeros(60, dtype=int))
    expected = fit_calibration(
        raw[np.arange(60) % 5 != 2], correct[np.arange(60) % 5 != 2]
    ).apply(raw[2:3])
    assert out[2] == pytest.approx(expected[0])


def test_log_loss():
    loss = log_loss(np.array([0.5, 0.25]), np.array([True, False]))
    assert loss == pytest.approx(-(np.log(0.5) + np.log(0.75)))
    assert log_loss(np.zeros(0), np.zeros(0, dtype=bool)) == 0.0


def test_a_calibration_survives_json():
    fitted = fit_calibration(*outcomes(0, 300, 0.5, 1.5, 0.7))._replace(data="ab")
    assert BetaCalibration.from_cfg(json.loads(json.dumps(fitted.to_cfg()))) == fitted
    assert BetaCalibration.from_cfg(None) is None


@pytest.mark.parametrize("changes", [{"version": 2}, {"method": "isotonic"}])
def test_another_version_is_an_error(changes):
    with pytest.raises(DistillError, match="or a newer one"):
        BetaCalibration.from_cfg({**HALVES.to_cfg(), **changes})
