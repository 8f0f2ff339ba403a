"""Results of all cells of a benchmark in one file."""

import json
from pathlib import Path
from typing import Any, Dict, List, Optional, Sequence


class CellResults:
    """Cells by row, set and seed, and speeds by set.

    Args:
        path: The file that keeps them; it need not exist.
        sets: Names of all sets, in order.
        rows: Names of all rows, in order.
    """

    def __init__(self, path: Path, *, sets: Sequence[str], rows: Sequence[str]) -> None:
        self._path = path
        self._all_sets, self._rows = list(sets), list(rows)
        found: Dict[str, Any] = {}
        if path.exists():
            found = json.loads(path.read_text(encoding="utf-8"))
        self._cells = {_key(cell): cell for cell in found.get("cells", [])}
        self.speeds: Dict[str, Dict[str, Any]] = found.get("speeds", {})

    def add(self, folder: Path) -> None:
        """Add the cells and speeds in the output folder of `run.py` and `speed.py`."""
        for path in sorted(folder.glob("*-*/*.json")):
            result = json.loads(path.read_text(encoding="utf-8"))
            if path.name == "speed.json":
                self.speeds[result["set"]] = result["speeds"]
            elif result.get("row") in self._rows:
                self._cells[_key(result)] = result

    def save(self) -> None:
        """Write the file, sorted."""
        cells = sorted(
            self._cells.values(),
            key=lambda c: (
                self._all_sets.index(c["set"]),
                c["seed"],
                self._rows.index(c["row"]),
            ),
        )
        rows = ",\n".join("  " + json.dumps(cell) for cell in cells)
        speeds = json.dumps(self.speeds, indent=1, sort_keys=True)
        text = f'{{"cells": [\n{rows}\n],\n"speeds": {speeds}}}\n'
        self._path.write_text(text, encoding="utf-8")

    @property
    def sets(self) -> List[str]:
        """Sets with results."""
        found = {name for _, name, _ in self._cells}
        return [name for name in self._all_sets if name in found]

    def cells(
        self, row: str, name: Optional[str] = None, seeds: Optional[List[int]] = None
    ) -> List[Dict[str, Any]]:
        """Return the cells of a row, of all sets and seeds unless they are given."""
        return [
            cell
            for (its_row, its_set, seed), cell in sorted(self._cells.items())
            if its_row == row
            and name in (None, its_set)
            and (seeds is None or seed in seeds)
        ]

    def shared_seeds(self, rows: List[str], name: str) -> List[int]:
        """Return the seeds of a set that all rows have been run with."""
        seeds = [{cell["seed"] for cell in self.cells(row, name)} for row in rows]
        return sorted(set.intersection(*seeds)) if seeds else []

    def complete(self, rows: List[str]) -> List[Dict[str, Any]]:
        """Return the cells of the sets and seeds that all rows have been run with."""
        runs = [{(c["set"], c["seed"]) for c in self.cells(row)} for row in rows]
        common = set.intersection(*runs) if runs else set()
        return [c for c in self._cells.values() if (c["set"], c["seed"]) in common]


def _key(cell: Dict[str, Any]) -> Any:
    return cell["row"], cell["set"], cell["seed"]
