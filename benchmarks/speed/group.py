"""All systems with one number of threads: processes started, rows measured."""

from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Tuple

from spacy_distill.evaluation.size import folder_bytes

from .environment import installed_bytes
from .results import ROWS, Results, row_name
from .rounds import Effort, measure
from .systems import System
from .workers import Worker

MB = 1024 * 1024
# So much a fresh process reads first, to tell how fast it is before it has kept words.
COLD = {"batch": 128, "order": "reading", "batches": 8}

Key = Tuple[str, str]
Cell = Tuple[int, str]


@dataclass(frozen=True)
class Place:
    """Where workers find what they need; see `workers.Worker`. logs: a folder."""

    lang: str
    texts: Path
    logs: Path
    light: Mapping[str, str]

    def start(self, system: System, *, threads: int) -> Worker:
        """Start a worker.

        Raises DistillError if it cannot load its system.
        """
        return Worker(
            system,
            threads=threads,
            lang=self.lang,
            texts=self.texts,
            log=self.logs / f"{system.name}-{system.kind}-t{threads}.log",
            light=self.light,
        )


def measure_group(
    systems: Sequence[System],
    *,
    threads: int,
    cells: Sequence[Cell],
    effort: Effort,
    loads: int,
    place: Place,
    results: Results,
    tell: Callable[[str], None],
) -> int:
    """Measure the rows that are missing, and write each as soon as it is there.

    cells: pairs of batch size and order, the smaller batches first: a row's peak of
    memory is that of its process until then. loads: how often each system is loaded in
    a process of its own, before that in which it is measured.

    Returns how many rows were measured. Raises DistillError if a process fails.
    """

    def is_missing(system: System, cell: Cell) -> bool:
        if cell[1] not in system.orders:
            return False
        name = row_name(system.name, threads=threads, batch=cell[0], order=cell[1])
        found = results.find(ROWS, name, fingerprint=system.fingerprint)
        return found is None

    wanted = [s for s in systems if any(is_missing(s, cell) for cell in cells)]
    if not wanted:
        return 0
    count = 0
    with ExitStack() as stack:
        tell(f"{_threads(threads)}: loading {len(wanted)} systems")
        facts = _measure_loading(wanted, threads=threads, loads=loads, place=place)
        workers: Dict[Key, Worker] = {}
        for system in wanted:
            worker = place.start(system, threads=threads)
            stack.callback(worker.end)
            workers[_key(system)] = worker
        for batch, order in cells:
            some = {
                _key(s): workers[_key(s)]
                for s in wanted
                if is_missing(s, (batch, order))
            }
            measured = measure(some, batch=batch, order=order, effort=effort)
            for key, figures in measured.items():
                system = some[key].system
                row = {
                    "system": system.name,
                    "kind": system.kind,
                    "is_student": system.is_student,
                    "threads": threads,
                    "batch": batch,
                    "order": order,
                    **asdict(figures),
                    **some[key].ask("peak"),
                    **facts[key],
                    "fingerprint": system.fingerprint,
                }
                name = row_name(system.name, threads=threads, batch=batch, order=order)
                results.write(ROWS, name, row)
                tell(
                    f"{_threads(threads)}, batch {batch}, {order}: {system.name}"
                    f" {figures.words_per_second:,.0f} words/s"
                )
            count += len(measured)
    return count


def _measure_loading(
    systems: Sequence[System], *, threads: int, loads: int, place: Place
) -> Dict[Key, Dict[str, Any]]:
    """What a row has of its system whatever the batches: seconds to load, sizes, words
    a second of the first texts. The last is None where nothing is kept of words."""
    seconds: Dict[Key, List[float]] = {_key(system): [] for system in systems}
    cold: Dict[Key, List[float]] = {_key(system): [] for system in systems}
    facts: Dict[Key, Dict[str, Any]] = {}
    for _ in range(loads):
        for system in systems:
            worker = place.start(system, threads=threads)
            try:
                seconds[_key(system)].append(worker.load_seconds)
                if system.is_light:
                    turn = worker.ask("read", **COLD)
                    cold[_key(system)].append(turn["words"] / turn["seconds"])
                if _key(system) not in facts:
                    facts[_key(system)] = worker.ask("facts")
            finally:
                worker.end()
    for system in systems:
        first = cold[_key(system)]
        facts[_key(system)].update(
            load_seconds=median(seconds[_key(system)]),
            cold_words_per_second=median(first) if first else None,
            disk_mb=folder_bytes(system.source) / MB if system.source else 0.0,
            environment_mb=_in_mb(installed_bytes(system.requires)),
        )
    return facts


def _key(system: System) -> Key:
    return system.name, system.kind


def _in_mb(size: Optional[int]) -> Optional[float]:
    return None if size is None else size / MB


def _threads(n: int) -> str:
    return f"{n} thread{'s' if n > 1 else ''}"
