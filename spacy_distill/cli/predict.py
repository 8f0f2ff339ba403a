"""`spacy-distill predict`: predictions of many texts, in a file."""

from pathlib import Path
from typing import Annotated, Optional

from typer import Argument, Option

from ..errors import DistillError
from . import options
from .common import friendly_errors, import_code
from .interrupts import exit_interrupted


@friendly_errors()
def predict_cli(
    model: Annotated[
        str,
        Argument(help="Pipeline, installed or a folder; or the address of a service."),
    ],
    texts: Annotated[
        str,
        Argument(
            help="File or folder of .txt (a document a line), .jsonl or .spacy, of"
            " mark-up or columns; each also .gz."
        ),
    ],
    output: Annotated[
        Path, Option("--output", "-o", help="File to write to (.jsonl).")
    ],
    lang: Annotated[str, Option(help="Language whose tokenizer cuts mark-up.")] = "en",
    api_key: Annotated[
        Optional[str],
        Option(envvar="SPACY_DISTILL_API_KEY", help="API key of a service."),
    ] = None,
    code: options.Code = None,
) -> None:
    """Predict TEXTS with MODEL, and write a line of JSON for each.

    A line has the text, its entities by characters, with label and probability, and
    its categories. A run that was cut short goes on when it is started again.
    """
    from wasabi import msg

    from ..prediction.files import LocalPipeline, PredictsTexts, predict_file

    import_code(code)
    source: PredictsTexts
    if model.startswith(("http://", "https://")):
        from ..service.source import ServiceSource

        source = ServiceSource(model, api_key=api_key)
    elif api_key is not None:
        raise DistillError(
            f"Expected the address of a service with an API key, got {model}: leave"
            " --api-key out."
        )
    else:
        source = LocalPipeline(model)
    try:
        done = predict_file(source, texts, output, lang=lang)
    except KeyboardInterrupt:
        exit_interrupted("The same command goes on.")
    if done.earlier:
        msg.info(f"{done.earlier:,} texts were done by an earlier run")
    if done.failed:
        msg.warn(f"{done.failed:,} texts have an error in place of predictions")
    msg.good(f"Wrote {output} with {done.documents:,} texts")
