"""`spacy-distill distill`: from a teacher and texts to a student and its report."""

from pathlib import Path
from typing import Annotated, Any, Dict, List, Mapping, Optional

import typer
from typer import Argument, Option

from ..addresses import as_path
from ..errors import DistillError
from . import options
from .common import friendly_errors, import_code, parse_overrides, use_device
from .interrupts import resumable

_SETTINGS = {
    "paths.unlabelled": "TEXTS",
    "paths.train": "--gold",
    "paths.dev": "--dev",
    "paths.soft_labels": "--soft-labels",
}


@friendly_errors()
def distill_cli(
    ctx: typer.Context,
    teacher: options.Teacher,
    output: Annotated[
        Path,
        Option(
            "--output",
            "-o",
            help="Folder for the student (model-best, model-last), soft labels and"
            " report.",
        ),
    ],
    texts: Annotated[
        Optional[str],
        Argument(
            help="Text for the teacher: file or folder of .txt (a document a line),"
            " .jsonl or .spacy, of mark-up or columns; each also .gz, or at an"
            " address. Not needed if"
            " --soft-labels are complete."
        ),
    ] = None,
    gold: Annotated[
        Optional[str], Option(help="Gold annotation to train on (.spacy), if any.")
    ] = None,
    dev: Annotated[
        Optional[str],
        Option(
            help="Gold annotation to choose the best step by (.spacy). Without it some"
            " of the texts are held out."
        ),
    ] = None,
    soft_labels: Annotated[
        Optional[str],
        Option(help="Folder for the teacher's predictions; by default in the output."),
    ] = None,
    config: Annotated[
        Optional[Path],
        Option(help="Config of the student, in place of a preset; see init-config."),
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
    """Distill TEACHER into a student.

    The teacher annotates TEXTS, unless that is done already; then the student is
    trained on its predictions and on gold annotation, if given, and evaluated. A run
    that was cut short goes on when it is started again. Settings of the config can be
    overridden with arguments such as --training.max_steps 1000.
    """
    arguments = ctx.args
    # Without TEXTS, Click takes the first override for them.
    if texts is not None and texts.startswith("--"):
        arguments, texts = [texts, *arguments], None
    given = dict(zip(_SETTINGS, (texts, gold, dev, soft_labels)))
    run_distill(
        ctx,
        teacher,
        output,
        arguments=arguments,
        settings={name: value for name, value in given.items() if value is not None},
        config=config,
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


def run_distill(
    ctx: typer.Context,
    teacher: str,
    output: Path,
    *,
    arguments: List[str],
    settings: Mapping[str, str],
    config: Optional[Path],
    preset: Optional[str],
    label_map: Optional[str],
    held_out: Optional[float],
    rounds: int,
    round_teacher: Optional[Path],
    component: Optional[str],
    strict: Optional[bool],
    task: Optional[str],
    code: Optional[Path],
    gpu_id: int,
) -> None:
    """Distill a teacher and print the report, for both command lines.

    Args:
        ctx: Context of the command.
        teacher: Name or path of the teacher.
        output: Folder to write to.
        arguments: Overrides of the config, as arguments.
        settings: Further overrides by dotted name, which have options of their own.
        config: Config of the student; None for that of the preset.
        preset: Name of a preset; None for the default one.
        label_map: Label map as JSON.
        held_out: Texts to hold out.
        rounds: Number of rounds.
        round_teacher: Config of later teachers.
        component: The teacher's component.
        strict: Whether an invalid span in a file of annotations is an error.
        task: What is taught of a file of annotations that has spans and categories.
        code: Python file to import.
        gpu_id: GPU for the teacher; -1 for the CPU.

    Raises:
        DistillError: If a setting is given twice, or for anything that `distill` or
            the options refuse.
    """
    from wasabi import msg

    from ..evaluation.report import Report
    from ..training.distill import distill
    from .common import parse_label_map, print_report

    overrides: Dict[str, Any] = parse_overrides(arguments, ctx=ctx)
    for name in settings:
        if name in overrides:
            raise DistillError(
                f"Expected one of {_SETTINGS[name]} and --{name}, which are the same"
                " setting, got both: leave one out."
            )
    overrides.update(settings)
    labels = parse_label_map(label_map)
    import_code(code)
    use_device(gpu_id)
    folder = overrides.get("paths.soft_labels") or output / "soft_labels"
    with resumable(soft_labels=as_path(folder), training=output):
        nlp = distill(
            teacher,
            output=output,
            preset=preset,
            config=config,
            overrides=overrides,
            held_out=held_out,
            rounds=rounds,
            round_teacher=round_teacher,
            component=component,
            strict=strict,
            task=task,
            label_map=labels,
        )
    msg.divider("Student")
    path = output / "report.json"
    if "spacy_distill" in nlp.meta and path.is_file():
        print_report(Report.read(path))
        files = [path.with_suffix(suffix) for suffix in (".json", ".md", ".html")]
        msg.good(f"Wrote {', '.join(map(str, files[:-1]))} and {files[-1]}")
    # Not wrapped, as `msg.good` would: it is there to be copied.
    print(f'nlp = spacy.load("{output / "model-best"}")')
