"""Tables with a header that names a text and a category (CSV, TSV).

text,label
"The ferry, again, was late.",travel
"""

import csv
from io import StringIO
from pathlib import Path
from typing import Dict, Iterator, List, Optional

from ...errors import DistillError
from ..text_files import read_utf8
from .json_values import JsonValue
from .records import Place

TEXT, LABEL = "text", "label"
# Names of columns, and of the fields of JSON that they become. Others are ignored.
_FIELDS = {
    TEXT: TEXT,
    LABEL: LABEL,
    "labels": LABEL,
    "category": LABEL,
    "score": "score",
    "annotator": "annotator",
}
_DELIMITERS = (",", "\t", ";")


def looks_like_table(line: str) -> bool:
    """Whether the first line of a file is the header of a table of categories.

    Args:
        line: The first line that is not blank.

    Returns:
        True if columns are named "text" and "label" ("labels", "category").
    """
    return _delimiter(line) is not None


def read_csv_values(file: Path, *, in_folder: bool = False) -> Iterator[JsonValue]:
    """Read a table as objects with the fields "text" and "label".

    Args:
        file: The file, which may be compressed (`.gz`).
        in_folder: Whether the file was found in a folder.

    Yields:
        An object for each row that is not blank, with a numeric "score" and the
        "annotator" if there are such columns.

    Raises:
        DistillError: With the line, if a row has other columns than the header, if a
            quote is not closed, or if a score is no number.
    """
    text = read_utf8(file)
    header = next((line for line in text.split("\n") if line.strip()), "")
    rows = csv.reader(StringIO(text), delimiter=_delimiter(header) or ",", strict=True)
    names: List[str] = []
    line = 1
    try:
        for row in rows:
            place = Place(file, line, in_folder=in_folder)
            line = rows.line_num + 1
            if not any(cell.strip() for cell in row):
                continue
            if names:
                yield JsonValue(place, _to_object(row, names, place))
            else:
                names = _names(row, place)
    except csv.Error as error:
        place = Place(file, line, in_folder=in_folder)
        raise DistillError(
            f"Expected a table with a text in quotes in {place}: {error}. Double the"
            " quotes within a text, or check the row before."
        ) from error


def _delimiter(header: str) -> Optional[str]:
    """Return the delimiter with which a header has the columns that are needed."""
    for delimiter in _DELIMITERS:
        try:
            row = next(csv.reader([header.lstrip("\ufeff")], delimiter=delimiter), [])
        except csv.Error:
            continue
        fields = {_field(cell) for cell in row}
        if {TEXT, LABEL} <= fields:
            return delimiter
    return None


def _field(cell: str) -> Optional[str]:
    return _FIELDS.get(cell.strip().lower())


def _names(row: List[str], place: Place) -> List[str]:
    fields = [_field(cell) for cell in row]
    if not {TEXT, LABEL} <= set(fields):
        raise DistillError(
            f"Expected a header with columns named 'text' and 'label' in {place}, got"
            f" {', '.join(map(repr, row))[:80]}: name them so."
        )
    for field in (TEXT, LABEL):
        if fields.count(field) > 1:
            same = [cell for cell in row if _field(cell) == field]
            raise DistillError(
                f"Expected one column with the {field} in {place}, got"
                f" {' and '.join(map(repr, same))}: rename those that are not meant."
            )
    return [field or "" for field in fields]


def _to_object(row: List[str], names: List[str], place: Place) -> Dict[str, object]:
    if len(row) != len(names):
        raise DistillError(
            f"Expected {len(names)} columns, as in the header, in {place}, got"
            f" {len(row)}: put a text with commas or tabs in quotes."
        )
    found: Dict[str, object] = {
        name: cell for name, cell in zip(names, row) if name and cell
    }
    found[TEXT], found[LABEL] = found.get(TEXT, ""), found.get(LABEL, "")
    if "score" in found:
        try:
            found["score"] = float(str(found["score"]))
        except ValueError as error:
            raise DistillError(
                f"Expected a number as score in {place}, got {found['score']!r}:"
                " correct it."
            ) from error
    return found
