"""The stages of a cell: what is made once, for all its runs."""

import shutil
import time
from pathlib import Path
from typing import Callable, Dict, List, NamedTuple, Optional

from .cell import Cell
from .commands import (
    annotate_command,
    corpus_command,
    relabel_command,
    teacher_command,
)
from .grid import RELABELLING, Variant
from .plan import second_teacher_steps, teacher_steps
from .pseudo_labels import write_pseudo_labels
from .steps import Steps
from .students import train_student

GOLD = "gold.spacy"


class Stage(NamedTuple):
    """work: makes what it is for. after: the stage that it rests on."""

    work: Callable[[Cell], None]
    after: Optional[str] = None


def do_stage(cell: Cell, name: str) -> None:
    """Do one of STAGES, after those it rests on, and leave a record. One that was cut
    short begins anew, so that its seconds are right.

    Raises DistillError if it fails.
    """
    cell.begin_log(name)
    start = time.perf_counter()
    STAGES[name].work(cell)
    cell.end(name, time.perf_counter() - start)


def stages_up_to(name: str) -> List[str]:
    """A stage and all that it rests on, in order."""
    names: List[str] = []
    step: Optional[str] = name
    while step is not None:
        names.insert(0, step)
        step = STAGES[step].after
    return names


def trained_by(variant: Variant) -> Optional[str]:
    """The stage that trains a variant, if it is not a run's own training."""
    if variant == RELABELLING:
        return "student"
    is_teacher = variant.system in ("teacher", "second_teacher")
    return variant.system if is_teacher else None


def _draw(cell: Cell) -> None:
    command = corpus_command(
        cell.corpus,
        labels=cell.labels,
        seed=cell.seed,
        lang=cell.settings.lang,
        out=cell.gold,
    )
    cell.run(command, log="corpus")


def _train_teacher(cell: Cell) -> None:
    train = cell.gold / "train.spacy"
    _fine_tune(cell, "teacher", cell.teacher, train, teacher_steps(cell))


def _train_second_teacher(cell: Cell) -> None:
    steps = second_teacher_steps(cell)
    _fine_tune(cell, "second_teacher", cell.second_teacher, cell.relabelled, steps)


def _fine_tune(cell: Cell, name: str, out: Path, train: Path, steps: Steps) -> None:
    folder = out.parent
    shutil.rmtree(folder, ignore_errors=True)
    command = teacher_command(
        cell.settings,
        name=name,
        train=train,
        gold=cell.gold,
        out=folder,
        steps=steps,
        seed=cell.seed,
        gpu_id=cell.machine.gpu_id,
    )
    cell.run(command, log=name)
    # As big as the best, and of no use.
    shutil.rmtree(folder / "model-last")


def _annotate(cell: Cell) -> None:
    _store_logits(cell, "annotate", cell.teacher, cell.soft_labels)


def _annotate_again(cell: Cell) -> None:
    teacher, out = cell.second_teacher, cell.second_soft_labels
    _store_logits(cell, "second_annotate", teacher, out)


def _store_logits(cell: Cell, name: str, teacher: Path, out: Path) -> None:
    shutil.rmtree(out, ignore_errors=True)
    command = annotate_command(
        teacher=teacher, gold=cell.gold, out=out, gpu_id=cell.machine.gpu_id
    )
    cell.run(command, log=name)


def _label(cell: Cell) -> None:
    cell.labelled.mkdir(exist_ok=True)
    shutil.copy(cell.gold / "train.spacy", cell.labelled / GOLD)
    write_pseudo_labels(
        cell.soft_labels,
        cell.gold / "unlabelled",
        cell.labelled / "teacher.spacy",
        lang=cell.settings.lang,
    )


def _train_student(cell: Cell) -> None:
    train_student(cell, RELABELLING, out=cell.student.parent, log="student")


def _relabel(cell: Cell) -> None:
    cell.relabelled.mkdir(exist_ok=True)
    shutil.copy(cell.gold / "train.spacy", cell.relabelled / GOLD)
    out = cell.relabelled / "student.spacy"
    command = relabel_command(student=cell.student, gold=cell.gold, out=out)
    cell.run(command, log="relabel")


# In an order in which each rests on one before it.
STAGES: Dict[str, Stage] = {
    "corpus": Stage(_draw),
    "teacher": Stage(_train_teacher, after="corpus"),
    "annotate": Stage(_annotate, after="teacher"),
    # For stock spaCy alone.
    "label": Stage(_label, after="annotate"),
    "student": Stage(_train_student, after="annotate"),
    "relabel": Stage(_relabel, after="student"),
    "second_teacher": Stage(_train_second_teacher, after="relabel"),
    "second_annotate": Stage(_annotate_again, after="second_teacher"),
}
