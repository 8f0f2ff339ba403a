"""`spacy-distill serve`: a pipeline as HTTP service."""

from pathlib import Path
from typing import Annotated, Optional

from typer import Argument, Option

from . import options
from .common import friendly_errors, import_code


@friendly_errors()
def serve_cli(
    model: Annotated[str, Argument(help="Pipeline, installed or a folder.")],
    teacher: Annotated[
        Optional[str],
        Option(
            help="Pipeline of its teacher, installed or a folder: the demo page shows"
            " both, and requests may ask for it."
        ),
    ] = None,
    host: Annotated[str, Option(help="Address to listen at.")] = "127.0.0.1",
    port: Annotated[
        int, Option(min=0, max=65_535, help="Port; 0 for any that is free.")
    ] = 8000,
    workers: Annotated[
        int, Option(min=1, help="Processes, each with a pipeline of its own.")
    ] = 1,
    max_batch: Annotated[
        int, Option(help="Most texts, of several requests, that are read together.")
    ] = 128,
    max_wait_ms: Annotated[
        float,
        Option(
            help="Milliseconds that a batch waits for more texts. While one is read,"
            " the next one fills up in any case."
        ),
    ] = 0.0,
    max_queue: Annotated[
        int, Option(help="Most texts that wait; then requests get status 429.")
    ] = 4096,
    max_chars: Annotated[
        int, Option(help="Most characters of a request; larger ones get 413.")
    ] = 1_000_000,
    api_key_file: Annotated[
        Optional[Path],
        Option(help="File with an API key on each line; requests need one of them."),
    ] = None,
    log_format: Annotated[
        str, Option(help="Format of the log: text, json or none.")
    ] = "text",
    code: options.Code = None,
) -> None:
    """Serve a pipeline over HTTP, until Ctrl-C or SIGTERM.

    The address is that of a demo page. POST /predict takes texts in the shape of
    Hugging Face, POST /process in that of spaCy's example. /docs describes them. Each
    worker uses one thread for a pipeline.
    """
    import os

    # Read when numpy is loaded, here and in workers: one thread for each.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    from ..service.server import run_server
    from ..service.settings import ServiceSettings

    import_code(code)
    settings = ServiceSettings(
        model=model,
        teacher=teacher,
        max_batch=max_batch,
        max_wait_ms=max_wait_ms,
        max_queue=max_queue,
        max_chars=max_chars,
        api_key_file=None if api_key_file is None else str(api_key_file),
        log_format=log_format,
        code=None if code is None else str(code),
    )
    run_server(settings, host=host, port=port, workers=workers)
