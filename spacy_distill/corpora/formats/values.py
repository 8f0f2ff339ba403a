"""Records of a file of annotated text, whether it is JSON or a table."""

from itertools import chain
from pathlib import Path
from typing import Any, Iterator, List, NamedTuple, Optional

from ...errors import DistillError
from ..text_files import read_lines
from .csv_tables import looks_like_table, read_csv_values
from .json_values import JsonValue, looks_like_json, read_json_values
from .records import FORMS


class FileValues(NamedTuple):
    """The records of a file.

    Attributes:
        values: The records in order.
        features: A description of their fields, if the file has one.
    """

    values: Iterator[JsonValue]
    features: Any = None


def first_line(file: Path) -> str:
    """Return the first line of a file that is not blank; "" if there is none.

    Args:
        file: The file.

    Raises:
        DistillError: If it cannot be read.
    """
    return next(read_lines(file), (0, ""))[1]


def has_values(line: str) -> bool:
    """Whether a file with this first line has records.

    Args:
        line: The first line that is not blank.

    Returns:
        True if it is the beginning of JSON, or the header of a table.
    """
    return looks_like_json(line) or looks_like_table(line)


def file_values(file: Path, *, in_folder: bool = False) -> FileValues:
    """Read the records of a file.

    Args:
        file: The file, which may be compressed (`.gz`).
        in_folder: Whether the file was found in a folder.

    Returns:
        The records. Of an object that has them all, those in it.

    Raises:
        DistillError: With the line, if the file cannot be read, or is of another kind.
    """
    line = first_line(file)
    if line and not has_values(line):
        raise DistillError(
            f"Expected annotated text in {file}, got {line[:40]!r}. Annotated texts"
            f" that can be read are {FORMS}."
        )
    if line and not looks_like_json(line):
        return FileValues(read_csv_values(file, in_folder=in_folder))
    values = read_json_values(file, in_folder=in_folder)
    first = next(values, None)
    if first is None:
        return FileValues(iter(()))
    inner = unwrap(first.value)
    if inner is None:
        return FileValues(chain([first], values))
    place = first.place
    found = (
        JsonValue(place._replace(item=number), item)
        for number, item in enumerate(inner, start=1)
        if item is not None
    )
    return FileValues(found, first.value.get("features"))


def unwrap(value: Any) -> Optional[List[Any]]:
    """Return the records of an object that has them all.

    Args:
        value: A value of JSON.

    Returns:
        The records; None if it is no such object.
    """
    if not isinstance(value, dict):
        return None
    # Of Hugging Face's server, and of an annotator for spaCy.
    rows, tuples = value.get("rows"), value.get("annotations")
    if isinstance(rows, list) and all(isinstance(row, dict) for row in rows):
        return [row.get("row", row) for row in rows]
    if isinstance(tuples, list) and "classes" in value:
        return tuples
    return None
