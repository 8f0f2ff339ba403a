"""Folders that hold the work of one set of settings, and of one process."""

import fcntl
import json
import os
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterator, Mapping, Optional, Tuple

from spacy_distill.errors import DistillError
from spacy_distill.files import sha256_bytes, write_atomically

FILE = "settings.json"


def settings_hash(description: Mapping[str, Any]) -> str:
    """A fingerprint of settings: the SHA-256 of their JSON."""
    text = json.dumps(description, sort_keys=True, ensure_ascii=False)
    return sha256_bytes(text.encode("utf-8"))


def claim_folders(
    descriptions: Mapping[Path, Mapping[str, Any]], *, instead: str = "another folder"
) -> None:
    """Note in folders what their contents are made with, or check that they say so.

    instead: what a user could choose where a folder is refused.

    Raises DistillError if one holds the work of other settings, or files of which it
    does not say what they were made with; then none is claimed.
    """
    for folder, description in descriptions.items():
        _check_folder(folder, description, instead)
    for folder, description in descriptions.items():
        if not (folder / FILE).exists():
            record = {"hash": settings_hash(description), "settings": description}
            write_atomically(folder / FILE, dump_json(record))


def _check_folder(folder: Path, description: Mapping[str, Any], instead: str) -> None:
    path = folder / FILE
    if not path.exists():
        if folder.exists() and any(f.name[0] != "." for f in folder.iterdir()):
            raise DistillError(
                f"Expected {FILE} in {folder}, which has other files: choose {instead}."
            )
        return
    try:
        there = json.loads(path.read_bytes())["settings"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DistillError(
            f"Expected what a benchmark was begun with in {path}, got something else"
            f" ({type(error).__name__}): choose {instead}."
        ) from error
    if _flat(there) != _flat(description):
        name, before, now = _difference(there, description)
        raise DistillError(
            f"Expected the settings that {folder} was begun with, but {name} was"
            f" {before} and is {now}: choose {instead}, or go back to those settings."
        )


@contextmanager
def locked(folder: Path) -> Iterator[int]:
    """Keep other runs out of a folder, and yield the lock's file descriptor.

    Processes that inherit it hold the lock too: where a run is killed and a process of
    its own goes on, nothing else begins beside it.

    Raises DistillError if another run is at work there.
    """
    folder.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(folder / ".lock", os.O_CREAT | os.O_RDWR)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise DistillError(
                f"Expected no other run at work in {folder}, but one is, or a process"
                " that it left behind: wait for it or end it."
            ) from error
        yield descriptor
    finally:
        os.close(descriptor)


def dump_json(value: Any) -> bytes:
    """JSON as it is kept in files."""
    return (json.dumps(value, indent=2, ensure_ascii=False) + "\n").encode("utf-8")


def _difference(
    before: Mapping[str, Any], now: Mapping[str, Any]
) -> Tuple[str, str, str]:
    """The first setting that differs: its dotted name and both values."""
    old, new = _flat(before), _flat(now)
    name = next(n for n in [*new, *old] if old.get(n) != new.get(n))
    return name, _told(old.get(name)), _told(new.get(name))


def _told(value: Optional[str]) -> str:
    if value is None:
        return "not set"
    # Checksums are told by their beginning.
    return f"{value[:12]}..." if len(value) > 60 else value


def _flat(value: Any, name: str = "") -> Dict[str, str]:
    if not isinstance(value, Mapping):
        return {name: json.dumps(value)}
    flat: Dict[str, str] = {}
    for key, inner in value.items():
        flat.update(_flat(inner, f"{name}.{key}" if name else str(key)))
    return flat
