"""Memory over a stream of documents, and time against the length of one document."""

from typing import Callable, Sequence

from .group import Place
from .results import LENGTHS, STREAMS, Results, Row
from .systems import System

STREAM_BATCH = 128


def measure_streams(
    systems: Sequence[System],
    *,
    documents: int,
    place: Place,
    results: Results,
    tell: Callable[[str], None],
) -> None:
    """Read a stream with each system, with memory zones and without, in a process of
    its own with one thread, unless that has been measured.

    Raises DistillError if a process fails.
    """
    for system in systems:
        for zones in (True, False):
            name = f"{system.name}-{'zones' if zones else 'plain'}"
            found = results.find(STREAMS, name, fingerprint=system.fingerprint)
            if found and found["documents"] == documents:
                continue
            row: Row = {
                "system": system.name,
                "zones": zones,
                "documents": documents,
                "batch": STREAM_BATCH,
                "fingerprint": system.fingerprint,
            }
            worker = place.start(system, threads=1)
            try:
                row.update(
                    worker.ask(
                        "stream", documents=documents, batch=STREAM_BATCH, zones=zones
                    )
                )
            finally:
                worker.end()
            results.write(STREAMS, name, row)
            tell(
                f"stream of {documents:,}"
                f" {'with' if zones else 'without'} memory zones: {system.name}"
                f" {row['curve'][-1][1]:,.0f} MB at the end"
            )


def measure_lengths(
    systems: Sequence[System],
    *,
    lengths: Sequence[int],
    rounds: int,
    place: Place,
    results: Results,
    tell: Callable[[str], None],
) -> None:
    """Read documents of growing length with each system, in a process of its own with
    one thread, unless that has been measured.

    Raises DistillError if a process fails.
    """
    for system in systems:
        found = results.find(LENGTHS, system.name, fingerprint=system.fingerprint)
        if found and found["asked"] == list(lengths):
            continue
        worker = place.start(system, threads=1)
        try:
            reply = worker.ask("lengths", lengths=list(lengths), rounds=rounds)
        finally:
            worker.end()
        row: Row = {
            "system": system.name,
            "asked": list(lengths),
            "rounds": rounds,
            **reply,
            "fingerprint": system.fingerprint,
        }
        results.write(LENGTHS, system.name, row)
        last = row["lengths"][-1]
        tell(
            f"one document of {last['words']:,} words: {system.name}"
            f" {last['seconds']:.2f} s"
        )
