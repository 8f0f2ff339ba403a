import math
from itertools import islice

import pytest

from spacy_distill.errors import DistillError
from spacy_distill.losses.distillation import adaptive_alpha_v1, adaptive_theta_v1

SCHEDULES = (adaptive_alpha_v1, adaptive_theta_v1)


@pytest.mark.parametrize("step", [0.5, 10.0, 1000.0])
@pytest.mark.parametrize("b", [-2.0, 0.0, 0.5, 1.0, 3.0])
def test_follows_the_formula(step, b):
    alphas = list(islice(adaptive_alpha_v1(step, b), 60))
    thetas = list(islice(adaptive_theta_v1(step, b), 60))
    for t in range(60):
        theta = max(1 - math.e ** (t / step + b) / math.e, 0)
        assert thetas[t] == pytest.approx(theta)
        assert alphas[t] == pytest.approx(1 - theta)
    assert alphas == sorted(alphas)


def test_never_overflows():
    values = list(islice(adaptive_alpha_v1(step=1e-4), 2000))
    assert values[0] == pytest.approx(1 / math.e)
    assert set(values[1:]) == {1.0}
    assert set(islice(adaptive_theta_v1(step=1e-4), 1, 2000)) == {0.0}


@pytest.mark.parametrize("schedule", SCHEDULES)
@pytest.mark.parametrize("step", [0.0, -1.0, math.nan])
def test_step_out_of_range(schedule, step):
    with pytest.raises(DistillError, match="step above 0"):
        schedule(step)
