"""Find a task by the name that manifests have for it."""

from typing import Callable, Dict, Optional, Sequence

from ..errors import DistillError
from .base import Task
from .ner.tags import entity_labels
from .ner.task import NERTask
from .textcat.task import EXCLUSIVE, MULTILABEL, TextCatTask


def find_task(name: str, columns: Sequence[str]) -> Task:
    """Create the task of stored logits.

    Args:
        name: Name of the task.
        columns: Names of the logits' columns.

    Raises:
        DistillError: If there is no such task, or if it has other columns.
    """
    if name not in _TASKS:
        raise DistillError(
            f"Expected a task out of {', '.join(_TASKS)}, got {name!r}: use the version"
            " of spacy-distill that wrote the soft labels, or a newer one."
        )
    task = _TASKS[name](columns)
    if task.columns != tuple(columns):
        raise DistillError(
            f"Expected the columns of a {name!r} task, got {_short(columns)}: annotate"
            " again."
        )
    return task


def check_task(name: Optional[str]) -> None:
    """Check the name of a task that the user gave.

    Args:
        name: The name; None for none.

    Raises:
        DistillError: If there is no such task.
    """
    if name is not None and name not in _TASKS:
        raise DistillError(
            f"Expected a task out of {', '.join(_TASKS)}, got {name!r}: use one of them"
            " or leave it out."
        )


def _ner(columns: Sequence[str]) -> Task:
    return NERTask(entity_labels(columns))


def _exclusive(columns: Sequence[str]) -> Task:
    return TextCatTask(columns, exclusive=True)


def _multilabel(columns: Sequence[str]) -> Task:
    return TextCatTask(columns, exclusive=False)


_TASKS: Dict[str, Callable[[Sequence[str]], Task]] = {
    "ner": _ner,
    EXCLUSIVE: _exclusive,
    MULTILABEL: _multilabel,
}


def _short(columns: Sequence[str]) -> str:
    return ", ".join(columns[:9]) + (", ..." if len(columns) > 9 else "")
