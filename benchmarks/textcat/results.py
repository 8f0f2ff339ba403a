"""Results of all cells, and statistics of them."""

import statistics
from pathlib import Path
from typing import List, Optional

from common.results import CellResults

from textcat.baselines import BASELINES
from textcat.corpora import READERS
from textcat.rows import KINDS_APART, ROWS

ORDER = ["teacher", *BASELINES, *ROWS]
# Rows that are run with every set and seed.
EVERYWHERE = [
    row
    for row in ORDER
    if row != "fastText, gold"
    and not row.endswith((*KINDS_APART, "vectors", "GloVe"))
    and not row.startswith("transformer")
]
# What the students are to catch up from.
SPACY_GOLD = [r for r in ORDER if r.startswith("spaCy") and r.endswith(", gold")]
# What the students are: not spaCy's own models on gold documents, nor the baselines.
# Vectors are compared apart.
STUDENTS = [row for row in ROWS if not row.endswith((", gold", "vectors"))]


class Results(CellResults):
    """Cells by row, set and seed, and speeds by set.

    Args:
        path: The file that keeps them; it need not exist.
    """

    def __init__(self, path: Path) -> None:
        super().__init__(path, sets=list(READERS), rows=ORDER)

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
