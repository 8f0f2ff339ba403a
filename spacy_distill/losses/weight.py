"""A weight in a loss: a number, or a schedule of numbers."""

from itertools import islice
from typing import Any, Dict, Iterator, Optional, Union


class Weight:
    """A weight that is taken once an update.

    It knows how often it was taken, so that a training can be resumed. Schedules of
    Thinc are generators, which do not tell, and cannot be pickled. A pickled pipeline
    predicts, and takes no weight.

    Args:
        value: The weight, or an endless schedule of weights.

    Attributes:
        taken: How often it was taken.
    """

    def __init__(self, value: Union[float, Iterator[float]]) -> None:
        self.taken = 0
        self._value = value

    def __getstate__(self) -> Dict[str, Any]:
        is_number = isinstance(self._value, (int, float))
        return {**self.__dict__, "_value": self._value if is_number else iter(())}

    def take(self) -> Optional[float]:
        """Return the weight of this update; None if the schedule has ended."""
        self.taken += 1
        if isinstance(self._value, (int, float)):
            return self._value
        return next(self._value, None)

    def skip_to(self, taken: int) -> None:
        """Take weights until so many have been taken.

        Args:
            taken: A number of updates, not below `taken`.
        """
        n = taken - self.taken
        if not isinstance(self._value, (int, float)):
            next(islice(self._value, n, n), None)
        self.taken = taken
