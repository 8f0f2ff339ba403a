"""`spacy-distill train-teacher`: fine-tune a transformer on gold annotation."""

from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from .common import friendly_errors, parse_overrides, use_device


@friendly_errors()
def train_teacher_cli(
    ctx: typer.Context,
    config: Annotated[Path, Argument(help="Config of the teacher.", dir_okay=False)],
    output: Annotated[Path, Option("--output", "-o", help="Folder for model-best.")],
    transformer: Annotated[
        str,
        Option(
            help="Hub name, folder, or installed package that contains a transformer."
        ),
    ],
    use_gpu: Annotated[
        int, Option("--gpu-id", "-g", help="GPU, or -1 for the CPU.")
    ] = -1,
) -> None:
    """Fine-tune a teacher on gold sentences.

    The number of steps follows from the number of sentences. Settings of the config can
    be overridden with arguments such as --training.max_steps 800.
    """
    from ..training.teacher import train_teacher

    overrides = parse_overrides(ctx.args)
    use_device(use_gpu, quiet=True)
    train_teacher(
        config,
        output,
        transformer=transformer,
        overrides=overrides,
        gpu_id=use_gpu,
    )
