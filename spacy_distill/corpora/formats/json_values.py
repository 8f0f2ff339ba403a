"""Values of a JSON file, whether they are lines or the items of an array."""

import json
import re
from pathlib import Path
from typing import Any, Iterator, NamedTuple, Tuple

from ...errors import DistillError
from ..text_files import read_lines
from .records import Place

_DECODER = json.JSONDecoder()
_BLANK = re.compile(r"[ \t\r\n]*")
# How JSON of records begins. Column files and mark-up may begin with a bracket, too.
_BEGINNING = re.compile(
    r'\s*(?:\{\s*(?:["}]|$)|\[\s*(?:[\]{\[]|"(?:[^"\\]|\\.)*"\s*,|$))'
)


class JsonValue(NamedTuple):
    """A value and its place."""

    place: Place
    value: Any


def looks_like_json(line: str) -> bool:
    """Whether the first line of a file is the beginning of JSON, valid or not.

    Args:
        line: The first line that is not blank.

    Returns:
        True for an object, or for an array of objects, arrays or a string and more.
    """
    return _BEGINNING.match(line) is not None


def read_json_values(file: Path, *, in_folder: bool = False) -> Iterator[JsonValue]:
    """Read a file of JSON lines, or one of a JSON array or object over any lines.

    Args:
        file: The file, which may be compressed (`.gz`).
        in_folder: Whether the file was found in a folder.

    Yields:
        The values of the lines, or else the items of the array, or the object.

    Raises:
        DistillError: With the line, if the file cannot be read or is not JSON.
    """
    lines = read_lines(file)
    number, line = next(lines, (1, ""))
    if not line:
        return
    if _is_array(line):
        rest = "\n".join(_with_blank_lines(number, line, lines))
        yield from _read_array(rest, file, in_folder)
        return
    try:
        value = json.loads(line)
    except RecursionError as error:
        raise _no_json(Place(file, number), error) from error
    except ValueError:
        text = "\n".join(_with_blank_lines(number, line, lines))
        yield _read_object(text, Place(file, number, in_folder=in_folder))
        return
    yield JsonValue(Place(file, number, in_folder=in_folder), value)
    for number, line in lines:
        place = Place(file, number, in_folder=in_folder)
        try:
            # srsly's parser is not exact for floats such as 0.7.
            yield JsonValue(place, json.loads(line))
        except (ValueError, RecursionError) as error:
            raise _no_json(place, error) from error


def _is_array(line: str) -> bool:
    """Whether a line begins an array of records; [text, {...}] is a record itself."""
    return re.match(r"\s*\[\s*($|[\[{\]])", line) is not None


def _with_blank_lines(
    number: int, line: str, lines: Iterator[Tuple[int, str]]
) -> Iterator[str]:
    """Restore the blank lines that `read_lines` skips, so that lines can be counted."""
    yield from [""] * (number - 1)
    yield line
    for following, line in lines:
        yield from [""] * (following - number - 1)
        yield line
        number = following


def _read_object(text: str, place: Place) -> JsonValue:
    try:
        return JsonValue(place, json.loads(text))
    except json.JSONDecodeError as error:
        raise _no_json(place._replace(line=error.lineno), error) from error
    except (ValueError, RecursionError) as error:
        raise _no_json(place, error) from error


def _read_array(text: str, file: Path, in_folder: bool) -> Iterator[JsonValue]:
    """Yield the items one by one, to know the line of each."""
    position = text.index("[") + 1
    line, counted = text.count("\n", 0, position) + 1, position
    item = 0
    while True:
        position = _skip_blank(text, position)
        line += text.count("\n", counted, position)
        counted = position
        place = Place(file, line, item + 1, in_folder)
        if text[position : position + 1] == "]" and item == 0:
            break
        try:
            value, position = _DECODER.raw_decode(text, position)
        except (ValueError, RecursionError) as error:
            raise _no_json(place, error) from error
        yield JsonValue(place, value)
        item += 1
        position = _skip_blank(text, position)
        found = text[position : position + 1]
        if found == "]":
            break
        if found != ",":
            raise DistillError(
                f"Expected JSON in {place}, got {found or 'the end of the file'!r}"
                " after an item of an array, where a comma or ']' belongs: correct it."
            )
        position += 1
    rest = text[position + 1 :].strip()
    if rest:
        raise DistillError(
            f"Expected the end of {file} after its array, got {rest[:40]!r}: give one"
            " array, or a record on each line."
        )


def _skip_blank(text: str, position: int) -> int:
    match = _BLANK.match(text, position)
    return match.end() if match else position


def _no_json(place: Place, error: Exception) -> DistillError:
    reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
    return DistillError(f"Expected JSON in {place}: {reason}.")
