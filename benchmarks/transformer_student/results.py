"""Results of all cells, and their means."""

import statistics
from pathlib import Path
from typing import Any, Dict, List, Optional

from common.results import CellResults

from transformer_student.corpora import CORPORA
from transformer_student.rows import ROWS

ORDER = ["teacher", *ROWS]


class Results(CellResults):
    """Cells by row, set and seed, and words a second by set and row.

    Args:
        path: The file that keeps them; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, sets=list(CORPORA), rows=ORDER)

    def shared(self, rows: List[str], name: str) -> List[List[Dict[str, Any]]]:
        """Return the cells of rows, of the seeds that all of them have."""
        seeds = self.shared_seeds(rows, name)
        return [self.cells(row, name, seeds) for row in rows]


def mean(cells: List[Dict[str, Any]], key: str) -> Optional[float]:
    """Return the mean of a figure; None without cells."""
    values = [cell[key] for cell in cells if key in cell]
    return statistics.mean(values) if values else None
