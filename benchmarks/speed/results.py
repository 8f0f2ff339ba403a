"""What has been measured: a file for each figure, so that a run that is cut short goes
on, and lists of all of them for others to read."""

import json
from pathlib import Path
from typing import Any, Dict, List, Optional

from common.guard import dump_json

from spacy_distill.errors import DistillError
from spacy_distill.files import write_atomically

from .batches import ORDERS
from .systems import FIXED, TEACHERS

# The folder of single figures, within that of results; a folder in it for each of:
FOLDER = "speed"
ROWS, STREAMS, LENGTHS = "rows", "streams", "lengths"
# What the lists are called.
SUMMARIES = {
    ROWS: "speed.json",
    STREAMS: "speed_streams.json",
    LENGTHS: "speed_lengths.json",
}

Row = Dict[str, Any]


class Results:
    """The figures in a folder of results. All but the rows are of one thread.

    Each has a `fingerprint`: where a system has changed since, it counts as missing,
    and the new one takes its place.
    """

    def __init__(self, results: Path) -> None:
        self.results = results

    def find(self, kind: str, name: str, *, fingerprint: str) -> Optional[Row]:
        """The figure of that name, if there is one of the same fingerprint.

        Raises DistillError for a file that is something else.
        """
        path = self._path(kind, name)
        row = _read(path) if path.exists() else None
        return row if row and row["fingerprint"] == fingerprint else None

    def write(self, kind: str, name: str, row: Row) -> None:
        """Write a figure, whole or not at all."""
        write_atomically(self._path(kind, name), dump_json(row))

    def remove(self, system: str) -> int:
        """Remove all figures of a system. Returns how many there were."""
        rows = [
            path
            for kind in SUMMARIES
            for path in (self.results / FOLDER / kind).glob("*.json")
            if _read(path)["system"] == system
        ]
        for path in rows:
            path.unlink()
        return len(rows)

    def read(self, kind: str) -> List[Row]:
        """All figures of a kind, in order of tables.

        Raises DistillError for a file that is something else.
        """
        folder = self.results / FOLDER / kind
        return sorted(map(_read, sorted(folder.glob("*.json"))), key=_rank)

    def write_summary(self, kind: str) -> Path:
        """Write the list of all figures of a kind, a line for each, and return its
        path."""
        lines = ",\n".join(
            json.dumps(row, ensure_ascii=False) for row in self.read(kind)
        )
        path = self.results / SUMMARIES[kind]
        write_atomically(path, f"[\n{lines}\n]\n".encode())
        return path

    def _path(self, kind: str, name: str) -> Path:
        return self.results / FOLDER / kind / f"{name}.json"


def row_name(system: str, *, threads: int, batch: int, order: str) -> str:
    """The name of a row's file."""
    return f"{system}-t{threads}-b{batch}-{order}"


def system_rank(system: str) -> Any:
    """Where a system comes in tables: students by name, before the tokenizer alone."""
    if system in FIXED:
        # Students have their place behind the stock pipeline.
        place = FIXED.index(system)
        return (place if place <= len(TEACHERS) else place + 1, "")
    return (len(TEACHERS) + 1, system)


def _rank(row: Row) -> Any:
    return (
        row.get("threads", 1),
        system_rank(row["system"]),
        ORDERS.index(row.get("order", ORDERS[0])),
        row.get("batch", 1),
        row.get("zones", False),
    )


def _read(path: Path) -> Row:
    try:
        row = json.loads(path.read_bytes())
        if {"system", "fingerprint"} <= row.keys():
            return row
        reason = "no system"
    except (OSError, ValueError, AttributeError) as error:
        reason = " ".join(str(error).split())
    raise DistillError(
        f"Expected a figure of this benchmark in {path}, got something else ({reason}):"
        " take the file away."
    )
