"""Render a report as Markdown, and its figures as sentences."""

from typing import Dict, List, Optional, Sequence, Tuple

from ..evaluation.agreement import Agreement
from ..evaluation.comparison import Comparison
from ..evaluation.report import Report, SoftLabelCounts
from ..evaluation.rows import Row, TrainingFacts
from .caveats import Caveat, caveats
from .table import (
    CHARACTER_HEADER,
    TYPE_HEADER,
    calibration_cells,
    calibration_header,
    character_cells,
    markdown_table,
    percent,
    points,
    table_cells,
    table_columns,
    type_cells,
    without_empty,
)
from .text_lists import escape_markdown
from .views import view_of
from .wording import ENTITIES, Wording, capitalize, wording_of


def report_markdown(report: Report) -> str:
    """Render a report as Markdown.

    Returns:
        The table, what it must be read with, what follows from it and scores by type;
        calibration and disagreements of the last pipeline; versions and machine.
    """
    last = report.rows[-1]
    parts = [
        f"# {' / '.join(row.name for row in report.rows)}",
        main_table(report),
        *(markdown_caveat(caveat) for caveat in caveats(report)),
        *summary_lines(report),
        f"## {type_score_name(report)} {wording_of(report.task).by_type}",
        _by_type(report),
    ]
    if wording_of(report.task).counts_labels:
        parts += [
            f"## Categories of {last.name}",
            markdown_table(type_header(report), type_cells(last)),
        ]
    characters = character_cells(report.rows)
    if characters:
        parts += [
            "## Single characters",
            "Each character has the label of the entity that it is in. Micro: all"
            " labelled characters; macro: means over the labels.",
            markdown_table(CHARACTER_HEADER, characters),
        ]
    if last.calibration:
        cells = calibration_cells(last)
        parts += [
            f"## Calibration of {last.name}",
            markdown_table(calibration_header(report.task), cells),
        ]
    other, worst = report.find_worst()
    if worst:
        parts += [
            f"## Where {last.name} differs most from {other}",
            view_of(report.task).list_texts(worst, (other, last.name)),
        ]
    soft = report.soft_labels
    if soft is not None and soft.dropped:
        parts += ["## Dropped entities", _dropped(soft)]
    parts += ["## Measured with", measured_with(report)]
    return "\n\n".join(parts) + "\n"


def main_table(report: Report) -> str:
    """Render the scores and sizes of all pipelines as a Markdown table."""
    return markdown_table(*main_cells(report))


def main_cells(
    report: Report, *, short: bool = False
) -> Tuple[List[str], List[List[str]]]:
    """Return header and cells of the main table, without empty columns.

    Args:
        report: The report.
        short: Whether the header is that for a terminal.
    """
    columns = table_columns(report.task)
    header = [column.short if short else column.name for column in columns]
    # Named after the data if there is another score beside it, in a narrow table too.
    if header[1] == wording_of(report.task).main_score or report.is_agreement:
        header[1] = score_name(report)
    cells = table_cells(report.rows, report.development, task=report.task)
    return without_empty(header, cells)


def markdown_caveat(caveat: Caveat) -> str:
    """Render a warning as a block quote."""
    option = f" `{caveat.option}`" if caveat.option else ""
    return f"> **Note.** {escape_markdown(caveat.text)}{option}"


def score_name(report: Report) -> str:
    """Return what the main score of a report is called.

    It is named after the data if there is another score beside it.
    """
    words = wording_of(report.task)
    return _name_score(report, words.score, words.agreement)


def type_score_name(report: Report) -> str:
    """Return what the score of one entity type or category is called."""
    return _name_score(report, ENTITIES.score, ENTITIES.agreement)


def _name_score(report: Report, score: str, agreement: str) -> str:
    if report.is_agreement:
        return agreement
    if report.development is None:
        return capitalize(score)
    split = report.references.role.partition(" ")[0]
    return f"{split.capitalize()} {score}"


def type_header(report: Report) -> Tuple[str, ...]:
    """Return the header of `type_cells`, with the right name for the score."""
    name = type_score_name(report)
    return tuple(name if cell == "F1" else cell for cell in TYPE_HEADER)


def score_header(report: Report, header: Sequence[str]) -> Tuple[str, ...]:
    """Return a table header with the right name for the main score."""
    main = wording_of(report.task).main_score
    return tuple(score_name(report) if name == main else name for name in header)


def summary_lines(report: Report) -> List[str]:
    """Summarize the figures of a report in sentences."""
    words = wording_of(report.task)
    by = words.agreement_note
    lines = []
    if report.comparison is not None:
        lines += describe(report.comparison, words)
    found = _agreements(report.agreement)
    if found:
        lines.append(f"Agreement with {report.rows[0].name} ({by}): {found}.")
    found = _agreements(report.soft_agreement)
    if found:
        lines.append(
            f"Agreement with the soft labels ({by}, on"
            f" {report.soft_labels.sampled:,} of their documents): {found}."
            if report.soft_labels is not None
            else f"Agreement with the soft labels ({by}): {found}."
        )
    references = report.references
    compared = (
        "There is no gold annotation: scores are the agreement with the teacher's"
        " predictions on held-out documents, "
        if report.is_agreement
        else f"Measured on the {references.role}: "
    )
    lines.append(
        f"{compared}{references.documents:,} documents,"
        f" {references.words:,} words, {words.list_counts(references.entities)}."
    )
    held = report.development
    if held is not None:
        scores = ", ".join(f"{n} {percent(s.f1)}" for n, s in held.scores.items())
        lines.append(
            f"On the {held.references.role}: {held.references.documents:,} documents,"
            f" {held.references.words:,} words,"
            f" {words.list_counts(held.references.entities)}."
            f" {words.main_score} there: {scores}."
        )
    lines += [
        f"Calibration of {row.name}: {describe_calibration(row, words)}"
        for row in report.rows
        if row.raw_ece is not None
    ]
    soft = report.soft_labels
    if soft is not None:
        lines.append(
            f"Soft labels: {soft.documents:,} documents, {soft.words:,} words,"
            f" {words.list_counts(soft.labels)}, by {soft.teacher}; mean entropy"
            f" {soft.mean_entropy:.3f} nats a {words.unit}."
        )
        if soft.dropped:
            lines.append(f"Dropped: {soft.dropped:,} of the teacher's entities.")
        if soft.unaligned:
            lines.append(
                f"Unaligned: {percent(soft.unaligned / soft.words)} % of the words, for"
                " which the teacher has no word piece."
            )
    lines += [
        f"Training of {name}: {sentence}"
        for name, facts in report.training.items()
        for sentence in describe_training(facts)
    ]
    return lines


