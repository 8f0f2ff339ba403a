"""What commands share: error messages, overrides, devices and printed reports."""

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Dict, Iterator, List

from wasabi import color, msg
from wasabi.util import locale_escape, supports_ansi

from ..errors import DistillError

if TYPE_CHECKING:
    from ..evaluation.report import Report


@contextmanager
def friendly_errors() -> Iterator[None]:
    """Print a DistillError as one line, without traceback, and exit with status 1.

    Can be used as context manager and as decorator.
    """
    try:
        yield
    except DistillError as error:
        # Looks like `msg.fail`, which breaks lines, also in the middle of paths.
        line = locale_escape(f"✘ {' '.join(str(error).split())}")
        print(f"\n{color(line, fg='red') if supports_ansi() else line}\n")
        sys.exit(1)


def parse_overrides(arguments: List[str]) -> Dict[str, Any]:
    """Parse overrides of config settings.

    Args:
        arguments: Arguments such as `--training.max_steps 9`. Settings in the
            environment variable SPACY_CONFIG_OVERRIDES take precedence.

    Returns:
        Settings by dotted name.

    Raises:
        DistillError: If an argument names no setting.
    """
    from click import NoSuchOption
    from spacy.cli._util import parse_config_overrides

    try:
        return parse_config_overrides(list(arguments))
    except NoSuchOption as error:
        raise DistillError(
            "Expected an option of this command or a setting with its section, as in"
            f" --training.max_steps 1000, got {error.option_name}: see --help."
        ) from error


def use_device(gpu_id: int, *, quiet: bool = False) -> None:
    """Make Thinc use a GPU, or the CPU.

    Args:
        gpu_id: Number of the GPU; -1 for the CPU.
        quiet: Print nothing.

    Raises:
        DistillError: If the GPU cannot be used.
    """
    from spacy.cli._util import setup_gpu

    try:
        setup_gpu(gpu_id, silent=quiet)
    except ValueError as error:
        raise DistillError(
            f"Expected GPU {gpu_id} to be usable, got: {error}. Use --gpu-id -1 for the"
            " CPU."
        ) from error


def print_report(report: "Report") -> None:
    """Print the table of a report and its summary."""
    from ..reports.markdown import score_header, summary_lines
    from ..reports.table import (
        SHORT_HEADER,
        right_of_first,
        table_cells,
        without_empty,
    )

    header, cells = without_empty(
        score_header(report, SHORT_HEADER), table_cells(report.rows)
    )
    msg.table(cells, header=header, aligns=right_of_first(header), divider=True)
    if any(row.table for row in report.rows):
        msg.text("+ table: numbers that unknown words are composed from, not trained.")
    for line in summary_lines(report):
        msg.text(line)
