"""Tables of a report, as cells of text."""

from typing import (
    Callable,
    Dict,
    Iterable,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Tuple,
)

from wasabi import MarkdownRenderer

from ..evaluation.rows import NER, DevelopmentScores, Row, TypeScore
from ..tasks.textcat.task import EXCLUSIVE, MULTILABEL
from .wording import capitalize, wording_of

UNKNOWN = "–"
TYPE_HEADER = ("", "F1", "Precision", "Recall")
CHARACTER_HEADER = (
    "",
    *("Micro F1", "Precision", "Recall"),
    *("Macro F1", "Macro precision", "Macro recall"),
)


class Column(NamedTuple):
    """A column of the main table.

    Attributes:
        name: Its header.
        short: The same for a terminal.
        cell: Returns the cell of a pipeline, given its score on development data.
    """

    name: str
    short: str
    cell: Callable[[Row, Optional[TypeScore]], str]


def table_columns(task: str) -> Tuple[Column, ...]:
    """Return the columns of the main table.

    Args:
        task: Name of the task; see `Report.task`.

    Returns:
        The columns: the first is the pipeline's name, the second the main score.
    """
    words = wording_of(task)
    return (
        Column("", "", lambda row, held: row.name),
        Column(words.main_score, words.short_score, lambda row, held: percent(row.f1)),
        Column(
            f"Development {words.score}",
            f"Dev {words.short_score}",
            lambda row, held: "" if held is None else percent(held.f1),
        ),
        *_SCORES[task],
        Column(
            "ECE", "ECE", lambda row, _: "" if row.ece is None else f"{row.ece:.3f}"
        ),
        Column(
            "Parameters",
            "Params",
            lambda row, _: (
                UNKNOWN if row.parameters is None else millions(row.parameters)
            ),
        ),
        Column(
            "Table for unknown words",
            "+ table",
            lambda row, _: millions(row.table) if row.table else "",
        ),
        Column(
            "Size on disk",
            "On disk",
            lambda row, _: UNKNOWN if row.size is None else megabytes(row.size),
        ),
        *([_DOCUMENTS] if words.counts_labels else []),
        Column("Words/s", "Words/s", lambda row, _: _rate(row.words_per_second)),
    )


def _rate(number: Optional[float]) -> str:
    return "" if number is None else f"{number:,.0f}"


_PRECISION = Column("Precision", "P", lambda row, _: percent(row.precision))
_RECALL = Column("Recall", "R", lambda row, _: percent(row.recall))
_MACRO = Column(
    "Macro F1",
    "Macro F1",
    lambda row, _: "" if row.macro_f1 is None else percent(row.macro_f1),
)
_ALL_RIGHT = Column(
    "All categories right",
    "All right",
    lambda row, _: "" if row.accuracy is None else percent(row.accuracy),
)
_CHARACTERS = Column(
    "Character F1",
    "Char F1",
    lambda row, _: "" if row.characters is None else percent(row.characters.micro.f1),
)
_DOCUMENTS = Column("Docs/s", "Docs/s", lambda row, _: _rate(row.documents_per_second))
# Beside the main score.
_SCORES: Dict[str, Sequence[Column]] = {
    NER: (_PRECISION, _RECALL, _CHARACTERS),
    EXCLUSIVE: (_MACRO,),
    MULTILABEL: (_MACRO, _PRECISION, _RECALL, _ALL_RIGHT),
}
HEADER = tuple(column.name for column in table_columns(NER))
# Narrow, for a terminal.
SHORT_HEADER = tuple(column.short for column in table_columns(NER))


def table_cells(
    rows: Iterable[Row],
    development: Optional[DevelopmentScores] = None,
    *,
    task: str = NER,
) -> List[Tuple[str, ...]]:
    """Format the main table.

    Args:
        rows: Measured pipelines.
        development: Their scores on development data, if known.
        task: Name of the task.

    Returns:
        One tuple per pipeline, for `table_columns`. A value that was not measured is
        empty; a number of parameters or a size that is unknown is `UNKNOWN`.
    """
    held = {} if development is None else development.scores
    columns = table_columns(task)
    return [tuple(c.cell(row, held.get(row.name)) for c in columns) for row in rows]


def type_cells(row: Row) -> List[Tuple[str, ...]]:
    """Format the scores by entity type or category.

    Args:
        row: A measured pipeline.

    Returns:
        One tuple per type, for `TYPE_HEADER`.
    """
    return [
        (label, percent(s.f1), percent(s.precision), percent(s.recall))
        for label, s in row.per_type.items()
    ]


def character_cells(rows: Iterable[Row]) -> List[Tuple[str, ...]]:
    """Format the scores of characters.

    Args:
        rows: Measured pipelines. Those without such scores are left out.

    Returns:
        One tuple per pipeline, for `CHARACTER_HEADER`.
    """
    return [
        (
            row.name,
            *(
                percent(score)
                for mean in (row.characters.micro, row.characters.macro)
                for score in (mean.f1, mean.precision, mean.recall)
            ),
        )
        for row in rows
        if row.characters is not None
    ]


def calibration_header(task: str) -> Tuple[str, ...]:
    """Return the header of the calibration bins.

    Args:
        task: Name of the task; see `Report.task`.
    """
    words = wording_of(task)
    decisions = capitalize(words.decisions)
    return ("Probability", decisions, "Mean probability", words.right_header)


def calibration_cells(row: Row) -> List[Tuple[str, ...]]:
    """Format the calibration bins.

    Args:
        row: A measured pipeline.

    Returns:
        One tuple per bin, for `calibration_header`.
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
