"""A component that decides for spans; what it decided is what can be decoded."""

from abc import abstractmethod
from typing import Iterable, Iterator, List, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span

from ...errors import DistillError
from ...tasks.ner.tags import biluo_tags
from ..base import LostEntity
from ..probabilities import favour, keep_spans, log_probabilities, span_columns
from .component import ComponentTeacher


class Decision(NamedTuple):
    """What a component says of one Doc.

    probabilities: float64 [n_tokens, n_tags], rows sum to 1.
    spans: those it decided for. They may overlap, and have any label.
    scores: how sure it is of each of them.
    """

    probabilities: np.ndarray
    spans: Sequence[Span]
    scores: Sequence[float]


class DecidingTeacher(ComponentTeacher):
    """A `ComponentTeacher` that decides for spans, besides giving probabilities.

    nlp, component, name: see `ComponentTeacher`.

    The best tag of every token is that of the spans which the component decided for.
    Of two that overlap, the surer one stays; of equally sure ones the longer; of
    equally long ones the first.

    A subclass writes `_decide`, and calls `_set_labels` when it is made.

    Raises DistillError as a `ComponentTeacher` does.
    """

    def __init__(
        self, nlp: Language, component: str, *, name: Optional[str] = None
    ) -> None:
        super().__init__(nlp, component, name=name)
        self._labels: Tuple[str, ...] = ()
        self._lost: List[List[LostEntity]] = []

    @property
    def tags(self) -> Tuple[str, ...]:
        """BILUO tags of the component's labels, and of others' that it passes on."""
        return biluo_tags(self._labels)

    @property
    def whole_documents(self) -> bool:
        """True: to the component, half a span is none."""
        return True

    def logits(self, docs: List[Doc]) -> List[np.ndarray]:
        """Return log-probabilities, float32 [n_tokens, n_tags], for each Doc.

        The Docs are copied and left alone. Raises DistillError if a component changes
        the tokens.
        """
        read = self._read(docs)
        decisions = self._decide([doc for doc in read if len(doc)])
        self._lost, out = [], []
        for doc in read:
            lost: List[LostEntity] = []
            probabilities = np.zeros((0, len(self.tags)))
            if len(doc):
                decision = next(decisions)
                kept, lost = keep_spans(decision.spans, decision.scores, self._labels)
                decided = span_columns(len(doc), kept, self.tags)
                probabilities = favour(decision.probabilities, decided)
            self._lost.append(lost)
            out.append(log_probabilities(probabilities))
        return out

    def lost_entities(self, docs: List[Doc]) -> List[List[LostEntity]]:
        """Name the spans that overlap others, and those with labels of no tag.

        Those of the last call of `logits`.
        """
        return self._lost

    def _set_labels(self, labels: Iterable[str]) -> None:
        """Set the entity labels, in the order of the tags; each counts once.

        Raises DistillError if there are none.
        """
        self._labels = tuple(dict.fromkeys(labels))
        if not self._labels:
            raise DistillError(
                f"Expected a teacher with labels, but its component {self._component!r}"
                " has no labels: train it, or give it patterns."
            )

    @abstractmethod
    def _decide(self, docs: List[Doc]) -> Iterator[Decision]:
        """Say what the component does on Docs that those before it have read.

        docs: none of them empty; there may be none at all.
        """
