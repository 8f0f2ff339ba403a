"""A report on the terminal."""

from wasabi import msg

from ..evaluation.report import Report
from .markdown import summary_lines
from .table import SHORT_HEADER, right_of_first, table_cells, without_empty


def print_report(report: Report) -> None:
    """Print the table and what it comes to."""
    header, cells = without_empty(SHORT_HEADER, table_cells(report.rows))
    msg.table(cells, header=header, aligns=right_of_first(header), divider=True)
    if any(row.table for row in report.rows):
        msg.text("+ table: numbers that unknown words are composed from, not trained.")
    for line in summary_lines(report):
        msg.text(line)
