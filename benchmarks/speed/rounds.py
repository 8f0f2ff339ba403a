"""Rounds in which every system has a turn; the median counts.

What else the machine does then slows all of them alike.
"""

import math
from dataclasses import dataclass
from statistics import median
from typing import Any, Dict, Hashable, List, Mapping, Optional, Protocol, TypeVar

Key = TypeVar("Key", bound=Hashable)


class Asked(Protocol):
    """What answers requests: a `workers.Worker`."""

    def ask(self, do: str, **arguments: Any) -> Dict[str, Any]:
        """See `worker.REQUESTS`."""


@dataclass(frozen=True)
class Effort:
    """rounds: turns of each system. seconds: that a turn is to last, about. batches:
    that a turn has at least, however long they take."""

    rounds: int = 5
    seconds: float = 2.0
    batches: int = 3


@dataclass(frozen=True)
class Measured:
    """Of one system at one batch size and order.

    words_per_second: the median of the rounds. slowest, fastest: of the rounds.
    words, documents: of the texts that a turn reads. repeats: how often it reads them.
    ms_p50, ms_p99: of one document in milliseconds, medians of the rounds'; None
        unless they come one by one.
    """

    words_per_second: float
    slowest: float
    fastest: float
    words: int
    documents: int
    repeats: int
    rounds: int
    ms_p50: Optional[float]
    ms_p99: Optional[float]


def measure(
    workers: Mapping[Key, Asked], *, batch: int, order: str, effort: Effort
) -> Dict[Key, Measured]:
    """Let all workers read, one after the other, round for round.

    Slow ones read some of the batches, quick ones all of them several times over.
    """
    cell = {"batch": batch, "order": order}
    plans = {key: _plan(worker, cell, effort) for key, worker in workers.items()}
    turns: Dict[Key, List[Dict[str, Any]]] = {key: [] for key in workers}
    for _ in range(effort.rounds):
        for key, worker in workers.items():
            turns[key].append(worker.ask("read", **cell, **plans[key]))
    return {key: _sum_up(turns[key], plans[key]["repeats"]) for key in workers}


def _plan(worker: Asked, cell: Dict[str, Any], effort: Effort) -> Dict[str, int]:
    """How much a turn reads. Finding out warms up, too."""
    turn = worker.ask("read", **cell, batches=effort.batches)
    if turn["seconds"] < effort.seconds:
        # The first is the slowest, by far for what keeps words.
        turn = worker.ask("read", **cell, batches=effort.batches)
    each = max(turn["seconds"], 1e-6) / turn["batches"]
    wanted = max(effort.batches, math.ceil(effort.seconds / each))
    plan = {"batches": min(wanted, turn["of"]), "repeats": 1}
    if plan["batches"] == turn["batches"]:
        once = turn["seconds"]
    else:
        once = worker.ask("read", **cell, **plan)["seconds"]
    if plan["batches"] == turn["of"]:
        plan["repeats"] = max(1, math.ceil(effort.seconds / max(once, 1e-6)))
    return plan


def _sum_up(turns: List[Dict[str, Any]], repeats: int) -> Measured:
    speeds = [turn["words"] / turn["seconds"] for turn in turns]
    waits: Dict[str, Optional[float]] = {}
    for name in ("ms_p50", "ms_p99"):
        values = [turn[name] for turn in turns if turn[name] is not None]
        waits[name] = median(values) if values else None
    return Measured(
        words_per_second=median(speeds),
        slowest=min(speeds),
        fastest=max(speeds),
        words=turns[0]["words"] // repeats,
        documents=turns[0]["documents"] // repeats,
        repeats=repeats,
        rounds=len(turns),
        **waits,
    )
