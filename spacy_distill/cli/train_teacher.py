"""`spacy-distill train-teacher`: `spacy train`, with the weights found first."""

import os
from pathlib import Path
from typing import Annotated

import typer
from typer import Argument, Option

from ..errors import DistillError
from .common import friendly_errors


@friendly_errors()
def train_teacher_cli(
    ctx: typer.Context,
    config: Annotated[Path, Argument(help="Config of the teacher.", dir_okay=False)],
    output: Annotated[Path, Option("--output", "-o", help="Folder for model-best.")],
    transformer: Annotated[
        str,
        Option(
            help="Hub name, folder, or installed package that carries a transformer."
        ),
    ],
    use_gpu: Annotated[
        int, Option("--gpu-id", "-g", help="GPU, or -1 for the CPU.")
    ] = -1,
) -> None:
    """Fine-tune a teacher on gold sentences.

    Settings of the config can be overridden with arguments such as
    --training.max_steps 800.
    """
    from spacy.cli.train import train

    from ..hub import find_transformer
    from ..training.config import parse_overrides, read_training_config
    from .common import use_device

    name = find_transformer(transformer)
    if Path(name).is_dir():
        # Everything is here; nothing is to be asked of a hub.
        os.environ["HF_HUB_OFFLINE"] = "1"
    overrides = parse_overrides(ctx.args)
    overrides["paths.transformer"] = name
    read_training_config(config, overrides)
    # Also done by `train`, but there with a traceback if it fails.
    use_device(use_gpu, quiet=True)
    try:
        train(config, output, use_gpu=use_gpu, overrides=overrides)
    except OSError as error:
        # Errors of the system have a number; Hugging Face's, of missing files, not.
        if error.errno is not None:
            raise
        raise DistillError(
            f"Expected a transformer that can be loaded as {name!r}, got: {error} Give"
            " a folder, an installed package that carries one, or a hub name within"
            " reach."
        ) from error
