"""`python -m spacy distill`. spaCy imports this module for each of its commands, so
it must import fast and never fail: the work is imported when it is asked for."""

from pathlib import Path
from typing import Optional

import typer
from spacy.cli._util import Arg, Opt, app

from .errors import friendly_errors


@app.command(
    "distill",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)
@friendly_errors()
def distill_spacy_cli(
    # fmt: off
    ctx: typer.Context,
    teacher: str = Arg(..., help="Teacher pipeline: installed package or folder"),
    student_config: Path = Arg(..., help="Config of the student", exists=True, dir_okay=False, allow_dash=False),
    output: Optional[Path] = Opt(None, "--output", "-o", help="Folder for the trained student (model-best, model-last)"),
    code_path: Optional[Path] = Opt(None, "--code", "-c", help="Python file with additional code (registered functions) to be imported"),
    use_gpu: int = Opt(-1, "--gpu-id", "-g", help="GPU that the teacher annotates on, or -1 for CPU; the student trains on CPU"),
    component: Optional[str] = Opt(None, "--component", help="Name of the teacher's component, if it has several"),
    # fmt: on
) -> None:
    """
    Distil TEACHER into the student of STUDENT_CONFIG. The unlabelled texts at
    paths.unlabelled are annotated into paths.soft_labels first, unless that is done
    already; then the student is trained on paths.train and the soft labels, and
    scored on paths.dev. Settings of the config can be overridden with arguments such
    as --training.max_steps 1000.
    """
    from spacy.cli._util import import_code

    from .config import parse_overrides
    from .distill import distill

    overrides = parse_overrides(ctx.args)
    import_code(code_path)
    distill(
        teacher,
        student_config,
        output,
        overrides=overrides,
        use_gpu=use_gpu,
        component=component,
    )
