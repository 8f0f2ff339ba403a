"""Files of the shards of a long run, each with a record that marks it as done.

The shards are planned before work starts, and each depends on its own documents alone.
So they may be computed in any order, by several processes or machines, and a killed run
goes on with those that are not done.
"""

import json
from pathlib import Path
from typing import Any, Dict, Mapping, Optional

from .errors import DistillError
from .files import sha256_file, to_json, write_atomically


def record_file(file: str) -> str:
    """Return the name of a shard's record, a JSON file beside it."""
    return Path(file).with_suffix(".json").name


def write_shard(
    folder: Path, file: str, data: bytes, record: Mapping[str, Any]
) -> None:
    """Write the files of a shard; its record comes last, and marks it as done.

    Args:
        folder: The folder of the shards.
        file: Name of the shard's file.
        data: Its content.
        record: The record. It has the checksum of the content as `sha256`.

    Raises:
        DistillError: If a file cannot be written.
    """
    write_atomically(folder / file, data)
    write_atomically(folder / record_file(file), to_json(record))


def read_record(folder: Path, file: str) -> Optional[Dict[str, Any]]:
    """Read the record of a shard that is done; None if it is not.

    Args:
        folder: The folder of the shards.
        file: Name of the shard's file.

    Raises:
        DistillError: If the shard changed since it was written, or if the record is
            damaged.
    """
    path = folder / record_file(file)
    if not path.exists():
        return None
    try:
        record: Dict[str, Any] = json.loads(path.read_bytes())
        sha256 = record["sha256"]
    except (OSError, KeyError, TypeError, ValueError, RecursionError) as error:
        raise damaged_record(path, error) from error
    check_shard(folder, file, sha256=sha256)
    return record


def damaged_record(path: Path, error: Exception) -> DistillError:
    """Return the error of a record that cannot be read."""
    return DistillError(
        f"Expected the record of a shard in {path}, but {error}: remove the folder to"
        " begin again."
    )


def check_shard(folder: Path, file: str, *, sha256: Optional[str]) -> None:
    """Check that the file of a shard is as it was written.

    Args:
        folder: The folder of the shards.
        file: Name of the shard's file.
        sha256: Its checksum; None to check only that it is there.

    Raises:
        DistillError: If it is missing or has changed.
    """
    path = folder / file
    if not path.exists():
        fault = "is missing"
    elif sha256 is not None and sha256_file(path) != sha256:
        fault = "has changed since it was written"
    else:
        return
    raise DistillError(
        f"Expected the shards that were written to {folder}, but {file} {fault}:"
        " remove the folder to begin again."
    )
