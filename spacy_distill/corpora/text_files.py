"""Readers for text files and for JSONL files with a `text` in each line."""

import gzip
import json
import zlib
from pathlib import Path
from typing import IO, Any, Dict, Iterator, List, Tuple, Union

from ..addresses import as_path
from ..errors import DistillError


def read_utf8(path: Union[str, Path]) -> str:
    r"""Return the text of a file, with `\n` line ends and without a byte order mark.

    Args:
        path: Path of the file, which may be compressed (gzip).

    Returns:
        The text.

    Raises:
        DistillError: If the file cannot be read or is binary. With `path:line`, if it
            is not UTF-8.
    """
    try:
        with open_file(as_path(path)) as stream:
            data = stream.read()
    except (OSError, EOFError, zlib.error) as error:
        reason = getattr(error, "strerror", None) or error
        raise DistillError(
            f"Expected a text file at {path}, got: {reason}; check the path."
        ) from error
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # UTF-16 has zeros, too, and is told by its first bytes.
        if b"\0" in data and not data.startswith(_UTF16):
            raise DistillError(
                f"Expected a text file at {path}, got a binary one; convert it to text"
                " or to a .spacy file."
            ) from error
        line = error.object.count(b"\n", 0, error.start) + 1
        byte = error.object[error.start]
        raise DistillError(
            f"{path}:{line}: expected UTF-8, got the byte 0x{byte:02x}"
            f" ({error.reason}); save the file as UTF-8."
        ) from error
    return text.replace("\r\n", "\n")


_GZIP = b"\x1f\x8b"
_UTF16 = (b"\xff\xfe", b"\xfe\xff")
# Bytes that are enough to tell the format of a file.
_BEGINNING = 256 * 1024

# Values of `answer` in Prodigy's output that exclude a task.
_EXCLUDED_ANSWERS = ("reject", "ignore")


def open_file(file: Path) -> IO[bytes]:
    """Open a file for reading. A file compressed by gzip is decompressed.

    Args:
        file: Path of the file. If its name ends in `.gz`, it must be compressed.

    Returns:
        A binary stream.
    """
    stream = file.open("rb")
    begins = stream.read(len(_GZIP))
    stream.seek(0)
    # Some files are compressed but not named so.
    if file.suffix == ".gz" or begins == _GZIP:
        return _Unzipped(stream)  # type: ignore[return-value]
    return stream


class _Unzipped(gzip.GzipFile):
    """A stream that is decompressed, and closed with this one."""

    def __init__(self, stream: IO[bytes]) -> None:
        super().__init__(fileobj=stream)
        self._stream = stream

    def close(self) -> None:
        """Close both."""
        super().close()
        self._stream.close()


def read_beginning(file: Path) -> List[str]:
    """Return the first lines of a text file, for telling its format.

    Args:
        file: Path of the file, which may be compressed (gzip).

    Returns:
        Lines, without an incomplete last one. Bytes that are not UTF-8 are replaced.

    Raises:
        DistillError: If the file cannot be read.
    """
    try:
        with open_file(file) as stream:
            data = stream.read(_BEGINNING)
    except (OSError, EOFError, zlib.error) as error:
        raise DistillError(f"Could not read {file}: {error}.") from error
    lines = data.decode("utf-8-sig", "replace").replace("\r\n", "\n").split("\n")
    return lines[:-1] if len(data) == _BEGINNING and len(lines) > 1 else lines


def read_lines(file: Path) -> Iterator[Tuple[int, str]]:
    """Yield the lines of a file that are not blank.

    Args:
        file: Path of the file.

    Yields:
        Line number, from 1, and line without its line end.

    Raises:
        DistillError: With the line number, if the file is not UTF-8 or cannot be read.
    """
    number = 0
    try:
        with open_file(file) as stream:
            for number, raw in enumerate(stream, start=1):
                # Strip the byte order mark that some editors write.
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
    """Yield the objects of a JSONL file. Blank lines are skipped.

    Args:
        file: Path of the file.

    Yields:
        Line number, from 1, and object.

    Raises:
        DistillError: With the line number, if a line is not a JSON object with a string
            `text`.
    """
    for number, line in read_lines(file):
        place = f"{file}:{number}"
        try:
            # srsly's parser is not exact for floats such as 0.7.
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
    """Whether a record was accepted, i.e. not rejected or ignored in Prodigy.

    Args:
        record: An object of a JSONL file.

    Returns:
        False if its `answer` is "reject" or "ignore".
    """
    return record.get("answer") not in _EXCLUDED_ANSWERS


def is_rejected(record: Dict[str, Any]) -> bool:
    """Whether a record was rejected in Prodigy.

    Args:
        record: An object of a JSONL file.

    Returns:
        True if its `answer` is "reject".
    """
    return record.get("answer") == "reject"
