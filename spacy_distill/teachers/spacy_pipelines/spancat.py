"""Any pipeline with a `spancat` as teacher."""

from typing import Any, Iterator, List, Optional

import numpy as np
from spacy.language import Language
from spacy.pipeline import SpanCategorizer
from spacy.tokens import Doc

from ...tasks.ner.decoding import ScoredSpan
from ..probabilities import FLOOR, span_probabilities
from .deciding import DecidingTeacher, Decision


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
