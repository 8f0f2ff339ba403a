"""`spacy-distill train-teacher`: `spacy train`, with the weights found first."""

import os
from pathlib import Path

import typer

from .errors import friendly_errors


@friendly_errors()
def train_teacher_cli(
    ctx: typer.Context,
    config: Path = typer.Argument(..., help="Config of the teacher", dir_okay=False),
    output: Path = typer.Option(..., "--output", "-o", help="Folder for model-best"),
    transformer: str = typer.Option(
        ...,
        "--transformer",
        help="Hub name, folder, or installed package that carries a transformer",
    ),
    use_gpu: int = typer.Option(-1, "--gpu-id", "-g", help="GPU ID or -1 for CPU"),
) -> None:
    """Fine-tune a teacher on gold sentences. Settings of the config can be overridden
    with arguments such as --training.max_steps 800."""
    from spacy.cli._util import parse_config_overrides, setup_gpu
    from spacy.cli.train import train

    from ..teachers.weights import find_transformer

    name = find_transformer(transformer)
    if Path(name).is_dir():
        # Everything is here; nothing is to be asked of a hub.
        os.environ["HF_HUB_OFFLINE"] = "1"
    overrides = parse_config_overrides(ctx.args)
    overrides["paths.transformer"] = name
    setup_gpu(use_gpu)
    train(config, output, use_gpu=use_gpu, overrides=overrides)
