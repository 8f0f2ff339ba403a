"""The HTTP application: routes, and what is answered when something is wrong."""

import gc
import hmac
import signal
import threading
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import (
    AbstractSet,
    Any,
    AsyncIterator,
    Dict,
    Iterator,
    List,
    Optional,
    Sequence,
)

import srsly
from fastapi import Depends, FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import Response
from fastapi.security import APIKeyHeader
from spacy import __version__ as spacy_version
from spacy.util import import_file
from starlette.exceptions import HTTPException

from .. import __version__
from ..docs import load_pipeline
from ..errors import DistillError
from ..files import sha256_path
from ..prediction.predictor import PredictionError, Predictor, Result
from .batching import Batcher, QueueFullError, StoppingError
from .metrics import Metrics
from .middleware import Observer, log_to_stderr
from .schemas import (
    Info,
    Parameters,
    Predictions,
    PredictRequest,
    ProcessRequest,
    ProcessResponse,
    problems,
)
from .settings import ServiceSettings

# Of a JSON string: a character may be written as two of \uXXXX.
_BYTES_OF_CHARACTER = 12
_MORE_BYTES = 65_536
_RETRY_AFTER = {"Retry-After": "1"}
_JSON = "application/json"
_NO_PARAMETERS = Parameters()
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def create_app(
    settings: ServiceSettings, predictor: Optional[Predictor] = None
) -> FastAPI:
    """Create the application.

    Args:
        settings: Its settings.
        predictor: The pipeline; loaded from the settings if None.

    Returns:
        An ASGI application.

    Raises:
        DistillError: If a setting is out of range, or if the pipeline cannot be loaded
            or predicts neither entities nor categories.
    """
    settings.check()
    if predictor is None:
        nlp = load_pipeline(settings.model)
        predictor = Predictor(nlp, batch_size=settings.max_batch)
    service = _Service(settings, predictor)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        batcher = service.start()
        with _refusing_on_signals(batcher):
            yield
        await batcher.stop()

    meta = predictor.nlp.meta
    app = FastAPI(
        title=f"{meta['lang']}_{meta['name']}",
        version=str(meta["version"]),
        summary="Named entities and categories, by spacy-distill.",
        lifespan=lifespan,
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
    return app


def create_app_from_environment() -> FastAPI:
    """Create the application of a worker process."""
    settings = ServiceSettings.from_environment()
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


@contextmanager
def _refusing_on_signals(batcher: Batcher) -> Iterator[None]:
    """Refuse new requests as soon as the process is told to end.

    The server goes on to answer what comes over open connections until all requests
    are answered.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in _SIGNALS}

    def refuse(number: int, frame: Any) -> None:
        batcher.refuse()
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


class _Service:
    """The routes, and what they share."""

    def __init__(self, settings: ServiceSettings, predictor: Predictor) -> None:
        self.settings = settings
        self.predictor = predictor
        self.metrics = Metrics()
        self.info = _describe(predictor, settings)
        self.metrics.set_model(self.info.name, self.info.version)
        self._keys = settings.api_keys()
        self.batcher: Batcher

    def start(self) -> Batcher:
        """Start to predict, in the event loop that runs."""
        self.batcher = Batcher(
            self.predictor,
            max_batch=self.settings.max_batch,
            max_wait=self.settings.max_wait_ms / 1000,
            max_queue=self.settings.max_queue,
            metrics=self.metrics,
        )
        self.batcher.start()
        return self.batcher

    def add_routes(self, app: FastAPI) -> None:
        """Add all routes to an application."""
        header = APIKeyHeader(name="X-API-Key", auto_error=False)

        async def check_key(key: Optional[str] = Depends(header)) -> None:
            if not _is_known(key, self._keys):
                raise HTTPException(
                    401,
                    "Expected a known API key in the header X-API-Key, got"
                    f" {'another' if key else 'none'}.",
                    {"WWW-Authenticate": "ApiKey"},
                )

        # A dependency takes a tenth of the time of a short request.
        secured = [Depends(check_key)] if self._keys else []
        refusals = problems(401, 413, 422, 429, 500, 503)

        @app.post(
            "/predict",
            response_model=Predictions,
            responses=refusals,
            dependencies=secured,
            tags=["predictions"],
        )
        async def predict(request: PredictRequest) -> Response:
            """Predict entities or categories, in the shape of Hugging Face."""
            is_single = isinstance(request.inputs, str)
            texts = [request.inputs] if is_single else request.inputs
            parameters = request.parameters or _NO_PARAMETERS
            task = self._task(parameters)
            results = await self._predict(texts)  # type: ignore[arg-type]
            found = [_shape(result, task, parameters) for result in results]
            return _json(found[0] if is_single else found)

        @app.post(
            "/process",
            response_model=ProcessResponse,
            responses=refusals,
            dependencies=secured,
            tags=["predictions"],
        )
        async def process(request: ProcessRequest) -> Response:
            """Predict entities and categories, in the shape of spaCy's example."""
            texts = [article.text for article in request.articles]
            results = await self._predict(texts)
            return _json({"result": [_article(*pair) for pair in zip(texts, results)]})

        @app.get("/info", dependencies=secured, responses=problems(401), tags=["about"])
        async def info() -> Info:
            """Describe the pipeline."""
            return self.info

        @app.get("/health/live", tags=["about"])
        async def live() -> Dict[str, str]:
            """Tell whether the process runs."""
            return {"status": "live"}

        @app.get("/health/ready", responses=problems(503), tags=["about"])
        async def ready() -> Dict[str, str]:
            """Tell whether requests are taken."""
            if self.batcher.is_stopping:
                raise HTTPException(503, "The service is ending.")
            return {"status": "ready"}

        @app.get("/metrics", tags=["about"], response_class=Response)
        async def metrics() -> Response:
            """Return figures in the text format of Prometheus."""
            # Files of other worker processes are read, which takes milliseconds.
            return Response(
                self.metrics.render(), media_type="text/plain; version=0.0.4"
            )

    def _task(self, parameters: Parameters) -> str:
        """Return what is asked for: "ner" or "textcat"."""
        has = {
            "ner": self.predictor.has_entities,
            "textcat": self.predictor.has_categories,
        }
        usual = "ner" if has["ner"] else "textcat"
        task = parameters.task or usual
        if not has[task]:
            raise HTTPException(
                422,
                f"Expected parameters.task to be {usual}, which the pipeline predicts,"
                f" got {task}: leave it out.",
            )
        return task

    async def _predict(self, texts: Sequence[str]) -> List[Result]:
        total = sum(map(len, texts))
        if total > self.settings.max_chars:
            raise HTTPException(
                413,
                f"Expected at most {self.settings.max_chars:,} characters in a request,"
                f" got {total:,}: send several.",
            )
        for text in texts:
            try:
                self.predictor.check(text)
            except DistillError as error:
                raise HTTPException(422, str(error)) from error
        try:
            results = await self.batcher.predict(texts)
        except QueueFullError as error:
            raise HTTPException(429, str(error), _RETRY_AFTER) from error
        except StoppingError as error:
            raise HTTPException(503, str(error), _RETRY_AFTER) from error
        found = []
        for number, result in enumerate(results, 1):
            if isinstance(result, PredictionError):
                raise HTTPException(500, f"The pipeline failed on text {number}.")
            found.append(result)
        return found


def _is_known(key: Optional[str], keys: AbstractSet[str]) -> bool:
    given = (key or "").encode("utf-8")
    # All are compared, so that the time tells nothing.
    return any([hmac.compare_digest(given, known.encode("utf-8")) for known in keys])


def _shape(result: Result, task: str, parameters: Parameters) -> List[Dict[str, Any]]:
    """Return entities or categories of a text in the shape of Hugging Face."""
    least = parameters.threshold
    if task == "textcat":
        found = sorted(result.categories.items(), key=lambda item: -item[1])
        kept = [(label, score) for label, score in found if score >= least]
        return [{"label": x, "score": y} for x, y in kept[: parameters.top_k]]
    return [
        {
            "entity_group": entity.label,
            "score": entity.score,
            "word": entity.text,
            "start": entity.start,
            "end": entity.end,
        }
        for entity in result.entities
        if entity.score is None or entity.score >= least
    ]


def _article(text: str, result: Result) -> Dict[str, Any]:
    ents = [
        {"text": e.text, "label": e.label, "start": e.start, "end": e.end}
        for e in result.entities
    ]
    return {"text": text, "ents": ents, "cats": result.categories}


def _json(data: Any) -> Response:
    # Models of the answers are for the schema: checking each would take longer than the
    # predictions.
    return Response(srsly.json_dumps(data), media_type=_JSON)


def _describe(predictor: Predictor, settings: ServiceSettings) -> Info:
    nlp = predictor.nlp
    if not (predictor.has_entities or predictor.has_categories):
        raise DistillError(
            "Expected a pipeline that predicts entities or categories, got"
            f" {', '.join(nlp.pipe_names) or 'no components'}: serve another."
        )
    path = nlp.path
    return Info(
        name=f"{nlp.meta['lang']}_{nlp.meta['name']}",
        version=str(nlp.meta["version"]),
        lang=str(nlp.lang),
        tasks=[
            *(["ner"] if predictor.has_entities else []),
            *(["textcat"] if predictor.has_categories else []),
        ],
        labels=predictor.labels,
        checksum=sha256_path(Path(path)) if path is not None else "",
        spacy_version=spacy_version,
        spacy_distill_version=__version__,
        max_chars=settings.max_chars,
        max_queue=settings.max_queue,
    )


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
    return Response(body, status_code=code, headers=headers, media_type=_JSON)
