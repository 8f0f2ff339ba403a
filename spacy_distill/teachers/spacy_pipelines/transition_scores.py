"""What a transition-based `ner` would do in any of its states.

A state of spaCy's `ner` is told by two tokens: the one to be tagged and, if an entity
is open, the one where that begins. So its scores can be had for any number of states
at once, without going from one to the next.
"""

from typing import Any, List, Sequence

import numpy as np
from spacy.tokens import Doc

from ...errors import DistillError
from ...softmax import softmax
from ...tasks.ner.lattice.transitions import constrain
from ...tasks.ner.tags import OUTSIDE, biluo_tags
from .transition_rules import read_tokens, valid_inside, valid_outside


class ActionProbabilities:
    """Probabilities of the actions on the tokens of some Docs, one after the other.

    The scores are normalised over the actions that are valid in a state. An action that
    the model has never learned is taken only where nothing else may be.

    pipe: a `ner` or `beam_ner` (spaCy's `EntityRecognizer`).
    docs: as the pipe finds them; one or more, none of them empty.
    labels: entity labels, in the order of the tags.

    Raises DistillError if the model looks at other tokens than spaCy's own do.
    """

    def __init__(self, pipe: Any, docs: List[Doc], labels: Sequence[str]) -> None:
        self._step = pipe.model.predict(docs)
        self._n_features: int = self._step.state2vec.nF
        if self._n_features not in (3, 6):
            raise DistillError(
                "Expected a ner whose model looks at 3 or 6 tokens, got one for"
                f' {self._n_features}: give it state_type = "ner".'
            )
        tags = biluo_tags(labels)
        # By name, as their order hangs on the data the pipe was trained with.
        actions = {pipe.moves.get_class_name(i): i for i in range(pipe.moves.n_moves)}
        unseen = pipe.model.attrs["unseen_classes"]
        self._actions = np.array([actions.get(tag, actions[OUTSIDE]) for tag in tags])
        learned = np.array([actions.get(tag, -1) not in {-1, *unseen} for tag in tags])
        tokens = read_tokens(docs, labels)
        valid = valid_outside(tokens, labels)
        better = valid & learned
        self._outside = np.where(better.any(axis=1, keepdims=True), better, valid)
        self._inside = np.stack(valid_inside(tokens, labels), axis=-1)
        self._going = np.array([tags.index(f"I-{label}") for label in labels])
        self._ending = np.array([tags.index(f"L-{label}") for label in labels])

    def outside(self) -> np.ndarray:
        """Return those of the tags, if no entity is open, at every token.

        Returns float64 [n_tokens, n_tags]; rows sum to 1.
        """
        scores = self._score(np.arange(len(self._outside)), np.zeros(0, dtype=int))
        probabilities: np.ndarray = softmax(constrain(scores, self._outside))
        return probabilities

    def going_on(self, tokens: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return those of an open entity's going on, by its label.

        tokens, starts: int [n], rows of the tokens to be tagged, and of the entities'
            first tokens, which lie before them.
        Returns float64 [n, n_labels]. What is left of 1 is that it ends at the token.
        """
        if not len(tokens):
            return np.zeros((0, len(self._going)))
        scores = self._score(tokens, starts)
        pairs = np.stack([scores[:, self._going], scores[:, self._ending]], axis=-1)
        probabilities = softmax(constrain(pairs, self._inside[tokens]))
        going: np.ndarray = probabilities[:, :, 0]
        return going

    def close(self) -> None:
        """Free the model's memory."""
        self._step.clear_memory()

    def _score(self, tokens: np.ndarray, starts: np.ndarray) -> np.ndarray:
        ids = np.full((len(tokens), self._n_features), -1, dtype=np.int32)
        ids[:, 0] = tokens
        if len(starts) and self._n_features == 3:
            ids[:, 1] = starts
            ids[:, 2] = tokens - 1
        elif len(starts):
            entity = starts[:, None] + np.arange(self._n_features - 1)
            ids[:, 1:] = np.where(entity < tokens[:, None], entity, -1)
        scores, _ = self._step.state2vec(ids, False)
        if self._step.vec2scores is not None:
            scores, _ = self._step.vec2scores(scores, False)
        out: np.ndarray = np.asarray(scores, dtype=np.float64)[:, self._actions]
        return out
