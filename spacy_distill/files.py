"""Checksums, and writing a file so that it is either whole or not there."""

import contextlib
import hashlib
import os
from pathlib import Path
from typing import Union

from .errors import DistillError

# The temporary files of `write_atomically`, as a pattern for `Path.glob`.
TEMPORARY = ".*.writing"

_BLOCK = 1024 * 1024


def sha256_bytes(data: bytes) -> str:
    """Return the SHA-256 of `data` in hexadecimal."""
    return hashlib.sha256(data).hexdigest()


def sha256_file(path: Union[str, Path]) -> str:
    """Return the SHA-256 of a file's content in hexadecimal.

    Raises DistillError when the file cannot be read.
    """
    digest = hashlib.sha256()
    try:
        with Path(path).open("rb") as file_:
            while block := file_.read(_BLOCK):
                digest.update(block)
    except OSError as error:
        raise DistillError(f"Could not read {path}: {_reason(error)}.") from error
    return digest.hexdigest()


def sha256_path(path: Union[str, Path]) -> str:
    """Return the SHA-256 of a file, or of all in a folder.

    Raises DistillError when there is neither.
    """
    return sha256_folder(path) if Path(path).is_dir() else sha256_file(path)


def sha256_folder(path: Union[str, Path]) -> str:
    """Return one SHA-256 over all files in a folder, however deep.

    It covers the names relative to the folder and the contents, in sorted order, so
    it does not depend on where the folder lies or on the order of its listing.

    Raises DistillError when `path` is no folder or a file cannot be read.
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


def write_atomically(path: Union[str, Path], data: bytes) -> None:
    """Write `data` to `path` so that no reader, and no crash, meets half a file.

    The bytes go to a temporary name in the same folder (made if missing), are forced
    to disk, and the name is then replaced in one step.

    Raises DistillError, with the path and the reason, when the system refuses (disk
    full, no permission, ...); the temporary file is removed and `path` left as it was.
    """
    path = Path(path)
    # The process id keeps two writers apart; a killed writer leaves only this name.
    temporary = path.with_name(f".{path.name}.{os.getpid()}.writing")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file_:
            file_.write(data)
            file_.flush()
            os.fsync(file_.fileno())
        os.replace(temporary, path)
    except BaseException as error:
        _remove_quietly(temporary)
        if isinstance(error, OSError):
            raise DistillError(
                f"Could not write {path}: {_reason(error)}. Nothing is half written;"
                " make room or choose another folder, then run again."
            ) from error
        raise


def _remove_quietly(path: Path) -> None:
    with contextlib.suppress(OSError):
        path.unlink()


def _reason(error: OSError) -> str:
    return error.strerror or str(error) or type(error).__name__
