"""Pipelines whose rulers or spancat label spans, as teachers."""

from typing import Any, Iterator, List, Optional

import numpy as np
from spacy.language import Language
from spacy.pipeline import EntityRuler, SpanCategorizer, SpanRuler
from spacy.tokens import Doc

from ...errors import DistillError
from ...tasks.ner.decoding import ScoredSpan
from ..probabilities import FLOOR, keep_spans, span_probabilities
from .component import run_pipe
from .deciding import DecidingTeacher, Decision

_CERTAINTY = 0.9


class RulerTeacher(DecidingTeacher):
    """A pipeline whose rules find spans: they are there or not, without a score.

    What it decided for is in `doc.ents` after an `entity_ruler` or a ruler with
    `annotate_ents`, along with the entities that components before it have set; else
    it is in `doc.spans`. See `DecidingTeacher` for those that overlap.

    certainty: the probability that such a span is right, above a half and at most 1;
        by default 0.9. The rest is `O`'s. Where there is no span, `O` is certain.

    Raises DistillError if there is no such ruler, if it has no patterns, if it writes
        its spans nowhere, or for a certainty out of range.
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
        self._expect((EntityRuler, SpanRuler), "an entity_ruler or a span_ruler")
        pipe = self._component_pipe
        self._certainty = _CERTAINTY if certainty is None else certainty
        if not 0.5 < self._certainty <= 1.0:
            raise DistillError(
                "Expected a certainty above 0.5 and at most 1, got"
                f" {self._certainty}: change [teacher]."
            )
        self._pipe: Any = pipe
        # Of its spans in doc.spans; None for doc.ents.
        self._key: Optional[str] = None
        if isinstance(pipe, SpanRuler) and not pipe.annotate_ents:
            self._key = pipe.key
            if self._key is None:
                raise DistillError(
                    "Expected a ruler that writes down what it finds, but"
                    f" {component!r} has no spans_key and no annotate_ents: set one."
                )
        labels = list(pipe.labels)
        self._set_labels(labels and labels + self._labels_before(self._key))

    def _options(self) -> List[str]:
        return [f"certainty={self._certainty!r}"]

    def _decide(self, docs: List[Doc]) -> Iterator[Decision]:
        for doc in run_pipe(self._component, self._pipe, docs):
            spans = list(doc.ents if self._key is None else doc.spans[self._key])
            scores = [self._certainty] * len(spans)
            kept, _ = keep_spans(spans, scores, self._labels)
            probabilities = span_probabilities(len(doc), kept, self.tags)
            yield Decision(probabilities, spans, scores)


class SpanCatTeacher(DecidingTeacher):
    """A pipeline whose `spancat` or `spancat_singlelabel` gives the probabilities.

    It scores every span that its suggester proposes. Those that it rejects count too:
    each gives its probability to its tags. What it decided for are the spans that it
    would have written to `doc.spans`; see `DecidingTeacher`.

    A score is taken for a probability, except that a `spancat` whose threshold is not
    a half is taken to mean even odds by it: the log-odds of its scores are shifted by
    those of the threshold.

    Raises DistillError if there is no such spancat, if it has no labels, or if it
        listens to a component that does not run before it.
    """

    def __init__(
        self, nlp: Language, component: str, *, name: Optional[str] = None
    ) -> None:
        super().__init__(nlp, component, name=name)
        self._expect(SpanCategorizer, "a spancat")
        self._pipe: Any = self._component_pipe
        self._set_labels(self._pipe.labels)

    def _decide(self, docs: List[Doc]) -> Iterator[Decision]:
        if not docs:
            return
        to_numpy = self._pipe.model.ops.to_numpy
        places, scores = self._pipe.predict(docs)
        # All of it, before anything of it is rejected.
        probabilities = self._probabilities(to_numpy(scores))
        self._pipe.set_annotations(docs, (places, scores))
        borders = np.cumsum([0, *to_numpy(places.lengths)])
        for doc, first, end in zip(docs, borders, borders[1:]):
            ours = to_numpy(places.dataXd[first:end])
            chances = probabilities[first:end]
            spans = []
            for row, column in np.argwhere(chances > FLOOR):
                start, stop = ours[row].tolist()
                chance = float(chances[row, column])
                spans.append(ScoredSpan(start, stop, self._labels[column], chance))
            group = doc.spans[self._pipe.key]
            sure = np.ravel(group.attrs.get("scores", ()))
            rows = span_probabilities(len(doc), spans, self.tags)
            yield Decision(rows, list(group), sure.tolist())

    def _probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Probabilities of the labels of each suggested span, [n_spans, n_labels]."""
        out = scores[:, : len(self._labels)].astype(np.float64)
        threshold = self._pipe.cfg["threshold"]
        # With a label for no label, the scores sum to 1, and the best one wins.
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
