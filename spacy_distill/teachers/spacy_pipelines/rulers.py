"""Any pipeline with an `entity_ruler` or a `span_ruler` as teacher."""

from typing import Any, Iterator, List, Optional

from spacy.language import Language
from spacy.pipeline import EntityRuler, SpanRuler
from spacy.tokens import Doc

from ...errors import DistillError
from ..probabilities import span_probabilities
from .component import run_pipe
from .deciding import DecidingTeacher, Decision, keep_spans

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
