"""Results of all cells, and their means."""

import statistics
from pathlib import Path
from typing import List, Optional

from common.results import CellResults

from presets.sets import ORDER, SETS


class Results(CellResults):
    """Cells by row, set and seed, and words a second by set and row.

    Args:
        path: The file that keeps them; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, sets=list(SETS), rows=ORDER)

    def mean(self, row: str, name: str, key: str) -> Optional[float]:
        """Return the mean of a figure over seeds; None without cells."""
        found = [cell.get(key) for cell in self.cells(row, name)]
        # A pipeline without predictions has no calibration error.
        values = [value for value in found if value is not None]
        return statistics.mean(values) if values else None

    def shares(self, row: str, name: str) -> List[float]:
        """Return the share of the teacher's F1 that a student has, by seed."""
        seeds = self.shared_seeds(["teacher", row], name)
        pairs = zip(self.cells(row, name, seeds), self.cells("teacher", name, seeds))
        return [student["f1"] / teacher["f1"] for student, teacher in pairs]
