"""`spacy-distill summary`: what a run came to, and how to load it."""

import shlex
from pathlib import Path
from typing import Annotated

from typer import Argument, Option
from wasabi import msg

from ..errors import DistillError
from .common import friendly_errors


@friendly_errors()
def summary_cli(
    report: Annotated[Path, Argument(help="Report that `evaluate` wrote (.json).")],
    packages: Annotated[
        Path, Option(help="Folder that `spacy package` wrote a wheel to.")
    ],
) -> None:
    """Print the table of a report, and the lines that install and load the package."""
    from ..evaluation.report import Report
    from ..reports.table import megabytes
    from .common import print_report

    wheels = sorted(packages.glob("*/dist/*.whl"), key=lambda p: p.stat().st_mtime)
    if not wheels:
        raise DistillError(
            f"Expected a wheel in {packages}, got none: run `spacy package` with"
            " --build wheel first."
        )
    print_report(Report.read(report))
    wheel = wheels[-1]
    msg.info(f"The wheel has {megabytes(wheel.stat().st_size)}.")
    # Not wrapped, as `msg.good` would: both lines are there to be copied.
    print(f"pip install {shlex.quote(str(wheel))}")
    print(f'import spacy; nlp = spacy.load("{wheel.name.split("-")[0]}")')
