"""A pipeline that is served: what it is, what it takes, and its batches."""

from pathlib import Path
from typing import List, Sequence

from starlette.exceptions import HTTPException

from ..errors import DistillError
from ..files import sha256_path
from ..prediction.predictor import PredictionError, Predictor, Result
from .batching import Batcher, QueueFullError, StoppingError
from .metrics import PipelineMetrics
from .schemas import Parameters, PipelineInfo
from .settings import ServiceSettings

_RETRY_AFTER = {"Retry-After": "1"}


class ServedPipeline:
    """A pipeline with a queue of its own.

    Args:
        predictor: The pipeline.
        settings: Settings of the service.
        metrics: Is told of batches and of the queue.
        max_blocking: Seconds for which a batch may block the event loop.

    Attributes:
        info: Description of the pipeline.

    Raises:
        DistillError: If it predicts neither entities nor categories.
    """

    def __init__(
        self,
        predictor: Predictor,
        settings: ServiceSettings,
        metrics: PipelineMetrics,
        *,
        max_blocking: float,
    ) -> None:
        self.info = _describe(predictor)
        self._predictor = predictor
        self._settings = settings
        self._metrics = metrics
        self._max_blocking = max_blocking
        self._batcher: Batcher
        metrics.set_model(self.info.name, self.info.version)

    @property
    def is_stopping(self) -> bool:
        """Whether nothing new is taken."""
        return self._batcher.is_stopping

    def start(self) -> None:
        """Start to predict, in the event loop that runs."""
        # A pipeline builds on its first text what it keeps: the first request, and how
        # long batches are expected to take, should not have that time.
        self._predictor.predict(["."])
        self._batcher = Batcher(
            self._predictor,
            max_batch=self._settings.max_batch,
            max_wait=self._settings.max_wait_ms / 1000,
            max_queue=self._settings.max_queue,
            max_blocking=self._max_blocking,
            metrics=self._metrics,
        )
        self._batcher.start()

    def refuse(self) -> None:
        """Take nothing new from now on."""
        self._batcher.refuse()

    async def stop(self) -> None:
        """Predict what was taken, and end."""
        await self._batcher.stop()

    def choose_task(self, parameters: Parameters) -> str:
        """Return what is asked for: "ner" or "textcat".

        Args:
            parameters: Parameters of a request.

        Raises:
            HTTPException: If the pipeline does not predict it.
        """
        usual = self.info.tasks[0]
        task = parameters.task or usual
        if task not in self.info.tasks:
            raise HTTPException(
                422,
                f"Expected parameters.task to be {usual}, which the pipeline predicts,"
                f" got {task}: leave it out.",
            )
        return task

    async def predict(self, texts: Sequence[str]) -> List[Result]:
        """Predict the texts of a request.

        Args:
            texts: The texts.

        Returns:
            A result for each.

        Raises:
            HTTPException: If a text cannot be taken, or if the pipeline fails on one.
        """
        total = sum(map(len, texts))
        if total > self._settings.max_chars:
            raise HTTPException(
                413,
                f"Expected at most {self._settings.max_chars:,} characters in a"
                f" request, got {total:,}: send several.",
            )
        for text in texts:
            try:
                self._predictor.check(text)
            except DistillError as error:
                raise HTTPException(422, str(error)) from error
        try:
            results = await self._batcher.predict(texts)
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


def check_teacher(teacher: PipelineInfo, student: PipelineInfo) -> None:
    """Check that a teacher can be shown beside a student.

    Args:
        teacher: Description of the teacher.
        student: Description of the student.

    Raises:
        DistillError: If it does not predict what the student predicts.
    """
    if not set(student.tasks) <= set(teacher.tasks):
        raise DistillError(
            f"Expected a teacher that predicts {_name_tasks(student)}, as the student"
            f" does, got {teacher.name} with {_name_tasks(teacher)}: give another"
            " --teacher, or none."
        )


def _name_tasks(info: PipelineInfo) -> str:
    names = {"ner": "entities", "textcat": "categories"}
    return " and ".join(names[task] for task in info.tasks)


def _describe(predictor: Predictor) -> PipelineInfo:
    nlp = predictor.nlp
    if not (predictor.has_entities or predictor.has_categories):
        raise DistillError(
            "Expected a pipeline that predicts entities or categories, got"
            f" {', '.join(nlp.pipe_names) or 'no components'}: serve another."
        )
    path = nlp.path
    return PipelineInfo(
        name=f"{nlp.meta['lang']}_{nlp.meta['name']}",
        version=str(nlp.meta["version"]),
        lang=str(nlp.lang),
        tasks=[
            *(["ner"] if predictor.has_entities else []),
            *(["textcat"] if predictor.has_categories else []),
        ],
        labels=predictor.labels,
        checksum=sha256_path(Path(path)) if path is not None else "",
    )
