"""Base class for teachers that predict with components that find spans."""

from abc import abstractmethod
from typing import Iterable, Iterator, List, NamedTuple, Optional, Sequence

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span

from ...errors import DistillError
from ...tasks.ner.task import NERTask
from ..base import Prediction
from ..probabilities import favor, keep_spans, log_probabilities, span_columns
from .component import ComponentTeacher


class SpanPrediction(NamedTuple):
    """A component's prediction for one Doc.

    Attributes:
        probabilities: Tag probabilities, float64 [n_tokens, n_tags]; rows sum to 1.
        spans: Predicted spans. They may overlap and have any label.
        scores: Score of each span.
    """

    probabilities: np.ndarray
    spans: Sequence[Span]
    scores: Sequence[float]


class SpanPredictingTeacher(ComponentTeacher):
    """Base class for span-predicting teachers. Decoding their logits reproduces spans.

    The best tag of each token is that of the predicted span. Of overlapping spans, the
    one with the highest score is kept; ties are broken by length (longest first), then
    by position (first first).

    A subclass implements `_predict_spans`, and calls `_set_labels` in its `__init__`.

    Args:
        nlp: The pipeline.
        component: Name of the component that predicts.
        name: Name for display; by default the pipeline's own.

    Raises:
        DistillError: If there is no such component, or if it listens to a component
            that does not run before it.
    """

    def __init__(
        self, nlp: Language, component: str, *, name: Optional[str] = None
    ) -> None:
        super().__init__(nlp, component, name=name)
        self._task = NERTask(())

    @property
    def task(self) -> NERTask:
        """NER with the labels of the component, and of upstream ones it keeps."""
        return self._task

    @property
    def whole_documents(self) -> bool:
        """True, since spans that cross the edge of a window would be lost."""
        return True

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs.

        Args:
            docs: Docs to predict. They are copied and not modified.

        Returns:
            Log-probabilities, float32 [n_tokens, n_tags]. Tokens without word pieces of
            the upstream transformer are unaligned. Spans that overlap others, and those
            with labels that are not the task's, are dropped.

        Raises:
            DistillError: If a component changes the tokens.
        """
        upstream = self._run_upstream(docs)
        found = self._predict_spans([doc for doc in upstream.docs if len(doc)])
        return [
            self._convert(doc, next(found) if len(doc) else None, unaligned)
            for doc, unaligned in zip(*upstream)
        ]

    def _convert(
        self,
        doc: Doc,
        found: Optional[SpanPrediction],
        unaligned: Optional[np.ndarray],
    ) -> Prediction:
        if found is None:
            empty = np.zeros((0, len(self._task.columns)))
            return Prediction(log_probabilities(empty))
        kept, dropped = keep_spans(found.spans, found.scores, self._task.labels)
        columns = span_columns(len(doc), kept, self._task.columns)
        return Prediction(
            logits=log_probabilities(favor(found.probabilities, columns)),
            unaligned=unaligned,
            dropped=tuple(dropped),
        )

    def _set_labels(self, labels: Iterable[str]) -> None:
        """Set the task's labels, in order and without duplicates.

        Raises:
            DistillError: If there are none.
        """
        self._task = NERTask(tuple(dict.fromkeys(labels)))
        if not self._task.labels:
            raise DistillError(
                f"Expected a teacher with labels, but its component {self._component!r}"
                " has no labels: train it, or give it patterns."
            )

    @abstractmethod
    def _predict_spans(self, docs: List[Doc]) -> Iterator[SpanPrediction]:
        """Run the component and yield its prediction for each Doc.

        Args:
            docs: Docs after the upstream components, with at least one token each. The
                list may be empty.
        """
