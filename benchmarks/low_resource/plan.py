"""How many steps each training of a cell takes."""

from pathlib import Path

from .cell import Cell
from .settings import batch_size
from .steps import Steps


def teacher_steps(cell: Cell) -> Steps:
    """For the teacher, on the gold sentences."""
    return _plan(cell, "teacher", cell.settings.teacher_config, "train")


def second_teacher_steps(cell: Cell) -> Steps:
    """For the second teacher, on gold and relabelled sentences."""
    config = cell.settings.teacher_config
    return _plan(cell, "second_teacher", config, "train", "unlabelled")


def student_steps(cell: Cell, system: str, config: Path) -> Steps:
    """For a student of one of the systems STUDENTS."""
    if system == "gold":
        return _plan(cell, "gold", config, "train")
    rule = "second" if system == "second" else "student"
    return _plan(cell, rule, config, "train", "unlabelled", system=system)


def _plan(cell: Cell, rule: str, config: Path, *splits: str, system: str = "") -> Steps:
    overrides = cell.settings.overrides_of(system or rule)
    return cell.settings.steps[rule].plan(
        cell.sentences(*splits),
        labels=cell.labels,
        batch=batch_size(config, overrides),
    )
