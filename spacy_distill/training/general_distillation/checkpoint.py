"""Checkpoints of a training that can be killed at any time and resumed."""

import io
from pathlib import Path
from typing import Any, Dict, Optional

from ...errors import DistillError
from ...files import open_atomically

FILE_NAME = "checkpoint.pt"
_VERSION = 1


def save_checkpoint(folder: Path, state: Dict[str, Any], *, run: str) -> None:
    """Write a checkpoint that replaces the last one.

    The state of torch's random number generators is saved with it, so that a resumed
    run computes what an uninterrupted one would.

    Args:
        folder: Folder of the run.
        state: What to save: numbers, strings, tensors, lists and dicts of these.
        run: Fingerprint of the run's settings.
    """
    import torch

    message = {
        "version": _VERSION,
        "run": run,
        "random": torch.get_rng_state(),
        "state": state,
    }
    if torch.cuda.is_available():
        message["random_cuda"] = torch.cuda.get_rng_state_all()
    data = io.BytesIO()
    torch.save(message, data)
    with open_atomically(folder / FILE_NAME) as file_:
        file_.write(data.getbuffer())


def load_checkpoint(folder: Path, *, run: str) -> Optional[Dict[str, Any]]:
    """Load the last checkpoint, and the state of random number generators with it.

    Args:
        folder: Folder of the run.
        run: Fingerprint of the run's settings.

    Returns:
        The saved state; None if there is no checkpoint.

    Raises:
        DistillError: If the checkpoint cannot be read, or is of a run with other
            settings, transformer or texts.
    """
    import torch

    path = folder / FILE_NAME
    if not path.exists():
        return None
    try:
        message = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise DistillError(
            f"Expected a checkpoint in {path}, got a file that cannot be read: remove"
            " it to begin again."
        ) from error
    if message.get("version") != _VERSION or message.get("run") != run:
        raise DistillError(
            f"Expected a checkpoint of the same run in {folder}, got one with another"
            " config, transformer, texts or version: choose another output folder, or"
            f" remove {path} to begin again."
        )
    torch.set_rng_state(message["random"])
    if "random_cuda" in message and torch.cuda.is_available():
        torch.cuda.set_rng_state_all(message["random_cuda"])
    state: Dict[str, Any] = message["state"]
    return state


def remove_checkpoint(folder: Path) -> None:
    """Remove the checkpoint of a run that has ended.

    Args:
        folder: Folder of the run.
    """
    (folder / FILE_NAME).unlink(missing_ok=True)
