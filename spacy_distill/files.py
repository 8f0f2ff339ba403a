"""Checksums and atomic writing of files."""

import contextlib
import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import Any, BinaryIO, Iterator, Mapping, Union

from .addresses import as_path, is_remote, path_exists, send_file
from .errors import DistillError

# The temporary files of `write_atomically`, as a pattern for `Path.glob`.
TEMPORARY = ".*.writing"

_BLOCK = 1024 * 1024
# More than a file system keeps beside the names of files.
_PROBE = 64 * 1024


def sha256_bytes(data: bytes) -> str:
    """Return the SHA-256 of bytes in hexadecimal.

    Args:
        data: The bytes.

    Returns:
        64 hexadecimal digits.
    """
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Union[str, Path]) -> str:
    """Return the SHA-256 of a file's content in hexadecimal.

    Args:
        path: Path of the file.

    Returns:
        64 hexadecimal digits.

    Raises:
        DistillError: If the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with as_path(path).open("rb") as file_:
            while block := file_.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise DistillError(f"Could not read {path}: {_reason(error)}.") from error
    return digest.hexdigest()


def sha256_path(path: Union[str, Path]) -> str:
    """Return the SHA-256 of a file or a folder.

    Args:
        path: Path of the file or folder.

    Returns:
        64 hexadecimal digits.

    Raises:
        DistillError: If neither exists.
    """
    return sha256_folder(path) if Path(path).is_dir() else sha256_file(path)


def sha256_folder(path: Union[str, Path]) -> str:
    """Return one SHA-256 over all files in a folder and its subfolders.

    It covers relative names and contents in sorted order, so it does not depend on the
    location of the folder or the order of its listing.

    Args:
        path: Path of the folder.

    Returns:
        64 hexadecimal digits.

    Raises:
        DistillError: If `path` is not a folder or a file cannot be read.
    """
    path = Path(path)
    if not path.is_dir():
        raise DistillError(f"Expected a folder at {path}, found none: check the path.")
    files = {f.relative_to(path).as_posix(): f for f in path.rglob("*") if f.is_file()}
    digest = hashlib.sha256()
    for name in sorted(files):
        digest.update(name.encode("utf-8", "surrogateescape") + b"\0")
        digest.update(bytes.fromhex(sha256_file(files[name])))
    return digest.hexdigest()


def to_json(msg: Mapping[str, Any]) -> bytes:
    """Return JSON as it is written to files: indented, in UTF-8, with a final newline.

    Args:
        msg: What to write.

    Raises:
        ValueError: If a number is not finite.
    """
    text = json.dumps(msg, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
    return text.encode("utf-8")


def write_atomically(path: Union[str, Path], data: bytes) -> None:
    """Write a file so that it is never partial, for readers or after a crash.

    Args:
        path: Path of the file.
        data: The bytes.

    Raises:
        DistillError: If the system fails to write, see `open_atomically`.
    """
    with open_atomically(path) as file_:
        file_.write(data)


@contextlib.contextmanager
def open_atomically(path: Union[str, Path]) -> Iterator[BinaryIO]:
    """Open a file for writing in parts, so that it is never partial.

    Bytes are written to a temporary file in the same folder, which is created if
    missing. They are flushed to disk, and then the file is renamed. After an error in
    the block, the temporary file is removed and `path` is unchanged. For an address in
    an object store, the temporary file is on this machine, and is sent as a whole.

    Args:
        path: Path of the file, or its address.

    Yields:
        A binary stream.

    Raises:
        DistillError: If the system fails to write (disk full, no permission). The
            message has the path and the reason.
    """
    path = as_path(path)
    if is_remote(path):
        with tempfile.TemporaryDirectory() as folder:
            local = Path(folder) / "file"
            with local.open("wb") as file_:
                yield file_
            send_file(local, path)
        return
    # The process id separates concurrent writers. A killed writer leaves this file.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.writing")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file_:
            yield file_
            file_.flush()
            os.fsync(file_.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        _remove_quietly(temporary)
        if isinstance(error, OSError):
            raise DistillError(
                f"Could not write {path}: {_reason(error)}. No partial file is left;"
                " make room or choose another folder, then run again."
            ) from error
        raise


def check_writable(folder: Union[str, Path]) -> None:
    """Check that files can be written to a folder, before work that ends with that.

    Args:
        folder: The folder. It and its parents need not exist; none is created.
            An address is only checked to be one that can be reached.

    Raises:
        DistillError: If it is a file, or if the system does not let write there.
    """
    path = as_path(folder)
    if is_remote(path):
        path_exists(path)
        return
    there = next(p for p in (path.absolute(), *path.absolute().parents) if _exists(p))
    if not there.is_dir():
        raise DistillError(
            f"Expected a folder to write to, got {path}, but {there} is a file: choose"
            " another output folder."
        )
    try:
        # Tried, since permissions alone do not tell of read-only or full disks.
        with tempfile.TemporaryFile(dir=there) as file_:
            file_.write(b"\0" * _PROBE)
            file_.flush()
    except OSError as error:
        raise DistillError(
            f"Expected a folder that can be written to, got {path}: {_reason(error)}."
            " Choose another output folder."
        ) from error


def _exists(path: Path) -> bool:
    # Without permission to look, `Path.exists` raises an error.
    return path_exists(path) if is_remote(path) else os.path.lexists(path)


def check_output_folder(output: Path) -> None:
    """Check that a folder can be written to without mixing with other files.

    Args:
        output: The folder.

    Raises:
        DistillError: If it is a file, or a folder with something in it, or if the
            system does not let write there.
    """
    check_writable(output)
    if output.is_dir() and any(output.iterdir()):
        raise DistillError(
            f"Expected a new or an empty folder to write to, got {output} with"
            " something in it: choose another."
        )


def check_new_file(path: Union[str, Path]) -> None:
    """Check that a new file can be written, before work that ends with that.

    Args:
        path: Path of the file. Its folder need not exist; nothing is created.

    Raises:
        DistillError: If there is something at `path`, or if the system does not let
            write there.
    """
    path = as_path(path)
    if _exists(path):
        raise DistillError(
            f"Expected a new file to write to, got {path}, which exists: choose another"
            " name, or remove it."
        )
    check_writable(path.parent)


def _remove_quietly(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
