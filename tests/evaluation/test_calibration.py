import pytest
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.evaluation.measure import calibration_bins
from spacy_distill.tasks.ner.task import expected_calibration_error


def test_bins():
    low, high = calibration_bins([0.1, 0.15, 1.0], [True, False, True])
    assert (low.low, low.high, low.entities, low.accuracy) == (0.1, 0.2, 2, 0.5)
    assert low.probability == pytest.approx(0.125)
    assert (high.low, high.high, high.entities, high.accuracy) == (0.9, 1.0, 1, 1.0)
    assert calibration_bins([], []) == []


@given(st.lists(st.tuples(st.floats(0, 1), st.booleans()), min_size=1))
def test_the_calibration_error_is_the_mean_gap_of_the_bins(outcomes):
    probabilities, correct = zip(*outcomes)
    bins = calibration_bins(probabilities, correct)
    assert sum(b.entities for b in bins) == len(outcomes)
    gaps = sum(b.entities * abs(b.probability - b.accuracy) for b in bins)
    error = expected_calibration_error(probabilities, correct)
    assert gaps / len(outcomes) == pytest.approx(error, abs=1e-9)
