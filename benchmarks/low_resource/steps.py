"""How long to train: the one place where steps follow from numbers of sentences."""

import math
from dataclasses import dataclass


@dataclass(frozen=True)
class Steps:
    """How many steps a training has, and after how many it is evaluated each time."""

    steps: int
    every: int


@dataclass(frozen=True)
class StepRule:
    """Steps as a function of sentences.

    passes: over the sentences. at_least: steps, however few sentences there are.
    evaluations: on development, evenly spread, the last one after the last step.
    few_passes: instead of `passes` with up to `few_labels` gold sentences.
    """

    passes: float
    at_least: int
    evaluations: int
    few_labels: int = 0
    few_passes: float = 0

    def plan(self, sentences: int, *, labels: int, batch: int) -> Steps:
        """The steps for so many sentences, so many of them gold, in batches of so
        many."""
        passes = self.few_passes if labels <= self.few_labels else self.passes
        steps = max(self.at_least, passes * sentences / batch)
        every = math.ceil(steps / self.evaluations)
        return Steps(steps=every * self.evaluations, every=every)
