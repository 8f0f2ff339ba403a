"""Teachers that predict with spaCy's transition-based NER."""

from typing import Any, Dict, Iterator, List, Optional, Sequence, Tuple

import numpy as np
from spacy.language import Language
from spacy.pipeline import EntityRecognizer
from spacy.tokens import Doc

from ...errors import DistillError
from ..probabilities import keep_spans, span_columns, tag_probabilities
from .span_predicting import SpanPredictingTeacher, SpanPrediction
from .transition_actions import ActionProbabilities


class TransitionTeacher(SpanPredictingTeacher):
    """A teacher that predicts with a `ner` or `beam_ner`.

    The component has no scores for tags. It scores the next action in a state, which
    depends on its previous actions: inside an entity, only the end of the entity is
    uncertain. The probability of a tag is therefore summed over all action sequences;
    see `sum_paths`.

    Predicted spans are the component's entities, including those set by upstream
    components that it keeps.

    Args:
        nlp: The pipeline.
        component: Name of the `ner` or `beam_ner`.
        name: Name for display; by default the pipeline's own.
        all_paths: Whether to sum over all action sequences. Otherwise a token's
            probabilities are those of the actions in the predicted sequence.
        density: Lowest probability of an open entity, in (0, 1). Entities with a lower
            one are not continued.

    Raises:
        DistillError: If there is no such component, if it has no labels, if it listens
            to a component that does not run before it, or if `density` is out of
            range.
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
        self._check_type(EntityRecognizer, "a ner")
        pipe = self._component_pipe
        if not 0.0 < density < 1.0:
            raise DistillError(
                f"Expected a density between 0 and 1, got {density}: change [teacher]."
            )
        self._pipe: Any = pipe
        self._all_paths = all_paths
        self._density = density
        labels = pipe.labels and {*pipe.labels, *self._upstream_labels()}
        self._set_labels(sorted(labels))
        if nlp.path is None:
            # Computed now, since the component adds labels that it finds in Docs.
            _ = self.hash

    def _options(self) -> List[str]:
        return [f"all_paths={self._all_paths}", f"density={self._density!r}"]

    def _predict_spans(self, docs: List[Doc]) -> Iterator[SpanPrediction]:
        # Docs of whitespace have no entities, and some transformers fail on them.
        with_words = [doc for doc in docs if not all(token.is_space for token in doc)]
        rows = iter(self._probabilities(with_words) if with_words else ())
        ids = {id(doc) for doc in with_words}
        for doc in docs:
            no_spans = tag_probabilities(len(doc), [], self._task.columns)
            probabilities = next(rows) if id(doc) in ids else no_spans
            yield SpanPrediction(probabilities, doc.ents, [1.0] * len(doc.ents))

    def _probabilities(self, docs: List[Doc]) -> List[np.ndarray]:
        """Set entities and return tag probabilities [n_tokens, n_tags] of each Doc."""
        lengths = [len(doc) for doc in docs]
        # Predicts first, since the component then adds the labels of preset entities.
        states = self._pipe.predict(docs)
        actions = ActionProbabilities(self._pipe, docs, self._task.labels)
        self._pipe.set_annotations(docs, states)
        if self._all_paths:
            rows = sum_paths(actions, lengths, density=self._density)
        else:
            rows = follow_path(actions, self._path(docs))
        actions.close()
        return np.split(rows, np.cumsum(lengths)[:-1])

    def _path(self, docs: List[Doc]) -> np.ndarray:
        """Return the columns of the predicted tags, int64 [n_tokens]."""
        parts = []
        for doc in docs:
            spans, _ = keep_spans(doc.ents, [1.0] * len(doc.ents), self._task.labels)
            parts.append(span_columns(len(doc), spans, self._task.columns))
        return np.concatenate(parts)


# Positions of B, I and L among the four columns of a label.
_B, _I, _L = range(3)


def follow_path(actions: ActionProbabilities, path: np.ndarray) -> np.ndarray:
    """Return tag probabilities of each token, given the previous tags of a path.

    Args:
        actions: Action probabilities of the Docs.
        path: Columns of the predicted tags, int [n_tokens].

    Returns:
        Probabilities, float64 [n_tokens, n_tags]; rows sum to 1.
    """
    out = actions.outside()
    labels, kinds = np.divmod(path - 1, 4)
    begins = (path > 0) & (kinds == _B)
    inside = np.flatnonzero((path > 0) & ((kinds == _I) | (kinds == _L)))
    starts = np.maximum.accumulate(np.where(begins, np.arange(len(path)), 0))[inside]
    continuing = actions.continuing(inside, starts)
    continuing = continuing[np.arange(len(inside)), labels[inside]]
    columns = 1 + 4 * labels[inside]
    out[inside] = 0.0
    out[inside, columns + _I] = continuing
    out[inside, columns + _L] = 1.0 - continuing
    return out


def sum_paths(
    actions: ActionProbabilities, lengths: Sequence[int], *, density: float
) -> np.ndarray:
    """Return tag probabilities of each token, summed over all paths.

    The probability of a path is the product of its actions' probabilities. An action
    depends only on the start and the label of the open entity, so the sum is computed
    token by token, with one term for each entity that may be open.

    Args:
        actions: Action probabilities of the Docs.
        lengths: Tokens of each Doc.
        density: Lowest probability of an open entity, given that no entity is open
            where it begins. An entity with a lower one ends.

    Returns:
        Probabilities, float64 [n_tokens, n_tags]; rows sum to 1.
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
    distance = 0
    while len(starts):
        distance += 1
        rows = starts + distance
        continuing = open_ * actions.continuing(rows, starts)
        continuing[continuing < density] = 0.0
        ending = open_ - continuing
        steps.append((rows, starts, continuing, ending))
        for row, start, ended in zip(rows, starts, ending.sum(axis=1)):
            ends.setdefault(int(row), []).append((int(start), float(ended)))
        continues = continuing.any(axis=1)
        starts, open_ = starts[continues], continuing[continues]
    closed = _closed_probabilities(staying, ends, lengths)
    out *= closed[:, None]
    for rows, starts, continuing, ending in steps:
        weights = closed[starts][:, None]
        out[rows[:, None], columns + _I] += weights * continuing
        out[rows[:, None], columns + _L] += weights * ending
    return out


def _closed_probabilities(
    staying: np.ndarray,
    ends: Dict[int, List[Tuple[int, float]]],
    lengths: Sequence[int],
) -> np.ndarray:
    """Return the probability that no entity is open before each token.

    Args:
        staying: Probability that no entity is open after a token, given that none is
            open before it, float64 [n_tokens].
        ends: By last token: first tokens of entities and their probabilities, given
            that no entity is open where they begin.
        lengths: Tokens of each Doc.

    Returns:
        Probabilities, float64 [n_tokens].
    """
    closed = np.ones(len(staying))
    first = 0
    for length in lengths:
        for row in range(first, first + length - 1):
            ended = sum(closed[start] * share for start, share in ends.get(row, ()))
            closed[row + 1] = closed[row] * staying[row] + ended
        first += length
    return closed
