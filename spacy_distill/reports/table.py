"""The table of a report, in cells of text."""

from typing import Iterable, List, Optional, Sequence, Tuple

from wasabi import MarkdownRenderer

from ..evaluation.measure import Row

HEADER = (
    "",
    "Precision",
    "Recall",
    "F1",
    "ECE",
    "Parameters",
    "Table for unknown words",
    "Size on disk",
    "Words/s",
)
# For a terminal of eighty columns.
SHORT_HEADER = (
    "",
    "P",
    "R",
    "F1",
    "ECE",
    "Parameters",
    "+ table",
    "On disk",
    "Words/s",
)
UNKNOWN = "–"
TYPE_HEADER = ("", "Precision", "Recall", "F1")
CALIBRATION_HEADER = ("Probability", "Entities", "Mean probability", "Correct")


def table_cells(rows: Iterable[Row]) -> List[Tuple[str, ...]]:
    """One tuple a pipeline, under `HEADER` or `SHORT_HEADER`. A figure that there is
    not is an empty cell, one that cannot be told a dash."""
    return [
        (
            row.name,
            percent(row.precision),
            percent(row.recall),
            percent(row.f1),
            "" if row.ece is None else f"{row.ece:.3f}",
            UNKNOWN if row.parameters is None else millions(row.parameters),
            millions(row.table) if row.table else "",
            UNKNOWN if row.size is None else megabytes(row.size),
            "" if row.words_per_second is None else f"{row.words_per_second:,.0f}",
        )
        for row in rows
    ]


def type_cells(row: Row) -> List[Tuple[str, ...]]:
    """One tuple an entity type, under `TYPE_HEADER`."""
    return [
        (label, percent(s.precision), percent(s.recall), percent(s.f1))
        for label, s in row.per_type.items()
    ]


def calibration_cells(row: Row) -> List[Tuple[str, ...]]:
    """One tuple a bin, under `CALIBRATION_HEADER`."""
    return [
        (
            f"{b.low:.1f} to {b.high:.1f}",
            f"{b.entities:,}",
            f"{b.probability:.3f}",
            f"{b.accuracy:.3f}",
        )
        for b in row.calibration
    ]


def without_empty(
    header: Sequence[str], cells: Sequence[Sequence[str]]
) -> Tuple[List[str], List[List[str]]]:
    """Header and cells without the columns that have no figure in any row."""
    filled = [i for i in range(len(header)) if any(row[i] for row in cells)]
    return [header[i] for i in filled], [[row[i] for i in filled] for row in cells]


def markdown_table(header: Sequence[str], cells: Iterable[Sequence[str]]) -> str:
    """A Markdown table: first column to the left, figures to the right."""
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in cells]
    aligns = right_of_first(header)
    return MarkdownRenderer().table(escaped, list(header), aligns=aligns)  # type: ignore[arg-type]


def right_of_first(header: Sequence[str]) -> List[str]:
    """Alignments of the columns: names to the left, figures to the right."""
    return ["l", *"r" * (len(header) - 1)]


def percent(share: float) -> str:
    """A share of 1 in percent, without the sign."""
    return f"{100 * share:.2f}"


def points(difference: Optional[float]) -> str:
    """A difference of shares in percentage points, with its sign."""
    return "" if difference is None else f"{100 * difference:+.2f}"


def millions(number: int) -> str:
    """A count in millions, or in thousands where it is less than a tenth of one."""
    if number < 100_000:
        return f"{number / 1e3:,.1f} k"
    return f"{number / 1e6:,.2f} M"


def megabytes(size: int) -> str:
    """Bytes as MB of a million."""
    return f"{size / 1e6:,.1f} MB"
