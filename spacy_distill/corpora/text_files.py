"""Read text files line by line, and JSON objects with a text."""

import gzip
import json
import zlib
from pathlib import Path
from typing import IO, Any, Dict, Iterator, Tuple, Union

from ..errors import DistillError


def read_utf8(path: Union[str, Path]) -> str:
    r"""Return a file's text, its line ends as `\n`, without a byte order mark.

    Raises DistillError when the file cannot be read or, with `path:line`, is not UTF-8.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise DistillError(
            f"Expected a text file at {path}, got: {error.strerror or error}; check the"
            " path."
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        raise DistillError(
            f"{path}:{line}: expected UTF-8, got the byte 0x{byte:02x}"
            f" ({error.reason}); save the file as UTF-8."
        ) from error
    return text.replace("\r\n", "\n")


# What Prodigy notes on a task whose annotation is not to be used.
_NOT_ACCEPTED = ("reject", "ignore")


def open_file(file: Path) -> IO[bytes]:
    """Open a file for reading; unzipped, if its name ends in `.gz`."""
    return gzip.open(file, "rb") if file.suffix == ".gz" else file.open("rb")  # type: ignore[return-value]


def read_lines(file: Path) -> Iterator[Tuple[int, str]]:
    """Yield (number from 1, line) for every line that is not blank.

    Raises DistillError, with the line, for what is not UTF-8 or cannot be read.
    """
    number = 0
    try:
        with open_file(file) as stream:
            for number, raw in enumerate(stream, start=1):
                # Some editors put a byte order mark first; it is no part of the text.
                encoding = "utf-8-sig" if number == 1 else "utf-8"
                line = raw.decode(encoding).rstrip("\r\n")
                if line and not line.isspace():
                    yield number, line
    except UnicodeDecodeError as error:
        raise DistillError(
            f"Expected UTF-8 in {file}:{number}, got {error.reason} at byte"
            f" {error.start + 1} of the line: save the file as UTF-8."
        ) from error
    except (OSError, EOFError, zlib.error) as error:
        raise DistillError(
            f"Could not read {file} beyond line {number}: {error}."
        ) from error


def read_records(file: Path) -> Iterator[Tuple[int, Dict[str, Any]]]:
    """Yield (number from 1, object) for every line that is not blank.

    Raises DistillError, with the line, for what is no JSON object with a `text`.
    """
    for number, line in read_lines(file):
        place = f"{file}:{number}"
        try:
            # Not srsly's, which reads 0.7 as another number.
            record = json.loads(line)
        except (ValueError, RecursionError) as error:
            raise DistillError(f"Expected JSON in {place}: {error}.") from error
        if not isinstance(record, dict) or "text" not in record:
            raise DistillError(
                f'Expected an object with a field "text" in {place}, got {line[:60]!r}.'
            )
        text = record["text"]
        if not isinstance(text, str):
            raise DistillError(
                f'Expected "text" to be a string in {place}, got {type(text).__name__}.'
            )
        yield number, record


def is_accepted(record: Dict[str, Any]) -> bool:
    """Return False if an annotator has rejected or ignored a record, as in Prodigy."""
    return record.get("answer") not in _NOT_ACCEPTED
