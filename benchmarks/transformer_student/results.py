"""Results of all cells in one file, and their means."""

import json
import statistics
from pathlib import Path
from typing import Any, Dict, List, Optional

from transformer_student.corpora import CORPORA
from transformer_student.rows import ROWS

ORDER = ["teacher", *ROWS]


class Results:
    """Cells by row, set and seed, and speeds by set.

    Args:
        path: The file that keeps them; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        found: Dict[str, Any] = {}
        if path.exists():
            found = json.loads(path.read_text(encoding="utf-8"))
        self._cells = {_key(cell): cell for cell in found.get("cells", [])}
        self.speeds: Dict[str, Dict[str, float]] = found.get("words_per_second", {})

    def add(self, folder: Path) -> None:
        """Add the cells and speeds in the output folder of `run.py` and `speed.py`."""
        for path in sorted(folder.glob("*-*/*.json")):
            result = json.loads(path.read_text(encoding="utf-8"))
            if path.name == "speed.json":
                self.speeds[result["set"]] = result["words_per_second"]
            elif result.get("row") in ORDER:
                self._cells[_key(result)] = result

    def save(self) -> None:
        """Write the file, sorted."""
        names = list(CORPORA)
        cells = sorted(
            self._cells.values(),
            key=lambda c: (names.index(c["set"]), c["seed"], ORDER.index(c["row"])),
        )
        rows = ",\n".join("  " + json.dumps(cell) for cell in cells)
        speeds = json.dumps(self.speeds, indent=1, sort_keys=True)
        text = f'{{"cells": [\n{rows}\n],\n"words_per_second": {speeds}}}\n'
        self._path.write_text(text, encoding="utf-8")

    @property
    def sets(self) -> List[str]:
        """Sets with results."""
        return [name for name in CORPORA if any(s == name for _, s, _ in self._cells)]

    def cells(self, row: str, name: str) -> List[Dict[str, Any]]:
        """Return the cells of a row and a set, of all seeds."""
        found = sorted(self._cells.items())
        return [cell for (r, s, _), cell in found if (r, s) == (row, name)]

    def shared(self, rows: List[str], name: str) -> List[List[Dict[str, Any]]]:
        """Return the cells of rows, of the seeds that all of them have."""
        cells = [{c["seed"]: c for c in self.cells(row, name)} for row in rows]
        seeds = sorted(set.intersection(*map(set, cells)))
        return [[found[seed] for seed in seeds] for found in cells]


def mean(cells: List[Dict[str, Any]], key: str) -> Optional[float]:
    """Return the mean of a figure; None without cells."""
    values = [cell[key] for cell in cells if key in cell]
    return statistics.mean(values) if values else None


def _key(cell: Dict[str, Any]) -> Any:
    return cell["row"], cell["set"], cell["seed"]
