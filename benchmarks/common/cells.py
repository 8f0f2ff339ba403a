"""Cells of a table: each is run once, and its result is a JSON file."""

import json
import time
from pathlib import Path
from typing import Any, Callable, Dict

from spacy_distill.files import write_atomically


def cell_path(folder: Path, row: str) -> Path:
    """Return the file of a row's result."""
    return folder / f"{file_name(row)}.json"


def file_name(row: str) -> str:
    """Return a row's name as it is in files."""
    return row.replace(", ", "_").replace(" ", "-")


def run_cell(
    folder: Path,
    row: str,
    head: Dict[str, Any],
    make: Callable[[], Dict[str, Any]],
    *,
    shown: str,
) -> None:
    """Run a cell unless there is its result.

    Args:
        folder: Folder of the results.
        row: The row.
        head: What names the cell in the result, besides the row.
        make: Runs it and returns figures.
        shown: The figure to print, a share.
    """
    path = cell_path(folder, row)
    if path.exists():
        return
    start = time.time()
    result = {**head, "row": row, **make()}
    result["seconds"] = round(time.time() - start)
    write_atomically(path, json.dumps(result, indent=1).encode("utf-8"))
    print(*head.values(), f"{row}: {100 * result[shown]:.2f}", flush=True)
