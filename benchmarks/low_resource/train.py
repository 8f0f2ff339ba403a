"""One run: train its system, measure it, keep the result."""

import shutil
from dataclasses import asdict
from pathlib import Path
from typing import Any, Mapping, Optional, Tuple

from thinc.api import Config

from spacy_distill.reports.report import Report

from .cell import Cell, stages_up_to
from .commands import (
    evaluate_command,
    stock_command,
    stock_config_command,
    student_command,
)
from .grid import STUDENTS, Run
from .results import Result, make_result
from .settings import Settings, batch_size
from .steps import Steps

# What a system needs from its cell.
NEEDS = {
    "teacher": "teacher",
    "stock": "label",
    **dict.fromkeys(STUDENTS, "annotate"),
}


def train_and_measure(run: Run, cell: Cell, *, settings: Mapping[str, Any]) -> Result:
    """Make a run whose cell has the stage that it NEEDS, and return its result.

    settings: the description that the result is to carry.

    Raises DistillError if a command fails.
    """
    folder = run_folder(run, cell)
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    cell.begin_log(run.name)
    stages = {
        name: cell.record(name) for name in stages_up_to(NEEDS[run.variant.system])
    }
    model = folder / "model-best"
    steps: Optional[Steps] = None
    if run.variant.system == "teacher":
        model, steps = cell.teacher, cell.teacher_steps()
        stages["train"] = stages.pop("teacher")
    else:
        if run.variant.system == "stock":
            seconds = _train_stock(run, cell, folder)
        else:
            seconds, steps = _train_student(run, cell, folder)
        stages["train"] = cell.machine.describe(seconds, gpu=False)
    report = folder / "report.json"
    command = evaluate_command(
        name=run.variant.system, model=model, gold=cell.gold, report=report
    )
    seconds = cell.run(command, log=run.name)
    stages["evaluate"] = cell.machine.describe(seconds, gpu=False)
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


def write_encoder_config(settings: Settings, encoder: str, folder: Path) -> Path:
    """The student's config with an encoder in it: a new file, or the config as it is
    if the settings have nothing to say of this encoder."""
    section = settings.encoders[encoder]
    if not section:
        return settings.student_config
    config = Config().from_disk(settings.student_config, interpolate=False)
    config["components"]["ner"]["model"]["tok2vec"] = section
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{encoder}.cfg"
    config.to_disk(path)
    return path


def _train_student(run: Run, cell: Cell, out: Path) -> Tuple[float, Steps]:
    settings, system = cell.settings, run.variant.system
    assert run.variant.encoder is not None
    config = write_encoder_config(settings, run.variant.encoder, out)
    overrides = {**settings.overrides["student"], **settings.overrides[system]}
    if system == "gold":
        rule, sentences = settings.steps["gold"], cell.sentences("train")
    else:
        rule = settings.steps["student"]
        sentences = cell.sentences("train", "unlabelled")
    batch = batch_size(config, overrides)
    steps = rule.plan(sentences, labels=run.labels, batch=batch)
    command = student_command(
        settings,
        run.variant,
        config=config,
        gold=cell.gold,
        soft_labels=cell.soft_labels,
        out=out,
        steps=steps,
        seed=run.seed,
    )
    return cell.run(command, log=run.name), steps


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
