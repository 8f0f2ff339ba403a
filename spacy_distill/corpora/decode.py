"""Reading a text file whose faults can be found."""

from pathlib import Path
from typing import Union

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
