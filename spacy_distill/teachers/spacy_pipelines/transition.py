"""Any pipeline with spaCy's own, transition-based `ner` as teacher."""

from typing import Any, Iterator, List, Optional

import numpy as np
from spacy.language import Language
from spacy.pipeline import EntityRecognizer
from spacy.tokens import Doc
from spacy.util import registry

from ...errors import DistillError
from ..base import Teacher
from ..probabilities import span_columns, span_probabilities
from .deciding import DecidingTeacher, Decision, keep_spans
from .pipelines import TRANSITION_BASED, choose_component, load_pipeline, shown_name
from .transition_scores import ActionProbabilities
from .transition_sums import follow_path, sum_paths


@registry.misc("spacy_distill.TransitionTeacher.v1")
def transition_teacher_v1(
    name: str,
    component: Optional[str] = None,
    all_paths: bool = True,
    density: float = 1e-4,
) -> Teacher:
    """A pipeline's transition-based `ner` as teacher.

    name: an installed package or a folder, as for `spacy.load`.
    component: name of the `ner` or `beam_ner`; by default the only one.
    all_paths, density: see `TransitionTeacher`.

    Raises DistillError if the pipeline cannot be loaded, if it has no such component,
        and as `TransitionTeacher` does.
    """
    nlp = load_pipeline(name)
    chosen = choose_component(nlp, component, factories=TRANSITION_BASED)
    return TransitionTeacher(
        nlp, chosen, name=shown_name(name), all_paths=all_paths, density=density
    )


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
