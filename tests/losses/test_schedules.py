import math
from itertools import islice

import pytest

from spacy_distill.errors import DistillError
from spacy_distill.losses.distillation import adaptive_alpha_v1


@pytest.mark.parametrize("step", [0.5, 10.0, 1000.0])
@pytest.mark.parametrize("b", [-2.0, 0.0, 0.5, 1.0, 3.0])
def test_follows_the_formula(step, b):
    values = list(islice(adaptive_alpha_v1(step, b), 60))
    for t, value in enumerate(values):
        theta = max(1 - math.e ** (t / step + b) / math.e, 0)
        assert value == pytest.approx(1 - theta)
    assert values == sorted(values)


def test_never_overflows():
    values = list(islice(adaptive_alpha_v1(step=1e-4), 2000))
    assert values[0] == pytest.approx(1 / math.e)
    assert set(values[1:]) == {1.0}


@pytest.mark.parametrize("step", [0.0, -1.0, math.nan])
def test_step_out_of_range(step):
    with pytest.raises(DistillError, match="step above 0"):
        adaptive_alpha_v1(step)
