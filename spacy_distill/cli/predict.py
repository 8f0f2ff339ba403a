"""`spacy-distill predict`: predictions of many texts, in a file."""

from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Callable, Optional, Union

from typer import Argument, Option

from ..errors import DistillError
from ..windows import PREDICTED_SHARD_SIZE
from . import options
from .common import friendly_errors, import_code
from .interrupts import exit_interrupted
from .workers import find_executor

if TYPE_CHECKING:
    from ..prediction.sources import LocalPipeline, PredictsTexts


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
            " mark-up or columns; each also .gz, or at an address."
        ),
    ],
    output: options.OutputFile,
    n_process: options.NProcess = None,
    executor: options.ExecutorName = None,
    workers: options.Workers = None,
    address: options.Address = None,
    shard_size: options.ShardSize = PREDICTED_SHARD_SIZE,
    lang: Annotated[str, Option(help="Language whose tokenizer cuts mark-up.")] = "en",
    api_key: Annotated[
        Optional[str],
        Option(envvar="SPACY_DISTILL_API_KEY", help="API key of a service."),
    ] = None,
    code: options.Code = None,
) -> None:
    """Predict TEXTS with MODEL, and write the predictions into a file.

    Each text has its entities by characters, with label and probability, and its
    categories. A run that was cut short goes on when it is started again.
    """
    from ..executors import use_one_thread

    # Before numpy is imported. Results are then the same for any number of processes.
    with use_one_thread():
        from wasabi import msg

        from ..prediction.files import predict_file

        run_by = find_executor(
            n_process, executor=executor, workers=workers, address=address
        )
        source: Union[PredictsTexts, Callable[[], PredictsTexts]]
        if model.startswith(("http://", "https://")):
            if run_by is not None:
                raise DistillError(
                    f"Expected a pipeline for workers to load, got the service {model}:"
                    " leave the workers out, or start it with --workers."
                )
            from ..service.source import ServiceSource

            source = ServiceSource(model, api_key=api_key)
        elif api_key is not None:
            raise DistillError(
                f"Expected the address of a service with an API key, got {model}: leave"
                " --api-key out."
            )
        else:
            source = partial(_load, model, code)
        try:
            done = predict_file(
                source,
                texts,
                output,
                shard_size=shard_size,
                executor=run_by,
                lang=lang,
            )
        except KeyboardInterrupt:
            exit_interrupted("The same command goes on.")
    if done.earlier:
        msg.info(f"{done.earlier:,} texts were done by an earlier run")
    if done.failed:
        msg.warn(f"{done.failed:,} texts have an error in place of predictions")
    msg.good(f"Wrote {output} with {done.documents:,} texts")


def _load(model: str, code: Optional[Path]) -> "LocalPipeline":
    """Load the pipeline, in this process or in a worker."""
    from ..prediction.sources import LocalPipeline

    import_code(code)
    return LocalPipeline(model)
