"""Pipelines with spaCy's transition-based NER as teachers."""

from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
from spacy.language import Language
from spacy.pipeline import EntityRecognizer
from spacy.tokens import Doc

from ...errors import DistillError
from ..probabilities import keep_spans, span_columns, span_probabilities
from .deciding import DecidingTeacher, Decision
from .transition_actions import ActionProbabilities


class TransitionTeacher(DecidingTeacher):
    """A pipeline whose `ner` or `beam_ner` gives the logits; see `DecidingTeacher`.

    Such a component has no scores for tags. It goes from token to token and scores what
    it may do next, and that hangs on what it has done: within an entity that it has
    begun it doubts nothing but the end. The probability of a tag is therefore summed
    over all that it could have done (see `transition_sums`).

    What it decided for are its own entities, with those that components before it have
    set and that it keeps.

    all_paths: sum over all action sequences. Otherwise a token's probabilities are
        those of the actions at its place on the path that the component took.
    density: an open entity less probable than this is not followed any further.

    Raises DistillError if there is no such ner, if it has no labels, if it listens to a
        component that does not run before it, for a density out of range, and, from
        `logits`, if its model is not one of spaCy's.
    """

    def __init__(
        self,
        nlp: Language,
        component: str,
        *,
        name: Optional[str] = None,
        all_paths: bool = True,
        density: float = 1e-4,
    ) -> None:
        super().__init__(nlp, component, name=name)
        self._expect(EntityRecognizer, "a ner")
        pipe = self._component_pipe
        if not 0.0 < density < 1.0:
            raise DistillError(
                f"Expected a density between 0 and 1, got {density}: change [teacher]."
            )
        self._pipe: Any = pipe
        self._all_paths = all_paths
        self._density = density
        labels = pipe.labels and {*pipe.labels, *self._labels_before()}
        self._set_labels(sorted(labels))
        if nlp.path is None:
            # Taken now, as the component grows with the labels that it meets.
            _ = self.hash

    def _options(self) -> List[str]:
        return [f"all_paths={self._all_paths}", f"density={self._density!r}"]

    def _decide(self, docs: List[Doc]) -> Iterator[Decision]:
        # On white space alone it finds nothing, and some transformers fail.
        worded = [doc for doc in docs if not all(token.is_space for token in doc)]
        rows = iter(self._probabilities(worded) if worded else ())
        words = {id(doc) for doc in worded}
        for doc in docs:
            nothing = span_probabilities(len(doc), [], self.tags)
            probabilities = next(rows) if id(doc) in words else nothing
            yield Decision(probabilities, doc.ents, [1.0] * len(doc.ents))

    def _probabilities(self, docs: List[Doc]) -> List[np.ndarray]:
        """Those of the tags, [n_tokens, n_tags] for each Doc; the entities are set."""
        lengths = [len(doc) for doc in docs]
        # First, as it takes up labels from the entities that are set already.
        states = self._pipe.predict(docs)
        actions = ActionProbabilities(self._pipe, docs, self._labels)
        self._pipe.set_annotations(docs, states)
        if self._all_paths:
            rows = sum_paths(actions, lengths, density=self._density)
        else:
            rows = follow_path(actions, self._path(docs))
        actions.close()
        return np.split(rows, np.cumsum(lengths)[:-1])

    def _path(self, docs: List[Doc]) -> np.ndarray:
        """The columns of the tags that the component has taken, int64 [n_tokens]."""
        parts = []
        for doc in docs:
            spans, _ = keep_spans(doc.ents, [1.0] * len(doc.ents), self._labels)
            parts.append(span_columns(len(doc), spans, self.tags))
        return np.concatenate(parts)


# Where a label's tags stand among its four columns.
_B, _I, _L = range(3)


def follow_path(actions: ActionProbabilities, path: np.ndarray) -> np.ndarray:
    """Return the probabilities of the tags at each token, given the path until there.

    path: int [n_tokens], the columns of the tags taken.
    Returns float64 [n_tokens, n_tags]; rows sum to 1.
    """
    out = actions.outside()
    labels, kinds = np.divmod(path - 1, 4)
    begins = (path > 0) & (kinds == _B)
    inside = np.flatnonzero((path > 0) & ((kinds == _I) | (kinds == _L)))
    starts = np.maximum.accumulate(np.where(begins, np.arange(len(path)), 0))[inside]
    going = actions.going_on(inside, starts)[np.arange(len(inside)), labels[inside]]
    columns = 1 + 4 * labels[inside]
    out[inside] = 0.0
    out[inside, columns + _I] = going
    out[inside, columns + _L] = 1.0 - going
    return out


def sum_paths(
    actions: ActionProbabilities, lengths: Sequence[int], *, density: float
) -> np.ndarray:
    """Return the probabilities of the tags at each token, over all paths.

    A path has the product of its actions' probabilities. What comes after an entity
    does not hang on what came before its end, so they can be summed token by token.

    lengths: tokens of each Doc, one after the other.
    density: an open entity less probable than this, given that nothing is open where
        it begins, is not followed any further: it ends there.
    Returns float64 [n_tokens, n_tags]; rows sum to 1.
    """
    out = actions.outside()
    columns = 1 + 4 * np.arange(out.shape[1] // 4)
    begun = out[:, columns + _B]
    open_ = np.where(begun >= density, begun, 0.0)
    staying = 1.0 - open_.sum(axis=1)
    starts = np.flatnonzero(open_.any(axis=1))
    open_ = open_[starts]
    steps: List[Tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]] = []
    ends: Dict[int, List[Tuple[int, float]]] = {}
    age = 0
    while len(starts):
        age += 1
        rows = starts + age
        going = open_ * actions.going_on(rows, starts)
        going[going < density] = 0.0
        ending = open_ - going
        steps.append((rows, starts, going, ending))
        for row, start, ended in zip(rows, starts, ending.sum(axis=1)):
            ends.setdefault(int(row), []).append((int(start), float(ended)))
        goes_on = going.any(axis=1)
        starts, open_ = starts[goes_on], going[goes_on]
    closed = _nothing_open(staying, ends, lengths)
    out *= closed[:, None]
    for rows, starts, going, ending in steps:
        weights = closed[starts][:, None]
        out[rows[:, None], columns + _I] += weights * going
        out[rows[:, None], columns + _L] += weights * ending
    return out


def _nothing_open(
    staying: np.ndarray,
    ends: Dict[int, List[Tuple[int, float]]],
    lengths: Sequence[int],
) -> np.ndarray:
    """Return, for each token, the probability that no entity is open before it.

    staying: float64 [n_tokens], that none is open behind it either.
    ends: by the last tokens of entities, their first tokens and their probabilities;
        both given that nothing is open where they begin.
    """
    closed = np.ones(len(staying))
    first = 0
    for length in lengths:
        for row in range(first, first + length - 1):
            ended = sum(closed[start] * share for start, share in ends.get(row, ()))
            closed[row + 1] = closed[row] * staying[row] + ended
        first += length
    return closed
