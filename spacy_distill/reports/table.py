"""Tables of a report, as cells of text."""

from typing import Iterable, List, Optional, Sequence, Tuple

from wasabi import MarkdownRenderer

from ..evaluation.rows import DevelopmentScores, Row

HEADER = (
    "",
    "F1",
    "Development F1",
    "Precision",
    "Recall",
    "ECE",
    "Parameters",
    "Table for unknown words",
    "Size on disk",
    "Words/s",
)
# Narrow, for a terminal.
SHORT_HEADER = (
    "",
    "F1",
    "Dev F1",
    "P",
    "R",
    "ECE",
    "Params",
    "+ table",
    "On disk",
    "Words/s",
)
UNKNOWN = "–"
TYPE_HEADER = ("", "F1", "Precision", "Recall")
CALIBRATION_HEADER = ("Probability", "Entities", "Mean probability", "Correct")


def table_cells(
    rows: Iterable[Row], development: Optional[DevelopmentScores] = None
) -> List[Tuple[str, ...]]:
    """Format the main table.

    Args:
        rows: Measured pipelines.
        development: Their scores on development data, if known.

    Returns:
        One tuple per pipeline, for `HEADER` or `SHORT_HEADER`. A value that was not
        measured is empty; a number of parameters or a size that is unknown is
        `UNKNOWN`.
    """
    held = {} if development is None else development.scores
    return [
        (
            row.name,
            percent(row.f1),
            percent(held[row.name].f1) if row.name in held else "",
            percent(row.precision),
            percent(row.recall),
            "" if row.ece is None else f"{row.ece:.3f}",
            UNKNOWN if row.parameters is None else millions(row.parameters),
            millions(row.table) if row.table else "",
            UNKNOWN if row.size is None else megabytes(row.size),
            "" if row.words_per_second is None else f"{row.words_per_second:,.0f}",
        )
        for row in rows
    ]


def type_cells(row: Row) -> List[Tuple[str, ...]]:
    """Format the scores by entity type.

    Args:
        row: A measured pipeline.

    Returns:
        One tuple per entity type, for `TYPE_HEADER`.
    """
    return [
        (label, percent(s.f1), percent(s.precision), percent(s.recall))
        for label, s in row.per_type.items()
    ]


def calibration_cells(row: Row) -> List[Tuple[str, ...]]:
    """Format the calibration bins.

    Args:
        row: A measured pipeline.

    Returns:
        One tuple per bin, for `CALIBRATION_HEADER`.
    """
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
    """Remove columns that are empty in all rows.

    Args:
        header: Column names.
        cells: Cells of each row.

    Returns:
        Header and cells of the other columns.
    """
    filled = [i for i in range(len(header)) if any(row[i] for row in cells)]
    return [header[i] for i in filled], [[row[i] for i in filled] for row in cells]


def markdown_table(header: Sequence[str], cells: Iterable[Sequence[str]]) -> str:
    """Format a Markdown table.

    The first column is left-aligned, the others right-aligned.

    Args:
        header: Column names.
        cells: Cells of each row.

    Returns:
        Markdown.
    """
    escaped = [[cell.replace("|", "\\|") for cell in row] for row in cells]
    aligns = right_of_first(header)
    return MarkdownRenderer().table(escaped, list(header), aligns=aligns)  # type: ignore[arg-type]


def right_of_first(header: Sequence[str]) -> List[str]:
    """Return wasabi's alignment of the columns: names left, numbers right.

    Args:
        header: Column names.

    Returns:
        "l" or "r" for each column.
    """
    return ["l", *"r" * (len(header) - 1)]


def percent(share: float) -> str:
    """Format a fraction as a percentage, without the percent sign.

    Args:
        share: Fraction of 1.

    Returns:
        Two decimals, e.g. "91.25".
    """
    return f"{100 * share:.2f}"


def points(difference: Optional[float]) -> str:
    """Format a difference of fractions in percentage points.

    Args:
        difference: Difference of fractions, or None.

    Returns:
        Two decimals with sign, e.g. "+0.50"; empty for None.
    """
    return "" if difference is None else f"{100 * difference:+.2f}"


def millions(number: int) -> str:
    """Format a count in millions, or in thousands below 100,000.

    Args:
        number: The count.

    Returns:
        Number with unit, e.g. "1.25 M" or "64.0 k".
    """
    if number < 100_000:
        return f"{number / 1e3:,.1f} k"
    return f"{number / 1e6:,.2f} M"


def megabytes(size: int) -> str:
    """Format a size in MB (1,000,000 bytes).

    Args:
        size: Size in bytes.

    Returns:
        Number with unit, e.g. "2.7 MB".
    """
    return f"{size / 1e6:,.1f} MB"
