"""A report for people."""

from typing import Dict, List

from .comparison import describe
from .report import Report
from .table import (
    CALIBRATION_HEADER,
    HEADER,
    calibration_cells,
    markdown_table,
    percent,
    table_cells,
)


def report_markdown(report: Report) -> str:
    """The report as Markdown: the table, what follows from it, and F1 by type;
    calibration and disagreements of the last pipeline; what it was measured with."""
    last = report.rows[-1]
    parts = [
        f"# {' / '.join(row.name for row in report.rows)}",
        markdown_table(HEADER, table_cells(report.rows)),
        *summary_lines(report),
        "## F1 by type",
        _by_type(report),
    ]
    if last.calibration:
        cells = calibration_cells(last)
        parts += [
            f"## Calibration of {last.name}",
            markdown_table(CALIBRATION_HEADER, cells),
        ]
    if last.name in report.agreement and report.agreement[last.name].worst:
        parts += [
            f"## Where {last.name} differs most from {report.rows[0].name}",
            _differences(report),
        ]
    parts += ["## Measured with", measured_with(report)]
    return "\n\n".join(parts) + "\n"


def summary_lines(report: Report) -> List[str]:
    """What the figures come to, in sentences."""
    lines = [] if report.comparison is None else describe(report.comparison)
    agreements = [
        f"{name} {percent(agreement.f1)}"
        for name, agreement in report.agreement.items()
        if agreement.f1 is not None
    ]
    if agreements:
        first = report.rows[0].name
        lines.append(f"Agreement with {first} (F1): {', '.join(agreements)}.")
    lines.append(
        f"Measured on {report.gold.documents:,} documents,"
        f" {report.gold.words:,} words, {_entities(report.gold.entities)}."
    )
    soft = report.soft_labels
    if soft is not None:
        lines.append(
            f"Soft labels: {soft.documents:,} documents, {soft.words:,} words,"
            f" {_entities(soft.entities)}, by {soft.teacher}."
        )
    return lines


def measured_with(report: Report) -> str:
    """Versions, processor, and how speed was measured."""
    versions = ", ".join(f"{name} {v}" for name, v in report.versions.items())
    machine = report.machine
    threads = ", ".join(
        f"{name} {number}"
        for name, number in machine["threads"].items()
        if number is not None
    )
    return (
        f"{versions}. {machine['processor'] or machine['system']},"
        f" {machine['cores']} cores{', threads: ' if threads else ''}{threads}."
        " Words/s: from text to entities through `nlp.pipe`, tokenizer included;"
        " after a warm-up on the same texts all pipelines took turns,"
        f" {report.rounds} each, and the median counts."
    )


def _by_type(report: Report) -> str:
    labels = sorted({label for row in report.rows for label in row.per_type})
    cells = [
        (
            row.name,
            *(
                percent(row.per_type[label].f1) if label in row.per_type else ""
                for label in labels
            ),
        )
        for row in report.rows
    ]
    return markdown_table(("", *labels), cells)


def _differences(report: Report) -> str:
    first, last = report.rows[0].name, report.rows[-1].name
    lines = []
    for document in report.agreement[last].worst:
        text = " ".join(document.text.split())
        text = text if len(text) <= 200 else text[:197] + "..."
        lines.append(f"- {_escape(text)}")
        for name, entities in (
            (first, document.only_teacher),
            (last, document.only_student),
        ):
            if entities:
                lines.append(f"  - only {name}: {_escape('; '.join(entities))}")
    return "\n".join(lines)


def _entities(counts: Dict[str, int]) -> str:
    listed = ", ".join(f"{count:,} {label}" for label, count in counts.items())
    return f"{sum(counts.values()):,} entities ({listed})"


def _escape(text: str) -> str:
    """Markdown's marks taken literally."""
    text = " ".join(text.split())
    for mark in "\\`*_[]<>#|":
        text = text.replace(mark, f"\\{mark}")
    return text
