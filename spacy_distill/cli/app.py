"""The command `spacy-distill`."""

import typer

from .annotate import annotate_cli
from .calibrate import calibrate_cli
from .card import card_cli
from .corpus import corpus_cli
from .evaluate import evaluate_cli
from .quantize import quantize_cli
from .summary import summary_cli
from .train_teacher import train_teacher_cli
from .visualize import visualize_cli

app = typer.Typer(
    name="spacy-distill",
    help="Distill a slow, accurate NER pipeline into a compact one.",
    no_args_is_help=True,
    add_completion=False,
)
# In the order in which a project runs them.
app.command("corpus")(corpus_cli)
app.command(
    "train-teacher",
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True},
)(train_teacher_cli)
app.command("annotate")(annotate_cli)
app.command("calibrate")(calibrate_cli)
app.command("quantize")(quantize_cli)
app.command("evaluate")(evaluate_cli)
app.command("card")(card_cli)
app.command("visualize")(visualize_cli)
app.command("summary")(summary_cli)


def main() -> None:
    """Run the command line."""
    app()
