"""What Ctrl-C leaves behind, and how to go on."""

import json
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Iterator, NoReturn, Optional

# As shells have it: 128 and the number of the signal.
INTERRUPTED = 130
_AGAIN = "The same command goes on from there."


@contextmanager
def resumable(
    *, soft_labels: Optional[Path] = None, training: Optional[Path] = None
) -> Iterator[None]:
    """Say on Ctrl-C what is done and how to go on, and exit with status 130.

    Args:
        soft_labels: Folder of soft labels that the command writes.
        training: Folder of the training that follows; None without one.
    """
    try:
        yield
    except KeyboardInterrupt:
        exit_interrupted(_describe(soft_labels, training))


def exit_interrupted(line: str) -> NoReturn:
    """Print a line about an interrupted command, and exit.

    Args:
        line: What is done, and how to go on.
    """
    print(f"\n\nInterrupted. {line}")
    sys.exit(INTERRUPTED)


def _describe(soft_labels: Optional[Path], training: Optional[Path]) -> str:
    from ..training.checkpoint import FILE_NAME

    if soft_labels is not None and not _is_complete(soft_labels):
        records = list(soft_labels.glob("shard-*.json"))
        if not records:
            return "No shard is annotated yet. The same command begins again."
        docs = sum(json.loads(path.read_bytes())["docs"] for path in records)
        return (
            f"{docs:,} documents are annotated and stored in {soft_labels}, in"
            f" {len(records):,} {'shard' if len(records) == 1 else 'shards'}. {_AGAIN}"
        )
    done = f"The annotation in {soft_labels} is complete. " if soft_labels else ""
    if training is None:
        return f"{done}{_AGAIN}"
    if (training / FILE_NAME).exists():
        return f"{done}The same command goes on from the last evaluation."
    return f"{done}The same command begins the training again."


def _is_complete(soft_labels: Path) -> bool:
    from ..soft_labels.manifest import FILE_NAME

    try:
        manifest = json.loads((soft_labels / FILE_NAME).read_bytes())
    except (OSError, ValueError):
        return False
    return bool(manifest.get("complete"))
