"""What a worker does when it is asked: a turn at reading, with the clock on."""

import math
import time
from dataclasses import dataclass
from typing import Any, Dict, List, Optional, Sequence

from .batches import Texts
from .readers import Reader


@dataclass(frozen=True)
class Turn:
    """One turn of a system.

    words, documents: read in it. seconds: for all of them. batches: how many there
    were, each counted once. of: how many there are in all.
    ms_p50, ms_p99: of one document, in milliseconds; None unless they come one by one.
    """

    words: int
    documents: int
    seconds: float
    batches: int
    of: int
    ms_p50: Optional[float] = None
    ms_p99: Optional[float] = None


def read_turn(
    reader: Reader,
    texts: Texts,
    *,
    batch: int,
    order: str,
    batches: int,
    repeats: int = 1,
) -> Turn:
    """Read some of the batches, several times over, and take the time.

    order, batches: as for `Texts.choose`. repeats: how often.
    """
    chosen = texts.choose(batch=batch, order=order, batches=batches)
    documents = [texts.texts[i] for i in chosen] * repeats
    of = -(-len(texts.texts) // batch)
    stamps = [time.perf_counter()]
    if batch == 1:
        for _ in reader.read(documents, batch=batch):
            stamps.append(time.perf_counter())
    else:
        for _ in reader.read(documents, batch=batch):
            pass
        stamps.append(time.perf_counter())
    turn: Dict[str, Any] = {}
    if batch == 1:
        waits = [after - before for before, after in zip(stamps, stamps[1:])]
        turn = {
            "ms_p50": 1000 * quantile(waits, 0.5),
            "ms_p99": 1000 * quantile(waits, 0.99),
        }
    return Turn(
        words=repeats * sum(texts.words[i] for i in chosen),
        documents=len(documents),
        seconds=stamps[-1] - stamps[0],
        batches=-(-len(chosen) // batch),
        of=of,
        **turn,
    )


def quantile(values: Sequence[float], share: float) -> float:
    """The smallest of the values that at least such a share of them does not exceed."""
    ordered: List[float] = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
