"""`spacy-distill calibrate`: probabilities that say how often predictions are right."""

from pathlib import Path
from typing import Annotated

from typer import Argument, Option
from wasabi import msg

from ..errors import DistillError
from . import options
from .common import friendly_errors, import_code


@friendly_errors()
def calibrate_cli(
    model: Annotated[str, Argument(help="Pipeline, installed or a folder.")],
    gold: Annotated[
        Path,
        Argument(
            help="Gold file or folder (.spacy) that the pipeline was not trained on,"
            " such as development data."
        ),
    ],
    output: Annotated[
        Path,
        Option(
            "--output",
            "-o",
            help="Folder to write to: new, empty, or that of the pipeline itself.",
        ),
    ],
    code: options.Code = None,
) -> None:
    """Calibrate the probabilities of a pipeline on gold annotation.

    Entities or categories stay the same; only their probabilities change. `distill`
    does this already where it has gold annotation for development.
    """
    from ..docs import load_pipeline
    from ..evaluation.calibrate import calibrate
    from ..evaluation.report import META_KEY
    from ..files import check_output_folder

    import_code(code)
    nlp = load_pipeline(model)
    if nlp.path is None or not output.exists() or not nlp.path.samefile(output):
        check_output_folder(output)
    result = calibrate(nlp, gold)
    if result.calibration is None:
        raise DistillError(f"{result.describe()} Nothing was written.")
    try:
        output.mkdir(parents=True, exist_ok=True)
        nlp.to_disk(output)
    except OSError as error:
        raise DistillError(
            f"Could not write {output}: {error.strerror or error}."
        ) from error
    msg.good(result.describe())
    if META_KEY in nlp.meta:
        msg.info(
            "The report in its meta data is of before: `spacy-distill evaluate` makes"
            " a new one."
        )
    msg.good(f"Wrote {output}")
