"""What the service tells Prometheus."""

import collections
import os
from typing import Dict, Sequence, Tuple, Union

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    generate_latest,
)
from prometheus_client.multiprocess import MultiProcessCollector

from ..prediction.predictor import PredictionError, Result

# Set by `run_server` where there are several worker processes.
MULTIPROCESS = "PROMETHEUS_MULTIPROC_DIR"
_PREFIX = "spacy_distill_"
_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)
_SIZES = (1, 2, 4, 8, 16, 32, 64, 128, 256, 512)


class PipelineMetrics:
    """Figures of a pipeline and of its queue.

    Args:
        registry: Where they are registered.
        prefix: Start of their names.
    """

    def __init__(self, registry: CollectorRegistry, prefix: str) -> None:
        self.queue_seconds = Histogram(
            f"{prefix}queue_seconds",
            "Time that a request waits for its batch.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.inference_seconds = Histogram(
            f"{prefix}inference_seconds",
            "Time of the pipeline for a batch.",
            buckets=_SECONDS,
            registry=registry,
        )
        self.batch_size = Histogram(
            f"{prefix}batch_size",
            "Texts in a batch.",
            buckets=_SIZES,
            registry=registry,
        )
        self.queue_depth = Gauge(
            f"{prefix}queue_depth",
            "Texts that wait.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.documents = Counter(
            f"{prefix}documents", "Texts that were read.", registry=registry
        )
        self.words = Counter(
            f"{prefix}words", "Words that were read.", registry=registry
        )
        self.entities = Counter(
            f"{prefix}entities", "Entities by label.", ["label"], registry=registry
        )
        self.failures = Counter(
            f"{prefix}failures",
            "Texts that the pipeline failed on.",
            registry=registry,
        )
        self._model = Gauge(
            f"{prefix}model_info",
            "The pipeline that is served.",
            ["name", "version"],
            registry=registry,
            multiprocess_mode="livemax",
        )

    def set_model(self, name: str, version: str) -> None:
        """State which pipeline it is."""
        self._model.labels(name, version).set(1)

    def count(
        self, results: Sequence[Union[Result, PredictionError]], *, seconds: float
    ) -> None:
        """Count a batch.

        Args:
            results: Its results.
            seconds: How long it took.
        """
        self.batch_size.observe(len(results))
        self.inference_seconds.observe(seconds)
        read = [result for result in results if isinstance(result, Result)]
        self.documents.inc(len(read))
        self.failures.inc(len(results) - len(read))
        self.words.inc(sum(result.words for result in read))
        labels = collections.Counter(e.label for r in read for e in r.entities)
        for label, number in labels.items():
            self.entities.labels(label).inc(number)


class Metrics:
    """Counters, gauges and histograms of a service, in a registry of their own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._children: Dict[Tuple[str, int], Tuple[Counter, Histogram]] = {}
        registry = self._registry
        self.requests = Counter(
            f"{_PREFIX}requests",
            "Requests by route and status code.",
            ["route", "code"],
            registry=registry,
        )
        self.in_flight = Gauge(
            f"{_PREFIX}requests_in_flight",
            "Requests that have no response yet.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.request_seconds = Histogram(
            f"{_PREFIX}request_seconds",
            "Time from request to response, by route.",
            ["route"],
            buckets=_SECONDS,
            registry=registry,
        )

    def of_student(self) -> PipelineMetrics:
        """Return the figures of the pipeline. Call it once."""
        return PipelineMetrics(self._registry, _PREFIX)

    def of_teacher(self) -> PipelineMetrics:
        """Return the figures of its teacher. Call it once."""
        return PipelineMetrics(self._registry, f"{_PREFIX}teacher_")

    def observe_request(self, route: str, code: int, seconds: float) -> None:
        """Count a request that was answered.

        Args:
            route: Its route.
            code: Status code of the answer.
            seconds: How long it took.
        """
        children = self._children.get((route, code))
        if children is None:
            # Finding a child takes longer than to count.
            children = (
                self.requests.labels(route, str(code)),
                self.request_seconds.labels(route),
            )
            self._children[route, code] = children
        children[0].inc()
        children[1].observe(seconds)

    def render(self) -> bytes:
        """Return all figures in Prometheus' text format, of all worker processes."""
        if MULTIPROCESS in os.environ:
            registry = CollectorRegistry()
            MultiProcessCollector(registry)
            return generate_latest(registry)
        return generate_latest(self._registry)
