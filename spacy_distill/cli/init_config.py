"""`spacy-distill init-config`: a copy of a shipped config, to be edited."""

from pathlib import Path
from typing import Annotated, Optional

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
    name: Annotated[
        Optional[str],
        Option(
            help="One of the shipped configs: student (the default), teacher,"
            " student_small, student_accurate, student_vectors, student_zh,"
            " student_lexicon, teacher_zh, teacher_zh_lexicon,"
            " transformer_student, transformer_lexicon, transformer_layers, encoder,"
            " textcat_student, textcat_ngrams, textcat_transformer, textcat_spacy or"
            " textcat_teacher."
        ),
    ] = None,
    preset: Annotated[
        Optional[str],
        Option(
            help="The config of a preset, for entities: small, default, accurate or"
            " transformer. In place of --name."
        ),
    ] = None,
    force: Annotated[
        bool, Option("--force", "-F", help="Replace the file if it exists.")
    ] = False,
) -> None:
    """Write a config that ships with the package, with comments.

    Give it as --config to distill, as argument to train-teacher, or to `spacy train`.
    """
    from ..files import write_atomically
    from ..training.config import CONFIGS
    from ..training.presets import check_preset, preset_config

    if teacher and name is not None:
        raise DistillError(
            f"Expected one of --teacher and --name, got both: leave --teacher out for"
            f" {name}."
        )
    if preset is not None and (teacher or name is not None):
        raise DistillError(
            f"Expected one of --preset and {'--teacher' if teacher else '--name'}, got"
            f" both: leave one out."
        )
    known = {file.stem: file for file in sorted(CONFIGS.glob("*.cfg"))}
    chosen = name or ("teacher" if teacher else "student")
    if preset is not None:
        check_preset(preset)
        chosen = preset_config(preset, categories=False).stem
    if chosen not in known:
        raise DistillError(
            f"Expected a shipped config as --name, got {chosen!r}: choose one of"
            f" {', '.join(known)}."
        )
    config = known[chosen]
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
