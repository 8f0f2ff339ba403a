"""Students, trained on what their system learns from."""

import shutil
from pathlib import Path

from thinc.api import Config

from .cell import Cell
from .commands import student_command
from .grid import Variant
from .plan import student_steps
from .settings import Settings
from .steps import Steps


def train_student(cell: Cell, variant: Variant, *, out: Path, log: str) -> float:
    """Train a student into a folder, which is emptied before. RETURNS: its seconds.

    Raises DistillError if it fails.
    """
    shutil.rmtree(out, ignore_errors=True)
    out.mkdir(parents=True)
    is_second = variant.system == "second"
    config = student_config(cell.settings, variant, out)
    command = student_command(
        cell.settings,
        variant,
        config=config,
        gold=cell.gold,
        soft_labels=cell.second_soft_labels if is_second else cell.soft_labels,
        out=out,
        steps=student_steps(cell, variant.system, config),
        seed=cell.seed,
    )
    return cell.run(command, log=log)


def plan_student(cell: Cell, variant: Variant, folder: Path) -> Steps:
    """How long it trains. folder: for the config."""
    config = student_config(cell.settings, variant, folder)
    return student_steps(cell, variant.system, config)


def student_config(settings: Settings, variant: Variant, folder: Path) -> Path:
    """The student's config with the variant's encoder in it: a new file, or the config
    as it is if the settings have nothing to say of this encoder."""
    assert variant.encoder is not None
    section = settings.encoders[variant.encoder]
    if not section:
        return settings.student_config
    config = Config().from_disk(settings.student_config, interpolate=False)
    config["components"]["ner"]["model"]["tok2vec"] = section
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{variant.encoder}.cfg"
    config.to_disk(path)
    return path
