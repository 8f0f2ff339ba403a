"""Checkpoints of a training that can be killed at any time and resumed."""

import io
import random
from pathlib import Path
from typing import Any, Dict, NamedTuple, Optional

import numpy as np

from ..errors import DistillError
from ..files import open_atomically

FILE_NAME = "checkpoint.pt"
_VERSION = 2


class OtherRunError(DistillError):
    """A checkpoint that cannot be resumed: of another run, or damaged."""


class Checkpoint(NamedTuple):
    """A checkpoint that was read.

    Attributes:
        state: What was saved.
        random: State of the random number generators.
    """

    state: Dict[str, Any]
    random: Dict[str, Any]

    def restore_random(self) -> None:
        """Set the random number generators as they were."""
        import torch

        version, numbers, gauss = self.random["python"]
        random.setstate((version, tuple(numbers), gauss))
        kind, keys, *more = self.random["numpy"]
        np.random.set_state((kind, keys.numpy().astype(np.uint32), *more))
        torch.set_rng_state(self.random["torch"])
        if "cuda" in self.random and torch.cuda.is_available():
            torch.cuda.set_rng_state_all(self.random["cuda"])


def save_checkpoint(folder: Path, state: Dict[str, Any], *, run: str) -> None:
    """Write a checkpoint that replaces the last one.

    The state of the random number generators of Python, numpy and torch is saved too.

    Args:
        folder: Folder of the run.
        state: What to save: numbers, strings, tensors, lists and dicts of these.
        run: Fingerprint of the run's settings.
    """
    import torch

    message = {
        "version": _VERSION,
        "run": run,
        "random": _random_state(),
        "state": state,
    }
    data = io.BytesIO()
    torch.save(message, data)
    with open_atomically(folder / FILE_NAME) as file_:
        file_.write(data.getbuffer())


def load_checkpoint(folder: Path, *, run: str) -> Optional[Checkpoint]:
    """Load the last checkpoint.

    Args:
        folder: Folder of the run.
        run: Fingerprint of the run's settings.

    Returns:
        The checkpoint; None if there is none.

    Raises:
        OtherRunError: If it cannot be read, or is of a run with other settings or data.
    """
    path = folder / FILE_NAME
    if not path.exists():
        return None
    import torch

    try:
        message = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:
        raise OtherRunError(
            f"Expected a checkpoint in {path}, got a file that cannot be read: remove"
            " it to begin again."
        ) from error
    if message.get("version") != _VERSION or message.get("run") != run:
        raise OtherRunError(
            f"Expected a checkpoint of the same run in {folder}, got one with another"
            " config, transformer, texts or version: choose another output folder, or"
            f" remove {path} to begin again."
        )
    return Checkpoint(message["state"], message["random"])


def remove_checkpoint(folder: Path) -> None:
    """Remove the checkpoint of a run that has ended.

    Args:
        folder: Folder of the run.
    """
    (folder / FILE_NAME).unlink(missing_ok=True)


def _random_state() -> Dict[str, Any]:
    import torch

    kind, keys, *more = np.random.get_state()
    version, numbers, gauss = random.getstate()
    out: Dict[str, Any] = {
        "python": [version, list(numbers), gauss],
        "numpy": [kind, torch.from_numpy(np.asarray(keys).astype(np.int64)), *more],
        "torch": torch.get_rng_state(),
    }
    if torch.cuda.is_available():
        out["cuda"] = torch.cuda.get_rng_state_all()
    return out
