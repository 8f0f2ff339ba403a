"""Paths on this machine, and addresses in object stores such as `s3://bucket/file`.

Addresses are opened by fsspec. A `UPath` of universal-pathlib has the methods of a
`Path`, so that the same code reads and writes both.
"""

import contextlib
import os
from pathlib import Path
from typing import Any, Iterator, Union, cast

from .errors import DistillError

_SCHEME = "://"


def as_path(path: Union[str, Path]) -> Path:
    """Return a path whose methods work, wherever it is.

    Args:
        path: A path, or an address with a scheme.

    Returns:
        A `Path`; for an address a `UPath`, which has its methods.

    Raises:
        DistillError: If the scheme is not known, or if what opens it is not installed.
        ModuleNotFoundError: If universal-pathlib is not installed.
    """
    if is_address(path):
        return _open_address(str(path))
    # Not made again: a UPath would lose its options, such as credentials.
    return cast(Path, path) if is_remote(path) else Path(path)


def is_address(path: Any) -> bool:
    """Whether something is a string with a scheme, such as `s3://bucket/file`."""
    return isinstance(path, str) and _SCHEME in path


def is_path(source: Any) -> bool:
    """Whether something is a path or an address."""
    return isinstance(source, (str, os.PathLike)) or is_remote(source)


def is_remote(path: Any) -> bool:
    """Whether a path is not one of this machine's file system.

    Args:
        path: What `as_path` returns, or anything else.
    """
    return hasattr(path, "protocol") and hasattr(path, "fs")


def path_exists(path: Path) -> bool:
    """Whether there is a file or a folder.

    Args:
        path: What `as_path` returns.

    Raises:
        DistillError: If it is at an address that cannot be reached.
    """
    with reaching(path):
        return path.exists()


@contextlib.contextmanager
def reaching(path: Path) -> Iterator[None]:
    """Turn errors of the block into one line, if they are those of an address.

    Args:
        path: The path that the block reads or writes.

    Raises:
        DistillError: For any error of an address. Those of paths are left as they are.
    """
    try:
        yield
    except DistillError:
        raise
    # Each store has errors of its own.
    except Exception as error:
        if not is_remote(path):
            raise
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DistillError(
            f"Could not reach {path}: {reason.rstrip('.')}. Check the address, and that"
            " this machine is signed in to its store."
        ) from error


def send_file(local: Path, path: Path) -> None:
    """Copy a file to an address, where it is there as a whole or not at all.

    Args:
        local: The file.
        path: The address, as `as_path` returns it.

    Raises:
        DistillError: If the address cannot be reached.
    """
    fs: Any = path.fs  # type: ignore[attr-defined]
    # Not written to a stream: closed after an error, that would leave half of the file.
    with reaching(path):
        fs.put_file(str(local), path.path)  # type: ignore[attr-defined]


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it.

    Args:
        folder: What `as_path` returns.
    """
    if is_remote(folder):
        fs: Any = folder.fs  # type: ignore[attr-defined]
        fs.rm(folder.path, recursive=True)  # type: ignore[attr-defined]
        return
    # Not at the top: not needed to predict.
    import shutil

    shutil.rmtree(folder)


def _open_address(address: str) -> Path:
    try:
        from upath import UPath

        path: Any = UPath(address)
        # What opens the scheme is loaded only when it is asked for.
        path.fs  # noqa: B018
    except ModuleNotFoundError:
        raise
    except ImportError as error:
        raise DistillError(
            f"Expected the library that opens {address}: {error}."
        ) from error
    except ValueError as error:
        raise DistillError(
            f"Expected an address that fsspec knows, such as s3://bucket/file, got"
            f" {address}: {error}."
        ) from error
    if path.protocol in ("file", "local"):
        return Path(path.path)
    found: Path = path
    return found
