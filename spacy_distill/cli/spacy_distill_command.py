"""`python -m spacy distill`.

spaCy imports this module for each of its commands, so it must import fast and never
fail: heavy modules are imported when the command runs.
"""

from pathlib import Path
from typing import Annotated, Optional

import typer
from spacy.cli._util import app
from typer import Argument, Option

from ..errors import DistillError
from . import options
from .common import friendly_errors
from .distill import run_distill


@app.command("distill", context_settings=options.WITH_OVERRIDES)
@friendly_errors()
def distill_spacy_cli(
    ctx: typer.Context,
    teacher: options.Teacher,
    student_config: Annotated[
        Optional[str],
        Argument(
            help="Config of the student, in place of a preset; by default that of the"
            " preset default."
        ),
    ] = None,
    output: Annotated[
        Optional[Path],
        Option(
            "--output",
            "-o",
            help="Folder for the student (model-best, model-last), soft labels and"
            " report.",
        ),
    ] = None,
    preset: options.Preset = None,
    label_map: options.LabelMap = None,
    held_out: options.HeldOut = None,
    rounds: options.Rounds = 1,
    round_teacher: options.RoundTeacher = None,
    component: options.Component = None,
    strict: options.Strict = None,
    task: options.Task = None,
    code: options.Code = None,
    gpu_id: options.GpuId = -1,
) -> None:
    """
    Distill TEACHER into the student of STUDENT_CONFIG. The teacher annotates the texts
    at paths.unlabelled into paths.soft_labels, unless that is done already; then the
    student is trained on the soft labels and on paths.train, if given, and evaluated on
    paths.dev, or on held-out texts. Settings of the config can be overridden with
    arguments such as --paths.unlabelled texts.jsonl or --training.max_steps 1000. The
    same as `spacy-distill distill`, with the config as an argument.
    """
    arguments = ctx.args
    # Without a config, Click takes the first override for it.
    if student_config is not None and student_config.startswith("--"):
        arguments, student_config = [student_config, *arguments], None
    if output is None:
        raise DistillError(
            "Expected a folder for the student, got none: add --output FOLDER (-o)."
        )
    run_distill(
        ctx,
        teacher,
        output,
        arguments=arguments,
        settings={},
        config=None if student_config is None else Path(student_config),
        preset=preset,
        label_map=label_map,
        held_out=held_out,
        rounds=rounds,
        round_teacher=round_teacher,
        component=component,
        strict=strict,
        task=task,
        code=code,
        gpu_id=gpu_id,
    )
