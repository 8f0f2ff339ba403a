"""Micro-batches: texts of several requests are predicted together."""

import asyncio
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Deque, List, Optional, Sequence, Tuple, Union

from ..errors import DistillError
from ..prediction.predictor import PredictionError, Predictor, Result
from .log import logger
from .metrics import PipelineMetrics

_UNKNOWN = float("inf")


class QueueFullError(DistillError):
    """More texts than may wait."""


class StoppingError(DistillError):
    """A service that ends, and takes nothing new."""


@dataclass
class _Job:
    """The texts of a request.

    Attributes:
        texts: The texts.
        future: What the request waits for.
        since: When it was added, in seconds.
        results: A result for each text that is done.
        left: Number of texts that are not done.
    """

    texts: Sequence[str]
    future: "asyncio.Future[List[Union[Result, PredictionError]]]"
    since: float
    results: List[Optional[Union[Result, PredictionError]]] = field(init=False)
    left: int = field(init=False)

    def __post_init__(self) -> None:
        self.results = [None] * len(self.texts)
        self.left = len(self.texts)

    def put(self, index: int, result: Union[Result, PredictionError]) -> None:
        """Store a result; the last one ends the waiting."""
        self.results[index] = result
        self.left -= 1
        if not self.left and not self.future.done():
            self.future.set_result(self.results)  # type: ignore[arg-type]


class Batcher:
    """Collects texts of all requests and predicts them, batch by batch.

    A thread predicts, so that the event loop is not blocked; while a batch is
    predicted, the next one fills. A batch that is short enough is predicted in the
    event loop: the change of threads would take as long.

    Args:
        predictor: Predicts a batch.
        max_batch: Most texts in a batch.
        max_wait: Seconds that a batch waits for more texts.
        max_queue: Most texts that wait.
        max_blocking: Seconds for which a batch may block the event loop; 0 to predict
            all of them in the thread.
        metrics: Is told of batches and of the queue.
    """

    def __init__(
        self,
        predictor: Predictor,
        *,
        max_batch: int,
        max_wait: float,
        max_queue: int,
        max_blocking: float,
        metrics: PipelineMetrics,
    ) -> None:
        self._predictor = predictor
        self._max_batch = max_batch
        self._max_wait = max_wait
        self._max_queue = max_queue
        self._max_blocking = max_blocking
        self._metrics = metrics
        self._queue: Deque[Tuple[_Job, int]] = deque()
        self._changed = asyncio.Event()
        self._stopping = False
        # Seconds for a character.
        self._pace = _UNKNOWN
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="predict")
        self._task: Optional[asyncio.Task[None]] = None

    @property
    def is_stopping(self) -> bool:
        """Whether nothing new is taken."""
        return self._stopping

    def start(self) -> None:
        """Start to predict. Call it from a running event loop."""
        self._task = asyncio.get_running_loop().create_task(self._run())

    def refuse(self) -> None:
        """Take nothing new from now on."""
        self._stopping = True

    async def stop(self) -> None:
        """Predict what was taken, and end."""
        self._stopping = True
        self._changed.set()
        if self._task is not None:
            await self._task
        self._thread.shutdown()
        self._predictor.close()

    async def predict(
        self, texts: Sequence[str]
    ) -> List[Union[Result, PredictionError]]:
        """Predict the texts of a request, together with those of others.

        Args:
            texts: Texts that were checked.

        Returns:
            A result for each, or the error that the pipeline failed with.

        Raises:
            StoppingError: If the service ends.
            QueueFullError: If too many texts are waiting.
        """
        if self._stopping:
            raise StoppingError("The service is ending: ask another one.")
        if not texts:
            return []
        # A request alone is never too large: max_chars limits it.
        if self._queue and len(self._queue) + len(texts) > self._max_queue:
            raise QueueFullError(
                f"Expected at most {self._max_queue:,} texts to be waiting, got"
                f" {len(self._queue) + len(texts):,}: try again later."
            )
        future: asyncio.Future[List[Union[Result, PredictionError]]] = (
            asyncio.get_running_loop().create_future()
        )
        job = _Job(texts, future, time.perf_counter())
        self._queue.extend((job, index) for index in range(len(texts)))
        self._metrics.queue_depth.set(len(self._queue))
        self._changed.set()
        return await future

    async def _run(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            if not self._queue:
                if self._stopping:
                    return
                self._changed.clear()
                await self._changed.wait()
                continue
            if self._max_wait and len(self._queue) < self._max_batch:
                await self._wait_for_more(self._queue[0][0].since + self._max_wait)
            batch = self._take()
            if not batch:
                continue
            start = time.perf_counter()
            for job in {id(job): job for job, _ in batch}.values():
                self._metrics.queue_seconds.observe(start - job.since)
            texts = [job.texts[index] for job, index in batch]
            characters = sum(map(len, texts)) + 1
            try:
                if characters * self._pace < self._max_blocking:
                    results = self._predictor.predict(texts)
                    # Requests that came meanwhile are read now.
                    await asyncio.sleep(0)
                else:
                    results = await loop.run_in_executor(
                        self._thread, self._predictor.predict, texts
                    )
            except Exception:
                # The requests end, and the service goes on.
                logger.exception("A batch failed")
                results = [PredictionError("The batch failed.") for _ in texts]
            seconds = time.perf_counter() - start
            self._metrics.count(results, seconds=seconds)
            self._pace = _next_pace(self._pace, seconds / characters)
            for (job, index), result in zip(batch, results):
                job.put(index, result)

    async def _wait_for_more(self, until: float) -> None:
        """Wait until a batch is full, or until a time, or until the service ends."""
        while len(self._queue) < self._max_batch and not self._stopping:
            left = until - time.perf_counter()
            if left <= 0:
                return
            self._changed.clear()
            try:
                await asyncio.wait_for(self._changed.wait(), left)
            except asyncio.TimeoutError:
                return

    def _take(self) -> List[Tuple[_Job, int]]:
        """Remove the texts of a batch from the queue, without those nobody awaits."""
        batch: List[Tuple[_Job, int]] = []
        while self._queue and len(batch) < self._max_batch:
            job, index = self._queue.popleft()
            if not job.future.done():
                batch.append((job, index))
        self._metrics.queue_depth.set(len(self._queue))
        return batch


def _next_pace(pace: float, last: float) -> float:
    """Return what is expected of the next batch: a slow one counts at once, fast ones
    little by little."""
    if pace == _UNKNOWN or last > pace:
        return last
    return pace + (last - pace) / 8
