"""`spacy-distill init-config`: a copy of a shipped config, to be edited."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option
from wasabi import msg

from ..errors import DistillError
from .common import friendly_errors


@friendly_errors()
def init_config_cli(
    output: Annotated[
        str, Argument(help="File to write to (.cfg); - for standard output.")
    ],
    teacher: Annotated[
        bool,
        Option("--teacher", help="The config of train-teacher, not the student's."),
    ] = False,
    force: Annotated[
        bool, Option("--force", "-F", help="Replace the file if it exists.")
    ] = False,
) -> None:
    """Write the config of the student, or of a teacher, with comments.

    Give it as --config to distill, as argument to train-teacher, or to `spacy train`.
    """
    from ..files import write_atomically
    from ..training.config import STUDENT_CONFIG, TEACHER_CONFIG

    config = TEACHER_CONFIG if teacher else STUDENT_CONFIG
    if output == "-":
        print(config.read_text(encoding="utf-8"), end="")
        return
    path = Path(output)
    if path.exists() and not force:
        raise DistillError(
            f"Expected a new file, got {path}, which exists: choose another name, or"
            " add --force to replace it."
        )
    write_atomically(path, config.read_bytes())
    msg.good(f"Wrote {path}")
