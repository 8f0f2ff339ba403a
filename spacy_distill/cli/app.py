"""The command `spacy-distill`.

Help and shell completion import the module of every command, so these import spaCy and
all that is slow inside of their functions.
"""

from typing import Annotated

import typer
from typer import Option

from .annotate import annotate_cli
from .augment import augment_cli
from .calibrate import calibrate_cli
from .card import card_cli
from .convert import convert_cli
from .corpus import corpus_cli
from .distill import distill_cli
from .distill_encoder import distill_encoder_cli
from .evaluate import evaluate_cli
from .init_config import init_config_cli
from .options import WITH_OVERRIDES
from .package import package_cli
from .predict import predict_cli
from .quantize import quantize_cli
from .serve import serve_cli
from .split import split_cli
from .summary import summary_cli
from .train_teacher import train_teacher_cli
from .visualize import visualize_cli

_NAME = "spacy-distill"

app = typer.Typer(
    name=_NAME,
    help="Distill a slow, accurate pipeline into a compact one.",
    no_args_is_help=True,
)


def _print_version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        from .. import __version__

        print(f"{_NAME} {__version__} (spaCy {version('spacy')})")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool,
        Option(
            "--version",
            callback=_print_version,
            is_eager=True,
            help="Print the version and exit.",
        ),
    ] = False,
) -> None:
    """Distill a slow, accurate pipeline into a compact one."""


app.command("distill", context_settings=WITH_OVERRIDES)(distill_cli)
# The steps of it, in the order in which a project runs them.
app.command("init-config")(init_config_cli)
app.command("convert")(convert_cli)
app.command("split")(split_cli)
app.command("corpus")(corpus_cli)
app.command("augment")(augment_cli)
app.command("train-teacher", context_settings=WITH_OVERRIDES)(train_teacher_cli)
app.command("distill-encoder", context_settings=WITH_OVERRIDES)(distill_encoder_cli)
app.command("annotate")(annotate_cli)
app.command("calibrate")(calibrate_cli)
app.command("quantize")(quantize_cli)
app.command("evaluate")(evaluate_cli)
app.command("card")(card_cli)
app.command("package")(package_cli)
app.command("visualize")(visualize_cli)
app.command("summary")(summary_cli)
# Where it runs.
app.command("predict")(predict_cli)
app.command("serve")(serve_cli)


def main() -> None:
    """Run the command line."""
    app(prog_name=_NAME)
