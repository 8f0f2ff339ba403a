"""A report on the terminal."""

from wasabi import msg

from .markdown import summary_lines
from .report import Report
from .table import SHORT_HEADER, right_of_first, table_cells


def print_report(report: Report) -> None:
    """Print the table and what it comes to."""
    msg.table(
        table_cells(report.rows),
        header=SHORT_HEADER,
        aligns=right_of_first(SHORT_HEADER),
        divider=True,
    )
    if any(row.table for row in report.rows):
        msg.text("+ table: numbers that unknown words are composed from, not trained.")
    for line in summary_lines(report):
        msg.text(line)
