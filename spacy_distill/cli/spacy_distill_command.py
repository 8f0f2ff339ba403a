"""`python -m spacy distill`.

spaCy imports this module for each of its commands, so it must import fast and never
fail: heavy modules are imported when the command runs.
"""

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
        Optional[str],
        Argument(
            help="Config of the student; by default the one that ships with the"
            " package",
        ),
    ] = None,
    output: Annotated[
        Optional[Path],
        Option(
            "--output",
            "-o",
            help="Folder for the student (model-best, model-last), soft labels and"
            " report",
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
        int, Option("--gpu-id", "-g", help="GPU for the teacher, or -1 for CPU")
    ] = -1,
    component: Annotated[
        Optional[str],
        Option(help="Name of the teacher's component, if it has several"),
    ] = None,
    strict: Annotated[
        Optional[bool],
        Option(
            "--strict/--skip",
            help="For a file of annotations with invalid spans: reject the file, or"
            " leave them out. Strict by default",
        ),
    ] = None,
    held_out: Annotated[
        Optional[float],
        Option(
            help="Without paths.dev: texts to hold out for evaluation, a number or a"
            " share below 1. By default a tenth, at most 1,000"
        ),
    ] = None,
) -> None:
    """
    Distill TEACHER into the student of STUDENT_CONFIG. The teacher annotates the texts
    at paths.unlabelled into paths.soft_labels, unless that is done already; then the
    student is trained on the soft labels and on paths.train, if given, and evaluated on
    paths.dev, or on held-out texts. Settings of the config can be overridden with
    arguments such as --paths.unlabelled texts.jsonl or --training.max_steps 1000.
    """
    from spacy.cli._util import import_code
    from wasabi import msg

    from ..errors import DistillError
    from ..evaluation.report import Report
    from ..training.distill import distill
    from .common import parse_overrides, print_report, use_device

    arguments = ctx.args
    # Without a config, Click takes the first override for it.
    if student_config is not None and student_config.startswith("--"):
        arguments, student_config = [student_config, *arguments], None
    overrides = parse_overrides(arguments)
    if output is None:
        raise DistillError(
            "Expected a folder for the student, got none: add --output FOLDER (-o)."
        )
    import_code(code_path)
    use_device(use_gpu)
    nlp = distill(
        teacher,
        output=output,
        config=student_config,
        overrides=overrides,
        held_out=held_out,
        component=component,
        strict=strict,
    )
    msg.divider("Student")
    path = output / "report.json"
    if "spacy_distill" in nlp.meta and path.is_file():
        print_report(Report.read(path))
        files = [path.with_suffix(suffix) for suffix in (".json", ".md", ".html")]
        msg.good(f"Wrote {', '.join(map(str, files[:-1]))} and {files[-1]}")
    msg.good(f'nlp = spacy.load("{output / "model-best"}")')
