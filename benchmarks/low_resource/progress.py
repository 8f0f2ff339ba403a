"""A line for each piece of work that ends, with the time that is left."""

from statistics import mean
from threading import Lock
from typing import Dict, List, Mapping, Optional, Tuple

# What a piece of work is, its group as the first word, and its number of labels.
Kind = Tuple[str, int]


class Progress:
    """Counts runs and reckons the time left from what like work has taken.

    left: how often each kind is still to be done. runs: how many are asked for.
    done: how many of them there are already. jobs: pieces of work at once.
    """

    def __init__(
        self, *, left: Mapping[Kind, int], runs: int, done: int, jobs: int
    ) -> None:
        self.runs = runs
        self.done = done
        self._left = dict(left)
        self._jobs = jobs
        self._seconds: Dict[Kind, List[float]] = {}
        self._guard = Lock()

    def learn(self, kind: Kind, seconds: float) -> None:
        """Note how long a piece of work of some kind took."""
        self._seconds.setdefault(kind, []).append(seconds)

    def end(
        self, kind: Kind, text: str, *, seconds: float, is_run: bool = False
    ) -> str:
        """Note the end of a piece of work, and return the line that tells it."""
        with self._guard:
            self.learn(kind, seconds)
            self._left[kind] -= 1
            self.done += is_run
            count = f"[{self.done:{len(str(self.runs))}}/{self.runs}]"
            return f"{count} {text} ({duration(seconds)}); {self.time_left()}"

    def time_left(self) -> str:
        """How long the rest will take, as far as like work has been timed."""
        seconds, unknown = 0.0, 0
        for kind, number in self._left.items():
            expected = self._expected(kind)
            if expected is None:
                unknown += number
            else:
                seconds += number * expected
        if not any(self._left.values()):
            return "nothing left"
        if unknown and not seconds:
            return "time left not known yet"
        told = duration(seconds / self._jobs)
        return f"more than {told} left" if unknown else f"about {told} left"

    def _expected(self, kind: Kind) -> Optional[float]:
        """From the same kind, or else from kinds that are ever less alike."""
        name, _ = kind
        group, _, _ = name.partition(" ")
        for alike in (
            [k for k in self._seconds if k == kind],
            [k for k in self._seconds if k[0] == name],
            [k for k in self._seconds if k[0].startswith(f"{group} ")],
        ):
            if alike:
                return mean(s for k in alike for s in self._seconds[k])
        return None


def duration(seconds: float) -> str:
    """Seconds for people to read: "45 s", "12 min", "3 h 20 min"."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60} min"
