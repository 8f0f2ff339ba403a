"""What commands share: error messages, overrides, devices and printed reports."""

import json
import sys
from contextlib import contextmanager
from difflib import get_close_matches
from pathlib import Path
from typing import TYPE_CHECKING, Any, Dict, Iterator, Optional, Sequence

import typer
from wasabi import color, msg
from wasabi.util import locale_escape, supports_ansi

from ..errors import DistillError
from .interrupts import exit_interrupted

if TYPE_CHECKING:
    from ..evaluation.report import Report

# Optional packages, and the extra that installs them.
_EXTRAS = {
    "torch": "train",
    "transformers": "train",
    "spacy_transformers": "train",
    "onnx": "train",
    "gliner": "gliner",
    "gliner2": "gliner2",
    "fastapi": "serve",
    "uvicorn": "serve",
    "prometheus_client": "serve",
    "httpx": "serve",
    "pyarrow": "parquet",
    "ray": "ray",
    "upath": "cloud",
    "fsspec": "cloud",
}


@contextmanager
def friendly_errors() -> Iterator[None]:
    """Print an error that the user can fix as one line, and exit with status 1.

    These are DistillErrors, errors of the system such as a full disk, and missing
    optional packages. Others keep their traceback. Ctrl-C exits with status 130.

    Can be used as context manager and as decorator.
    """
    try:
        yield
    except DistillError as error:
        _fail(str(error))
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in _EXTRAS:
            raise
        _fail(
            f"Expected the package {package}, which this needs, got none installed: run"
            f' pip install "spacy-distill[{_EXTRAS[package]}]".'
        )
    except OSError as error:
        # Errors of the system have a number; those of libraries do not.
        if error.errno is None:
            raise
        where = f"{error.filename}: " if error.filename else ""
        _fail(
            f"The system refused to read or write. {where}{error.strerror}. Mend that"
            " or choose another folder, then run again."
        )
    except KeyboardInterrupt:
        exit_interrupted("The same command begins again.")


def parse_overrides(
    arguments: Sequence[str], *, ctx: Optional[typer.Context] = None
) -> Dict[str, Any]:
    """Parse overrides of config settings.

    Args:
        arguments: Arguments such as `--training.max_steps 9`. Settings in the
            environment variable SPACY_CONFIG_OVERRIDES take precedence.
        ctx: Context of the command, whose options are suggested for unknown ones.

    Returns:
        Settings by dotted name.

    Raises:
        DistillError: If an argument names no setting.
    """
    from spacy.cli._util import parse_config_overrides

    params = () if ctx is None else ctx.command.params
    known = [opt for parameter in params for opt in parameter.opts]
    takes_value = False
    for argument in arguments:
        name = argument.partition("=")[0]
        if not argument.startswith("--"):
            if takes_value:
                takes_value = False
                continue
            raise DistillError(
                "Expected settings with their section and a value, as in"
                f" --training.max_steps 1000, got {argument!r}: see --help."
            )
        if "." not in name:
            close = get_close_matches(name, known, n=1)
            raise DistillError(
                "Expected an option of this command or a setting with its section, as"
                f" in --training.max_steps 1000, got {name}:"
                f" {f'did you mean {close[0]}?' if close else 'see --help.'}"
            )
        takes_value = "=" not in argument
    return parse_config_overrides(list(arguments))


def parse_label_map(text: Optional[str]) -> Optional[Dict[str, Optional[str]]]:
    """Parse the value of --label-map.

    Args:
        text: A JSON object; None for no map.

    Raises:
        DistillError: If it is something else.
    """
    if text is None:
        return None
    try:
        labels = json.loads(text)
    except ValueError:
        labels = None
    if not isinstance(labels, dict) or not all(
        value is None or isinstance(value, str) for value in labels.values()
    ):
        raise DistillError(
            'Expected a label map in JSON, as in --label-map \'{"PERSON": "PER",'
            f' "DATE": null}}\', got {text!r}.'
        )
    return labels


def import_code(path: Optional[Path]) -> None:
    """Import a Python file, for the functions that it registers.

    Args:
        path: The file; None for none.

    Raises:
        DistillError: If there is no such file, or if it raises an error.
    """
    if path is None:
        return
    if not path.is_file():
        raise DistillError(
            f"Expected a Python file for --code, got nothing at {path}: check the path."
        )
    from spacy.util import import_file

    try:
        import_file("python_code", path)
    except DistillError:
        raise
    except Exception as error:
        reason = " ".join(str(error).split())
        raise DistillError(
            f"Could not import {path}: {type(error).__name__}: {reason}"
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
    """Print the table of a report, its warnings and its summary."""
    from ..reports.caveats import caveats
    from ..reports.markdown import main_cells, summary_lines
    from ..reports.table import right_of_first

    header, cells = main_cells(report, short=True)
    msg.table(cells, header=header, aligns=right_of_first(header), divider=True)
    if any(row.table for row in report.rows):
        msg.text("+ table: numbers that unknown words are composed from, not trained.")
    for caveat in caveats(report):
        msg.warn(caveat.text)
        if caveat.option:
            # Not wrapped: it is there to be pasted.
            print(caveat.option)
    for line in summary_lines(report):
        msg.text(line)


def _fail(line: str) -> None:
    # Looks like `msg.fail`, which breaks lines, also in the middle of paths.
    line = locale_escape(f"✘ {' '.join(line.split())}")
    print(f"\n{color(line, fg='red') if supports_ansi() else line}\n")
    sys.exit(1)
