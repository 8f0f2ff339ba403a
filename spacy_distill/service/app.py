"""The HTTP application: its life, and what is answered when something is wrong."""

import gc
import signal
import threading
from contextlib import asynccontextmanager, contextmanager
from typing import Any, AsyncIterator, Dict, Iterator, Optional

import srsly
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from spacy.util import import_file
from starlette.exceptions import HTTPException

from ..docs import load_pipeline
from ..prediction.predictor import Predictor
from .log import log_to_stderr
from .middleware import Observer
from .pages import add_pages
from .routes import Service
from .settings import ServiceSettings

# Of a JSON string: a character may be written as two of \uXXXX.
_BYTES_OF_CHARACTER = 12
_MORE_BYTES = 65_536
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def create_app(
    settings: ServiceSettings,
    predictor: Optional[Predictor] = None,
    teacher: Optional[Predictor] = None,
) -> FastAPI:
    """Create the application.

    Args:
        settings: Its settings.
        predictor: The pipeline; loaded from the settings if None.
        teacher: Its teacher; loaded from the settings, if they name one, if None.

    Returns:
        An ASGI application.

    Raises:
        DistillError: If a setting is out of range, or if a pipeline cannot be loaded,
            or predicts neither entities nor categories, or if the teacher does not
            predict what the other does.
    """
    settings.check()
    if predictor is None:
        predictor = _load(settings.model, settings)
    if teacher is None and settings.teacher is not None:
        teacher = _load(settings.teacher, settings)
    service = Service(settings, predictor, teacher)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        service.start()
        with _refusing_on_signals(service):
            yield
        await service.stop()

    app = FastAPI(
        title=service.info.name,
        version=service.info.version,
        summary="Named entities and categories, by spacy-distill.",
        lifespan=lifespan,
        # Their pages load scripts of other hosts; `add_pages` has one that does not.
        docs_url=None,
        redoc_url=None,
    )
    app.add_middleware(
        Observer,
        metrics=service.metrics,
        log_format=settings.log_format,
        max_bytes=_BYTES_OF_CHARACTER * settings.max_chars + _MORE_BYTES,
    )
    app.add_exception_handler(HTTPException, _answer_error)
    app.add_exception_handler(RequestValidationError, _answer_invalid)
    service.add_routes(app)
    add_pages(app, lang=service.info.lang, needs_key=bool(settings.api_keys()))
    return app


def create_app_from_environment() -> FastAPI:
    """Create the application of a worker process of uvicorn."""
    return create_worker_app(ServiceSettings.from_environment())


def create_worker_app(settings: ServiceSettings) -> FastAPI:
    """Create the application of a process that has nothing else to do.

    Args:
        settings: Its settings.

    Returns:
        An ASGI application.

    Raises:
        DistillError: See `create_app`.
    """
    if settings.code is not None:
        import_file("python_code", settings.code)
    log_to_stderr()
    app = create_app(settings)
    keep_out_of_collections()
    return app


def keep_out_of_collections() -> None:
    """Keep the pipeline out of Python's garbage collections.

    A collection of all objects takes a quarter of a second with a pipeline loaded, in
    which requests wait.
    """
    gc.collect()
    gc.freeze()


def _load(name: str, settings: ServiceSettings) -> Predictor:
    return Predictor(load_pipeline(name), batch_size=settings.max_batch)


@contextmanager
def _refusing_on_signals(service: Service) -> Iterator[None]:
    """Refuse new requests as soon as the process is told to end.

    The server goes on to answer what comes over open connections until all requests
    are answered.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def refuse(number: int, frame: Any) -> None:
        service.refuse()
        handler = before[signal.Signals(number)]
        if callable(handler):
            handler(number, frame)

    for number in _SIGNALS:
        signal.signal(number, refuse)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


async def _answer_error(request: Request, error: Any) -> Response:
    return _problem(error.status_code, str(error.detail), error.headers)


async def _answer_invalid(request: Request, error: Any) -> Response:
    first = error.errors()[0]
    where = ".".join(str(part) for part in first["loc"] if part != "body")
    place = f" {where}" if where else " one"
    return _problem(
        422, f"Expected a request as in /docs, got{place} with a fault: {first['msg']}."
    )


def _problem(
    code: int, text: str, headers: Optional[Dict[str, str]] = None
) -> Response:
    body = srsly.json_dumps({"error": text})
    return Response(
        body, status_code=code, headers=headers, media_type="application/json"
    )
