"""Schedules for the weight between task and distillation loss."""

import math
from typing import Iterator

from spacy.util import registry

from ..errors import DistillError


@registry.schedules("spacy_distill.adaptive_alpha.v1")
def adaptive_alpha_v1(step: float = 1000.0, b: float = 0.0) -> Iterator[float]:
    """A schedule of alpha = 1 - theta_t, theta_t = max(1 - e^(t/step + b) / e, 0) being
    the weight of the distillation loss (Ye & Hernandez 2023): the student listens to
    the teacher first and to the labels later.

    step: updates that make the exponent grow by one.
    b: the exponent at the first update; 1 or more leaves the teacher no weight.
    RAISES: DistillError if step is not above 0.
    """
    if not step > 0.0:
        raise DistillError(
            f"Expected a step above 0, got {step}: change [components.ner.loss.alpha]."
        )
    return _adaptive_alpha(step, b)


def _adaptive_alpha(step: float, b: float) -> Iterator[float]:
    t = 0
    while True:
        # The exponent is capped where theta is 0 for good: exp() would overflow.
        theta = max(1.0 - math.exp(min(t / step + b, 1.0)) / math.e, 0.0)
        yield 1.0 - theta
        t += 1