def describe_calibration(row: Row, words: Wording) -> str:
    """Describe the calibration error before and after, and on what it was measured.

    Args:
        row: Measurements of a calibrated pipeline.
        words: Words of its task.
    """
    where = (
        "by cross-validation on the same data"
        if row.cross_validated
        else "on data it was not fitted on"
    )
    return (
        f"fitted on {row.calibrated_on:,} {words.fitted_on}; expected calibration error"
        f" {row.raw_ece:.3f} before, {row.ece:.3f} after, {where}."
    )


def describe_training(facts: TrainingFacts) -> List[str]:
    """Describe in sentences what a student learned from.

    Args:
        facts: Data and loss of its training.
    """
    data = " and ".join(
        ["gold annotation"] * facts.gold + ["soft labels"] * facts.soft_labels
    )
    lines = [f"{data}."]
    if not facts.soft_labels or facts.alpha is None:
        return lines
    labels = f"the teacher's labels ({wording_of(facts.task).best})"
    if facts.weight_by_confidence:
        labels += ", weighted by its confidence"
    if facts.min_confidence:
        labels += f", where its probability was {facts.min_confidence:g} or more"
    soft = (
        f"the teacher's probabilities ({facts.divergence}, temperature"
        f" {facts.temperature:g})"
    )
    if facts.alpha == 1:
        lines.append(f"From the unlabelled text it learned {labels}.")
    elif facts.alpha == 0:
        lines.append(f"From the unlabelled text it learned {soft}.")
    elif isinstance(facts.alpha, str):
        lines.append(
            f"From the unlabelled text it learned {labels} and {soft}, weighted by the"
            f" schedule {facts.alpha}."
        )
    else:
        lines.append(
            f"From the unlabelled text it learned {labels}, with weight"
            f" {facts.alpha:g}, and {soft}, with weight {1 - facts.alpha:g}."
        )
    return lines


def measured_with(report: Report) -> str:
    """Describe versions, processor, and how speed was measured."""
    versions = ", ".join(f"{name} {v}" for name, v in report.versions.items())
    machine = report.machine
    threads = ", ".join(
        f"{name} {number}"
        for name, number in machine["threads"].items()
        if number is not None
    )
    speed = (
        f" Words/s: from text to {wording_of(report.task).many} through `nlp.pipe`,"
        " tokenizer included;"
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


def _dropped(soft: SoftLabelCounts) -> str:
    lines = [
        f"{soft.dropped:,} entities of the teacher are not in the soft labels as they"
        " are:",
        *(f"- {escape_markdown(entity.describe())}" for entity in soft.dropped_first),
    ]
    if soft.dropped > len(soft.dropped_first):
        lines.append("- ... (the manifest of the soft labels names all)")
    return "\n".join([lines[0], "", *lines[1:]])


def describe(comparison: Comparison, words: Wording = ENTITIES) -> List[str]:
    """Describe a comparison in sentences; none where nothing can be compared.

    Args:
        comparison: The comparison.
        words: Words for what is scored.
    """
    figures = [
        ratio(comparison.fewer_parameters, "fewer parameters", "more parameters"),
        ratio(comparison.smaller, "smaller on disk", "larger on disk"),
        ratio(comparison.faster, "faster", "slower"),
    ]
    described = [" times ".join(figure) for figure in figures if figure is not None]
    if comparison.f1_share is not None:
        described.append(f"{100 * comparison.f1_share:.1f} % of its {words.score}")
    lines = []
    if described:
        against = f"{comparison.pipeline} against {comparison.against}"
        lines.append(f"{against}: {', '.join(described)}.")
    gains = [f"{points(g)} against {name}" for name, g in comparison.f1_gain.items()]
    if gains:
        gained = f"{words.main_score} of {comparison.pipeline} in points"
        lines.append(f"{gained}: {', '.join(gains)}.")
    return lines


def ratio(value: Optional[float], more: str, less: str) -> Optional[Tuple[str, str]]:
    """Name a ratio so that its number is more than 1.

    Args:
        value: The ratio; None if unknown.
        more: Name of a ratio above 1, e.g. "faster".
        less: Name of a ratio below 1, e.g. "slower".

    Returns:
        The number and its name; None if it is unknown, or 1 after rounding.
    """
    if not value:
        return None
    number, name = (value, more) if value >= 1 else (1 / value, less)
    return None if f"{number:.1f}" == "1.0" else (f"{number:.1f}", name)
