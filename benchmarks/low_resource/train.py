"""One run: train its system, measure it, keep the result."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, Mapping, Optional

from spacy_distill.evaluation.report import Report

from .cell import Cell
from .commands import evaluate_command, stock_command, stock_config_command
from .grid import STUDENTS, Run
from .plan import second_teacher_steps, teacher_steps
from .results import Result, make_result
from .stages import stages_up_to, trained_by
from .steps import Steps
from .students import plan_student, train_student

_NEEDS = {
    "gold": "annotate",
    "second": "second_annotate",
    "stock": "label",
    **dict.fromkeys(("pseudo", "logits", "distilled"), "annotate"),
}


def needed_stage(run: Run) -> str:
    """The last stage that a run needs from its cell."""
    return trained_by(run.variant) or _NEEDS[run.variant.system]


def train_and_measure(run: Run, cell: Cell, *, settings: Mapping[str, Any]) -> Result:
    """Make a run whose cell has the stage that it needs, and return its result.

    settings: the description that the result is to carry.

    Raises DistillError if a command fails.
    """
    folder = run_folder(run, cell)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    cell.begin_log(run.name)
    stages = {name: cell.record(name) for name in stages_up_to(needed_stage(run))}
    trained = trained_by(run.variant)
    if trained is not None:
        stages["train"] = stages.pop(trained)
        # A stage that trains is named like the cell's path to its pipeline.
        model = getattr(cell, trained)
    else:
        model = folder / "model-best"
        if run.variant.system == "stock":
            seconds = _train_stock(run, cell, folder)
        else:
            seconds = train_student(cell, run.variant, out=folder, log=run.name)
        stages["train"] = cell.machine.describe(seconds, gpu=False)
    report = folder / "report.json"
    command = evaluate_command(
        name=run.variant.system, model=model, gold=cell.gold, report=report
    )
    seconds = cell.run(command, log=run.name)
    stages["evaluate"] = cell.machine.describe(seconds, gpu=False)
    steps = _steps(run, cell, folder)
    return make_result(
        run,
        corpus=cell.corpus.name,
        settings=settings,
        steps=None if steps is None else asdict(steps),
        stages=stages,
        model=model,
        teacher_sha256=cell.record("teacher")["sha256"],
        report=Report.read(report),
    )


def run_folder(run: Run, cell: Cell) -> Path:
    """Where a run trains."""
    return cell.folder / "runs" / run.name


def _steps(run: Run, cell: Cell, folder: Path) -> Optional[Steps]:
    """Of its training; None where spaCy's defaults decide."""
    system = run.variant.system
    if system in STUDENTS:
        return plan_student(cell, run.variant, folder)
    rules = {"teacher": teacher_steps, "second_teacher": second_teacher_steps}
    return rules[system](cell) if system in rules else None


def _train_stock(run: Run, cell: Cell, out: Path) -> float:
    config = out / "config.cfg"
    cell.run(stock_config_command(cell.settings, out=config), log=run.name)
    command = stock_command(
        cell.settings,
        config=config,
        labelled=cell.labelled,
        gold=cell.gold,
        out=out,
        seed=run.seed,
    )
    return cell.run(command, log=run.name)
