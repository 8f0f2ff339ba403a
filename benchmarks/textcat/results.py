"""Results of all cells in one file, and statistics of them."""

import json
import statistics
from pathlib import Path
from typing import Any, Dict, List, Optional

from textcat.baselines import BASELINES
from textcat.corpora import READERS
from textcat.rows import KINDS_APART, ROWS

ORDER = ["teacher", *BASELINES, *ROWS]
# Rows that are run with every set and seed.
EVERYWHERE = [
    row
    for row in ORDER
    if row != "fastText, gold" and not row.endswith((*KINDS_APART, "vectors"))
]
# What the students are to catch up from.
SPACY_GOLD = [r for r in ORDER if r.startswith("spaCy") and r.endswith(", gold")]
# What the students are: not spaCy's own models on gold documents, nor the baselines.
# Vectors are compared apart.
STUDENTS = [row for row in ROWS if not row.endswith((", gold", "vectors"))]


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
        self.speeds: Dict[str, Any] = found.get("speeds", {})

    def add(self, folder: Path) -> None:
        """Add the cells and speeds in the output folder of `run.py` and `speed.py`."""
        for path in sorted(folder.glob("*-*/*.json")):
            result = json.loads(path.read_text(encoding="utf-8"))
            if path.name == "speed.json":
                self.speeds[result["set"]] = result["speeds"]
            elif result.get("row") in ORDER:
                self._cells[_key(result)] = result

    def save(self) -> None:
        """Write the file, sorted."""
        cells = sorted(
            self._cells.values(),
            key=lambda c: (
                list(READERS).index(c["set"]),
                c["seed"],
                ORDER.index(c["row"]),
            ),
        )
        rows = ",\n".join("  " + json.dumps(cell) for cell in cells)
        speeds = json.dumps(self.speeds, indent=1, sort_keys=True)
        text = f'{{"cells": [\n{rows}\n],\n"speeds": {speeds}}}\n'
        self._path.write_text(text, encoding="utf-8")

    @property
    def sets(self) -> List[str]:
        """Sets with results."""
        return [name for name in READERS if any(s == name for _, s, _ in self._cells)]

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

    def mean(
        self,
        row: str,
        name: str,
        key: str = "accuracy",
        seeds: Optional[List[int]] = None,
    ) -> Optional[float]:
        """Return the mean over seeds in percent; None without cells."""
        values = [cell[key] for cell in self.cells(row, name, seeds)]
        return 100 * statistics.mean(values) if values else None

    def complete(self, rows: List[str]) -> List[Dict[str, Any]]:
        """Return the cells of the sets and seeds that all rows have been run with."""
        runs = [{(c["set"], c["seed"]) for c in self.cells(row)} for row in rows]
        common = set.intersection(*runs) if runs else set()
        return [c for c in self._cells.values() if (c["set"], c["seed"]) in common]

    def shared_seeds(self, rows: List[str], name: str) -> List[int]:
        """Return the seeds that all rows have been run with."""
        seeds = [{cell["seed"] for cell in self.cells(row, name)} for row in rows]
        return sorted(set.intersection(*seeds)) if seeds else []


def _key(cell: Dict[str, Any]) -> Any:
    return cell["row"], cell["set"], cell["seed"]
