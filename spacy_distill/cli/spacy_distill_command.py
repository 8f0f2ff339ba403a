"""`python -m spacy distill`. spaCy imports this module for each of its commands, so
it must import fast and never fail: the work is imported when it is asked for."""

from pathlib import Path
from typing import Annotated, Optional

import typer
from spacy.cli._util import app
from typer import Argument, Option

from .common import friendly_errors


@app.command(
    "distill",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
@friendly_errors()
def distill_spacy_cli(
    ctx: typer.Context,
    teacher: Annotated[
        str,
        Argument(
            help="Pipeline (package or folder), Hugging Face token classifier (folder"
            " or owner/model), file of annotations (.jsonl), config of one (.cfg)"
        ),
    ],
    student_config: Annotated[
        Path,
        Argument(help="Config of the student", exists=True, dir_okay=False),
    ],
    output: Annotated[
        Optional[Path],
        Option(
            "--output",
            "-o",
            help="Folder for the trained student (model-best, model-last)",
        ),
    ] = None,
    code_path: Annotated[
        Optional[Path],
        Option(
            "--code",
            "-c",
            help="Python file with additional code (registered functions) to be"
            " imported",
        ),
    ] = None,
    use_gpu: Annotated[
        int,
        Option(
            "--gpu-id",
            "-g",
            help="GPU that the teacher annotates on, or -1 for CPU; the student trains"
            " on CPU",
        ),
    ] = -1,
    component: Annotated[
        Optional[str],
        Option(help="Name of the teacher's component, if it has several"),
    ] = None,
    strict: Annotated[
        Optional[bool],
        Option(
            "--strict/--skip",
            help="For a file of annotations with invalid spans: take none of it, or"
            " leave them out. Strict by default",
        ),
    ] = None,
) -> None:
    """
    Distil TEACHER into the student of STUDENT_CONFIG. The unlabelled texts at
    paths.unlabelled are annotated into paths.soft_labels first, unless that is done
    already; then the student is trained on paths.train and the soft labels, and
    scored on paths.dev. Settings of the config can be overridden with arguments such
    as --training.max_steps 1000.
    """
    from spacy.cli._util import import_code

    from ..training.config import parse_overrides
    from ..training.distill import distill

    overrides = parse_overrides(ctx.args)
    import_code(code_path)
    distill(
        teacher,
        student_config,
        output,
        overrides=overrides,
        use_gpu=use_gpu,
        component=component,
        strict=strict,
    )
