"""Probabilities of the actions of a transition-based NER in any of its states."""

from typing import Any, List, NamedTuple, Sequence, Tuple

import numpy as np
from spacy.attrs import ENT_IOB, ENT_TYPE, IS_SPACE, SENT_START
from spacy.tokens import Doc

from ...arrays import softmax
from ...errors import DistillError
from ...tasks.ner.lattice.transitions import constrain
from ...tasks.ner.tags import OUTSIDE, biluo_tags

# spaCy's codes for a token's place in an entity (0: not known, 2: outside).
_IN, _BEGIN = 1, 3


class Tokens(NamedTuple):
    """What the rules ask of tokens; those of several Docs, one after the other.

    iob: int [n_tokens], spaCy's code for what is set before the `ner` runs.
    label: int [n_tokens], which of the labels is set; -1 for none of them, as with
        blocked tokens, which may not be part of an entity.
    next_iob: int [n_tokens], of the following token; 0 for a Doc's last.
    before_sentence: bool [n_tokens], whether a sentence begins behind the token.
    is_space: bool [n_tokens]. is_last: bool [n_tokens], of its Doc.
    """

    iob: np.ndarray
    label: np.ndarray
    next_iob: np.ndarray
    before_sentence: np.ndarray
    is_space: np.ndarray
    is_last: np.ndarray


def read_tokens(docs: Sequence[Doc], labels: Sequence[str]) -> Tokens:
    """Read off the Docs what the rules ask.

    docs: as the `ner` finds them; one or more of one vocab, none of them empty.
    labels: entity labels, in the order of the tags.
    """
    iob = _concatenate([doc.to_array(ENT_IOB) for doc in docs])
    is_last = np.zeros(len(iob), dtype=bool)
    is_last[np.cumsum([len(doc) for doc in docs]) - 1] = True
    starts = _concatenate([doc.to_array(SENT_START) for doc in docs]) == 1
    types = np.concatenate([doc.to_array(ENT_TYPE) for doc in docs])
    number = np.full(len(iob), -1, dtype=np.int64)
    for i, label in enumerate(labels):
        number[types == docs[0].vocab.strings[label]] = i
    return Tokens(
        iob=iob,
        label=number,
        next_iob=np.where(is_last, 0, np.roll(iob, -1)),
        before_sentence=~is_last & np.roll(starts, -1),
        is_space=_concatenate([doc.to_array(IS_SPACE) for doc in docs]) == 1,
        is_last=is_last,
    )


def valid_outside(tokens: Tokens, labels: Sequence[str]) -> np.ndarray:
    """Say which tags a token may have when no entity is open.

    Returns bool [n_tokens, n_tags]; one at least in every row.
    """
    tags = biluo_tags(labels)
    preset = tokens.iob == _BEGIN
    is_preset_label = tokens.label[:, None] == np.arange(len(labels))
    may_begin = np.where(
        preset,
        tokens.next_iob == _IN,
        (tokens.next_iob != _BEGIN) & ~tokens.before_sentence & ~tokens.is_space,
    )
    may_begin &= ~tokens.is_last & (tokens.iob != _IN)
    may_be_unit = (preset | ~tokens.is_space) & (tokens.next_iob != _IN)
    fits = ~preset[:, None] | is_preset_label
    valid = np.zeros((len(preset), len(tags)), dtype=bool)
    valid[:, [tag.startswith("B-") for tag in tags]] = may_begin[:, None] & fits
    valid[:, [tag.startswith("U-") for tag in tags]] = may_be_unit[:, None] & fits
    # Blocked, or part of an entity that the tags do not have.
    valid[(preset | (tokens.iob == _IN)) & (tokens.label < 0)] = False
    valid[:, 0] = ~preset & (tokens.iob != _IN)
    valid[:, 0] |= ~valid.any(axis=1)
    return valid


def valid_inside(
    tokens: Tokens, labels: Sequence[str]
) -> Tuple[np.ndarray, np.ndarray]:
    """Say whether an entity that is open may go on at a token, and whether it may end.

    Returns two arrays, bool [n_tokens, n_labels] by the entity's label: the first for
    `I`, the second for `L`. One at least holds, if the entity could come so far.
    """
    preset = tokens.iob == _IN
    is_preset_label = tokens.label[:, None] == np.arange(len(labels))
    may_go_on = np.where(preset, tokens.next_iob == _IN, ~tokens.before_sentence)
    may_go_on &= ~tokens.is_last & (tokens.iob != _BEGIN) & (tokens.next_iob != _BEGIN)
    go_on = may_go_on[:, None] & (~preset[:, None] | is_preset_label)
    must_end = preset & (tokens.next_iob != _IN)
    end = np.where(
        must_end[:, None], is_preset_label, (tokens.next_iob != _IN)[:, None]
    )
    return go_on, end


def _concatenate(arrays: Sequence[Any]) -> np.ndarray:
    # Unsigned numbers would make -1 the largest of them.
    out: np.ndarray = np.concatenate(arrays).astype(np.int64)
    return out


class ActionProbabilities:
    """Probabilities of the actions on the tokens of some Docs, one after the other.

    The scores are normalized over the actions that are valid in a state. An action that
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
