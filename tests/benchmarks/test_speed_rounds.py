"""Rounds with invented clocks."""

import pytest
from speed.rounds import Effort, measure


class Invented:
    """Reads batches of 10 words, in so many seconds each; the first turn is slower."""

    def __init__(self, seconds, *, of, log, name):
        self.seconds, self.of, self.log, self.name = seconds, of, log, name
        self.asked = []

    def ask(self, do, *, batch, order, batches, repeats=1):
        assert do == "read"
        self.asked.append((batches, repeats))
        self.log.append(self.name)
        read = min(batches, self.of)
        slower = 5 if len(self.asked) == 1 else 1
        single = 1000 * self.seconds if batch == 1 else None
        return {
            "words": 10 * read * repeats,
            "documents": batch * read * repeats,
            "seconds": self.seconds * read * repeats * slower,
            "batches": read,
            "of": self.of,
            "ms_p50": single,
            "ms_p99": single and 2 * single,
        }


def measured(workers, *, batch=4, **effort):
    return measure(workers, batch=batch, order="reading", effort=Effort(**effort))


def test_turns_of_like_length():
    log = []
    workers = {
        "slow": Invented(2.0, of=100, log=log, name="slow"),
        "middle": Invented(0.05, of=100, log=log, name="middle"),
        "quick": Invented(0.001, of=100, log=log, name="quick"),
    }
    found = measured(workers, rounds=2, seconds=1.0, batches=3)
    # No more than it must, and not once more to warm up.
    assert workers["slow"].asked == [(3, 1)] * 3
    # The first time, which is slower, does not count.
    assert workers["middle"].asked == [(3, 1), (3, 1), *[(20, 1)] * 3]
    # All there is, as often as it takes.
    assert workers["quick"].asked[-2:] == [(100, 10)] * 2
    assert log[-6:] == ["slow", "middle", "quick"] * 2
    assert found["slow"].words_per_second == pytest.approx(5)
    assert found["middle"].words_per_second == pytest.approx(200)
    assert found["quick"].words_per_second == pytest.approx(10_000)
    quick = found["quick"]
    assert (quick.words, quick.documents, quick.repeats) == (1000, 400, 10)
    assert quick.ms_p50 is None


def test_one_document_at_a_time():
    worker = Invented(0.25, of=8, log=[], name="")
    found = measured({"one": worker}, batch=1, rounds=3, seconds=0.0, batches=2)["one"]
    assert worker.asked == [(2, 1)] * 4
    assert (found.ms_p50, found.ms_p99, found.rounds) == (250.0, 500.0, 3)


def test_the_median_counts():
    worker = Invented(0.5, of=8, log=[], name="")
    ask, factors = worker.ask, iter((1, 1, 4, 2))

    def noisy(*args, **kwargs):
        turn = ask(*args, **kwargs)
        return {**turn, "seconds": turn["seconds"] * next(factors)}

    worker.ask = noisy
    worker.asked.append("warm")
    found = measured({"one": worker}, rounds=3, seconds=0.0, batches=2)["one"]
    speeds = (found.slowest, found.words_per_second, found.fastest)
    assert speeds == (5.0, 10.0, 20.0)
