"""How long to train: the one place where steps follow from numbers of sentences."""

import math
from dataclasses import dataclass
from typing import Optional


@dataclass(frozen=True)
class Steps:
    """How many steps a training has, and after how many it is evaluated each time."""

    steps: int
    every: int


@dataclass(frozen=True)
class StepRule:
    """Steps as a function of sentences.

    passes: over the sentences. at_least: steps, however few sentences there are.
    at_most: steps, however many sentences there are; None for no limit.
    evaluations: on development, evenly spread, the last one after the last step.
    few_passes: instead of `passes` with up to `few_labels` gold sentences.
    """

    passes: float
    at_least: int
    evaluations: int
    few_labels: int = 0
    few_passes: float = 0
    at_most: Optional[int] = None

    def plan(self, sentences: int, *, labels: int, batch: int) -> Steps:
        """The steps for so many sentences, so many of them gold, in batches of so
        many."""
        passes = self.few_passes if labels <= self.few_labels else self.passes
        steps = max(self.at_least, passes * sentences / batch)
        if self.at_most is not None:
            steps = min(steps, self.at_most)
        every = math.ceil(steps / self.evaluations)
        return Steps(steps=every * self.evaluations, every=every)
