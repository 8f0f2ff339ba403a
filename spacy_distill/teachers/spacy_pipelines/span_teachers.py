"""Teachers that predict with a `spancat` or with rules."""

from typing import Any, Iterator, List, Optional

import numpy as np
from spacy.language import Language
from spacy.pipeline import EntityRuler, SpanCategorizer, SpanRuler
from spacy.tokens import Doc

from ...errors import DistillError
from ...tasks.ner.decoding import ScoredSpan
from ..probabilities import FLOOR, keep_spans, tag_probabilities
from .component import run_pipe
from .span_predicting import SpanPredictingTeacher, SpanPrediction

_CERTAINTY = 0.9


class RulerTeacher(SpanPredictingTeacher):
    """A teacher that predicts with an `entity_ruler` or `span_ruler`.

    Predicted spans are `doc.ents` for an `entity_ruler` and for a `span_ruler` with
    `annotate_ents`, including entities set by upstream components, and else the
    ruler's `doc.spans`. All have the same probability.

    Args:
        nlp: The pipeline.
        component: Name of the ruler.
        name: Name for display; by default the pipeline's own.
        certainty: Probability of a span, above 0.5 and at most 1; by default 0.9. `O`
            has the rest, and the probability 1 outside of spans.

    Raises:
        DistillError: If there is no such ruler, if it has no patterns, if it does not
            store its spans, or if `certainty` is out of range.
    """

    def __init__(
        self,
        nlp: Language,
        component: str,
        *,
        name: Optional[str] = None,
        certainty: Optional[float] = None,
    ) -> None:
        super().__init__(nlp, component, name=name)
        self._check_type((EntityRuler, SpanRuler), "an entity_ruler or a span_ruler")
        pipe = self._component_pipe
        self._certainty = _CERTAINTY if certainty is None else certainty
        if not 0.5 < self._certainty <= 1.0:
            raise DistillError(
                "Expected a certainty above 0.5 and at most 1, got"
                f" {self._certainty}: change [teacher]."
            )
        self._pipe: Any = pipe
        # Key of the ruler's spans in doc.spans; None for doc.ents.
        self._key: Optional[str] = None
        if isinstance(pipe, SpanRuler) and not pipe.annotate_ents:
            self._key = pipe.key
            if self._key is None:
                raise DistillError(
                    f"Expected a ruler that stores its spans, but {component!r} has no"
                    " spans_key and no annotate_ents: set one."
                )
        labels = list(pipe.labels)
        self._set_labels(labels and labels + self._upstream_labels(self._key))

    def _options(self) -> List[str]:
        return [f"certainty={self._certainty!r}"]

    def _predict_spans(self, docs: List[Doc]) -> Iterator[SpanPrediction]:
        for doc in run_pipe(self._component, self._pipe, docs):
            spans = list(doc.ents if self._key is None else doc.spans[self._key])
            scores = [self._certainty] * len(spans)
            kept, _ = keep_spans(spans, scores, self._task.labels)
            probabilities = tag_probabilities(len(doc), kept, self._task.columns)
            yield SpanPrediction(probabilities, spans, scores)


class SpanCatTeacher(SpanPredictingTeacher):
    """A teacher that predicts with a `spancat` or `spancat_singlelabel`.

    Predicted spans are those that the component stores in `doc.spans`. Probabilities
    are those of all suggested spans, including the rejected ones.

    Scores are used as probabilities. The scores of a `spancat` with a threshold other
    than 0.5 are shifted in log-odds, so that the threshold has a probability of 0.5.

    Args:
        nlp: The pipeline.
        component: Name of the spancat.
        name: Name for display; by default the pipeline's own.

    Raises:
        DistillError: If there is no such spancat, if it has no labels, or if it listens
            to a component that does not run before it.
    """

    def __init__(
        self, nlp: Language, component: str, *, name: Optional[str] = None
    ) -> None:
        super().__init__(nlp, component, name=name)
        self._check_type(SpanCategorizer, "a spancat")
        self._pipe: Any = self._component_pipe
        self._set_labels(self._pipe.labels)

    def _predict_spans(self, docs: List[Doc]) -> Iterator[SpanPrediction]:
        if not docs:
            return
        to_numpy = self._pipe.model.ops.to_numpy
        suggested, scores = self._pipe.predict(docs)
        # Copied before `set_annotations`, which works on the same array.
        probabilities = self._to_probabilities(to_numpy(scores))
        self._pipe.set_annotations(docs, (suggested, scores))
        bounds = np.cumsum([0, *to_numpy(suggested.lengths)])
        for doc, first, end in zip(docs, bounds, bounds[1:]):
            offsets = to_numpy(suggested.dataXd[first:end])
            doc_probabilities = probabilities[first:end]
            spans = []
            for row, column in np.argwhere(doc_probabilities > FLOOR):
                start, stop = offsets[row].tolist()
                score = float(doc_probabilities[row, column])
                spans.append(ScoredSpan(start, stop, self._task.labels[column], score))
            group = doc.spans[self._pipe.key]
            group_scores = np.ravel(group.attrs.get("scores", ()))
            rows = tag_probabilities(len(doc), spans, self._task.columns)
            yield SpanPrediction(rows, list(group), group_scores.tolist())

    def _to_probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Return the labels' probabilities of suggested spans, [n_spans, n_labels]."""
        out = scores[:, : len(self._task.labels)].astype(np.float64)
        threshold = self._pipe.cfg["threshold"]
        # With a negative label, the scores are a softmax and there is no threshold.
        if threshold is None or self._pipe.add_negative_label:
            return out
        odds = _log_odds(out) - _log_odds(np.array(threshold))
        shifted: np.ndarray = 1.0 / (1.0 + np.exp(-odds))
        return shifted


def _log_odds(probabilities: np.ndarray) -> np.ndarray:
    # A threshold may be 0 or 1.
    kept = np.clip(probabilities, 1e-9, 1.0 - 1e-9)
    out: np.ndarray = np.log(kept) - np.log1p(-kept)
    return out
