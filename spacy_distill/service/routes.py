"""The routes of the service, for programs."""

import hmac
import time
from typing import AbstractSet, Any, Dict, List, Optional

import srsly
from fastapi import Depends, FastAPI
from fastapi.responses import Response
from fastapi.security import APIKeyHeader
from spacy import __version__ as spacy_version
from starlette.exceptions import HTTPException

from .. import __version__
from ..prediction.predictor import Predictor, Result
from .metrics import Metrics
from .schemas import (
    Info,
    Parameters,
    Predictions,
    PredictRequest,
    ProcessRequest,
    ProcessResponse,
    problems,
)
from .served import ServedPipeline, check_teacher
from .settings import ServiceSettings

_JSON = "application/json"
_NO_PARAMETERS = Parameters()
# Seconds for which a batch of the student may block the event loop. The teacher's never
# do: requests to the student do not wait for it.
_MAX_BLOCKING = 0.005


class Service:
    """A pipeline, its teacher if there is one, and the routes to them.

    Args:
        settings: Settings of the service.
        student: The pipeline.
        teacher: Its teacher; None for none.

    Attributes:
        metrics: Figures of all requests.
        info: What GET /info answers.

    Raises:
        DistillError: If one of them cannot be served, or if the teacher does not
            predict what the student does.
    """

    def __init__(
        self,
        settings: ServiceSettings,
        student: Predictor,
        teacher: Optional[Predictor],
    ) -> None:
        self.metrics = Metrics()
        self._student = ServedPipeline(
            student,
            settings,
            self.metrics.of_student(),
            max_blocking=_MAX_BLOCKING,
        )
        self._teacher: Optional[ServedPipeline] = None
        if teacher is not None:
            self._teacher = ServedPipeline(
                teacher, settings, self.metrics.of_teacher(), max_blocking=0.0
            )
            check_teacher(self._teacher.info, self._student.info)
        self.info = Info(
            **self._student.info.model_dump(),
            teacher=None if self._teacher is None else self._teacher.info,
            spacy_version=spacy_version,
            spacy_distill_version=__version__,
            max_chars=settings.max_chars,
            max_queue=settings.max_queue,
        )
        self._keys = settings.api_keys()

    def start(self) -> None:
        """Start to predict, in the event loop that runs."""
        for served in self._served():
            served.start()

    def refuse(self) -> None:
        """Take nothing new from now on."""
        for served in self._served():
            served.refuse()

    async def stop(self) -> None:
        """Predict what was taken, and end."""
        self.refuse()
        for served in self._served():
            await served.stop()

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
            asked = self._choose(parameters)
            task = asked.choose_task(parameters)
            start = time.perf_counter()
            results = await asked.predict(texts)  # type: ignore[arg-type]
            milliseconds = 1000 * (time.perf_counter() - start)
            found = [_shape(result, task, parameters) for result in results]
            # Shown by the demo page, and by the developer tools of browsers.
            timing = {"Server-Timing": f"predict;dur={milliseconds:.2f}"}
            return _json(found[0] if is_single else found, timing)

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
            results = await self._student.predict(texts)
            return _json({"result": [_article(*pair) for pair in zip(texts, results)]})

        @app.get("/info", dependencies=secured, responses=problems(401), tags=["about"])
        async def info() -> Info:
            """Describe the pipeline, and its teacher if that is served too."""
            return self.info

        @app.get("/health/live", tags=["about"])
        async def live() -> Dict[str, str]:
            """Tell whether the process runs."""
            return {"status": "live"}

        @app.get("/health/ready", responses=problems(503), tags=["about"])
        async def ready() -> Dict[str, str]:
            """Tell whether requests are taken."""
            if self._student.is_stopping:
                raise HTTPException(503, "The service is ending.")
            return {"status": "ready"}

        @app.get("/metrics", tags=["about"], response_class=Response)
        async def metrics() -> Response:
            """Return figures in the text format of Prometheus."""
            # Files of other worker processes are read, which takes milliseconds.
            return Response(
                self.metrics.render(), media_type="text/plain; version=0.0.4"
            )

    def _served(self) -> List[ServedPipeline]:
        return [self._student] + ([] if self._teacher is None else [self._teacher])

    def _choose(self, parameters: Parameters) -> ServedPipeline:
        if parameters.model == "student":
            return self._student
        if self._teacher is None:
            raise HTTPException(
                422,
                "Expected parameters.model to be student, as no teacher is served, got"
                " teacher: leave it out, or start the service with --teacher.",
            )
        return self._teacher


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


def _json(data: Any, headers: Optional[Dict[str, str]] = None) -> Response:
    # Models of the answers are for the schema: checking each would take longer than the
    # predictions.
    return Response(srsly.json_dumps(data), headers=headers, media_type=_JSON)
