"""A report on disk, in all its forms."""

from pathlib import Path
from typing import List

from ..evaluation.report import Report
from ..files import write_atomically
from .markdown import report_markdown
from .report_page import report_page


def write_report(report: Report, path: Path) -> List[Path]:
    """Write a report as JSON, and beside it as Markdown and HTML.

    Args:
        report: The report.
        path: The JSON file; the others have its name with another suffix.

    Returns:
        The three paths.

    Raises:
        DistillError: If one cannot be written.
    """
    report.write(path)
    texts = {".md": report_markdown(report), ".html": report_page(report)}
    for suffix, text in texts.items():
        write_atomically(path.with_suffix(suffix), text.encode("utf-8"))
    return [path, *(path.with_suffix(suffix) for suffix in texts)]
