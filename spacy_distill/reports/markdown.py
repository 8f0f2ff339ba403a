"""A report for people."""

from typing import Dict, List, Sequence, Tuple

from ..evaluation.agreement import Agreement, Disagreement
from ..evaluation.report import Comparison, Report, SoftLabelCounts
from .table import (
    CALIBRATION_HEADER,
    HEADER,
    calibration_cells,
    markdown_table,
    percent,
    points,
    table_cells,
    without_empty,
)


def report_markdown(report: Report) -> str:
    """The report as Markdown: the table, what follows from it, and F1 by type;
    calibration and disagreements of the last pipeline; what it was measured with."""
    last = report.rows[-1]
    parts = [
        f"# {' / '.join(row.name for row in report.rows)}",
        markdown_table(*without_empty(HEADER, table_cells(report.rows))),
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
    other, worst = report.find_worst()
    if worst:
        parts += [
            f"## Where {last.name} differs most from {other}",
            _differences(worst, (other, last.name)),
        ]
    soft = report.soft_labels
    if soft is not None and soft.lost:
        parts += ["## Entities lost", _lost(soft)]
    parts += ["## Measured with", measured_with(report)]
    return "\n\n".join(parts) + "\n"


def summary_lines(report: Report) -> List[str]:
    """What the figures come to, in sentences."""
    lines = [] if report.comparison is None else describe(report.comparison)
    told = _agreements(report.agreement)
    if told:
        lines.append(f"Agreement with {report.rows[0].name} (F1): {told}.")
    told = _agreements(report.soft_agreement)
    if told:
        lines.append(f"Agreement with the soft labels (F1, on some of them): {told}.")
    lines.append(
        f"Measured on {report.gold.documents:,} documents,"
        f" {report.gold.words:,} words, {_entities(report.gold.entities)}."
    )
    soft = report.soft_labels
    if soft is not None:
        blind = soft.words_without_pieces / max(soft.words, 1)
        lines += [
            f"Soft labels: {soft.documents:,} documents, {soft.words:,} words,"
            f" {_entities(soft.entities)}, by {soft.teacher}; mean entropy"
            f" {soft.mean_entropy:.3f} nats a word.",
            f"Lost: {soft.lost:,} of the teacher's entities, and"
            f" {percent(blind)} % of the words, which have no word piece.",
        ]
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
    speed = (
        " Words/s: from text to entities through `nlp.pipe`, tokenizer included;"
        " after a warm-up on the same texts all pipelines took turns,"
        f" {report.rounds} each, and the median counts."
    )
    return (
        f"{versions}. {machine['processor'] or machine['system']},"
        f" {machine['cores']} cores{', threads: ' if threads else ''}{threads}."
        f"{speed if report.rounds else ''}"
    )


def _agreements(agreements: Dict[str, Agreement]) -> str:
    found = {name: agreement.f1 for name, agreement in agreements.items()}
    return ", ".join(f"{n} {percent(f1)}" for n, f1 in found.items() if f1 is not None)


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


def _differences(worst: Sequence[Disagreement], names: Tuple[str, str]) -> str:
    lines = []
    for passage in worst:
        text = " ".join(passage.text.split())
        text = text if len(text) <= 200 else text[:197] + "..."
        lines.append(f"- {_escape(text)}")
        for name, entities in zip(names, (passage.only_teacher, passage.only_student)):
            if entities:
                lines.append(f"  - only {name}: {_escape('; '.join(entities))}")
    return "\n".join(lines)


def _lost(soft: SoftLabelCounts) -> str:
    lines = [
        f"{soft.lost:,} entities of the teacher are not in the soft labels as they"
        " are:",
        *(f"- {_escape(lost.describe())}" for lost in soft.lost_first),
    ]
    if soft.lost > len(soft.lost_first):
        lines.append("- ... (the manifest of the soft labels names all)")
    return "\n".join([lines[0], "", *lines[1:]])


def _entities(counts: Dict[str, int]) -> str:
    listed = ", ".join(f"{count:,} {label}" for label, count in counts.items())
    return f"{sum(counts.values()):,} entities ({listed})"


def _escape(text: str) -> str:
    """Markdown's marks taken literally."""
    text = " ".join(text.split())
    for mark in "\\`*_[]<>#|":
        text = text.replace(mark, f"\\{mark}")
    return text


def describe(comparison: Comparison) -> List[str]:
    """The comparison in sentences."""
    sizes = {
        "times fewer parameters": comparison.fewer_parameters,
        "times smaller on disk": comparison.smaller,
        "times faster": comparison.faster,
    }
    told = [f"{value:.1f} {what}" for what, value in sizes.items() if value is not None]
    share = comparison.f1_share
    if share is not None:
        told.append(f"{100 * share:.1f} % of its F1")
    gains = [f"{points(g)} against {name}" for name, g in comparison.f1_gain.items()]
    return [
        f"{comparison.pipeline} against {comparison.against}: {', '.join(told)}.",
        f"F1 of {comparison.pipeline} in points: {', '.join(gains)}.",
    ]
