"""Action probabilities of a transition-based NER component in any state."""

from typing import Any, List, NamedTuple, Sequence, Tuple

import numpy as np
from spacy.attrs import ENT_IOB, ENT_TYPE, IS_SPACE, SENT_START
from spacy.tokens import Doc

from ...arrays import softmax
from ...errors import DistillError
from ...tasks.ner.lattice.transitions import constrain
from ...tasks.ner.tags import OUTSIDE, biluo_tags

# spaCy's codes of ENT_IOB. 0 is missing and 2 is outside.
_IN, _BEGIN = 1, 3


class Tokens(NamedTuple):
    """Attributes of tokens that determine the valid actions, of concatenated Docs.

    Attributes:
        iob: ENT_IOB code before the component runs, int [n_tokens].
        label: Index of the preset label, int [n_tokens]; -1 for none, for other labels
            and for blocked tokens, which cannot be part of an entity.
        next_iob: ENT_IOB code of the next token, int [n_tokens]; 0 for the last token
            of a Doc.
        before_sentence: Whether a sentence begins after the token, bool [n_tokens].
        is_space: Whether the token is whitespace, bool [n_tokens].
        is_last: Whether the token is the last of its Doc, bool [n_tokens].
    """

    iob: np.ndarray
    label: np.ndarray
    next_iob: np.ndarray
    before_sentence: np.ndarray
    is_space: np.ndarray
    is_last: np.ndarray


def read_tokens(docs: Sequence[Doc], labels: Sequence[str]) -> Tokens:
    """Read the attributes of tokens that determine the valid actions.

    Args:
        docs: Docs after the upstream components, at least one, with the same vocab and
            with at least one token each.
        labels: Entity labels, in the order of the tags.

    Returns:
        The attributes.
    """
    iob = _concatenate([doc.to_array(ENT_IOB) for doc in docs])
    is_last = np.zeros(len(iob), dtype=bool)
    is_last[np.cumsum([len(doc) for doc in docs]) - 1] = True
    starts = _concatenate([doc.to_array(SENT_START) for doc in docs]) == 1
    types = np.concatenate([doc.to_array(ENT_TYPE) for doc in docs])
    label_ids = np.full(len(iob), -1, dtype=np.int64)
    for i, label in enumerate(labels):
        label_ids[types == docs[0].vocab.strings[label]] = i
    return Tokens(
        iob=iob,
        label=label_ids,
        next_iob=np.where(is_last, 0, np.roll(iob, -1)),
        before_sentence=~is_last & np.roll(starts, -1),
        is_space=_concatenate([doc.to_array(IS_SPACE) for doc in docs]) == 1,
        is_last=is_last,
    )


def valid_outside(tokens: Tokens, labels: Sequence[str]) -> np.ndarray:
    """Return the valid tags of each token if no entity is open.

    Args:
        tokens: Attributes of the tokens.
        labels: Entity labels, in the order of the tags.

    Returns:
        Mask, bool [n_tokens, n_tags], with at least one valid tag for each token.
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
    # Blocked tokens, and entities with labels that have no tags.
    valid[(preset | (tokens.iob == _IN)) & (tokens.label < 0)] = False
    valid[:, 0] = ~preset & (tokens.iob != _IN)
    valid[:, 0] |= ~valid.any(axis=1)
    return valid


def valid_inside(
    tokens: Tokens, labels: Sequence[str]
) -> Tuple[np.ndarray, np.ndarray]:
    """Return whether an open entity may continue or end at each token.

    Args:
        tokens: Attributes of the tokens.
        labels: Entity labels, in the order of the tags.

    Returns:
        Masks for `I` and for `L` by the entity's label, bool [n_tokens, n_labels] each.
        At least one is true wherever an entity with the label can be open.
    """
    preset = tokens.iob == _IN
    is_preset_label = tokens.label[:, None] == np.arange(len(labels))
    may_continue = np.where(preset, tokens.next_iob == _IN, ~tokens.before_sentence)
    may_continue &= ~tokens.is_last
    may_continue &= (tokens.iob != _BEGIN) & (tokens.next_iob != _BEGIN)
    valid_i = may_continue[:, None] & (~preset[:, None] | is_preset_label)
    must_end = preset & (tokens.next_iob != _IN)
    valid_l = np.where(
        must_end[:, None], is_preset_label, (tokens.next_iob != _IN)[:, None]
    )
    return valid_i, valid_l


def _concatenate(arrays: Sequence[Any]) -> np.ndarray:
    # Signed, since spaCy's arrays are unsigned and -1 would be the largest number.
    out: np.ndarray = np.concatenate(arrays).astype(np.int64)
    return out


class ActionProbabilities:
    """Action probabilities at the tokens of concatenated Docs.

    Scores are normalized over the valid actions of a state. Actions that the model has
    not learned are used only if no other action is valid.

    Args:
        pipe: A `ner` or `beam_ner` (spaCy's `EntityRecognizer`).
        docs: Docs after the upstream components, at least one, with at least one token
            each.
        labels: Entity labels, in the order of the tags.

    Raises:
        DistillError: If the model is not one of spaCy's NER models, judging by the
            number of tokens that it uses as features.
    """

    def __init__(self, pipe: Any, docs: List[Doc], labels: Sequence[str]) -> None:
        self._step = pipe.model.predict(docs)
        self._n_features: int = self._step.state2vec.nF
        if self._n_features not in (3, 6):
            raise DistillError(
                "Expected a ner whose model looks at 3 or 6 tokens, got one for"
                f' {self._n_features}: set state_type = "ner".'
            )
        tags = biluo_tags(labels)
        # Looked up by name, since their order depends on the training data.
        actions = {pipe.moves.get_class_name(i): i for i in range(pipe.moves.n_moves)}
        unseen = pipe.model.attrs["unseen_classes"]
        self._actions = np.array([actions.get(tag, actions[OUTSIDE]) for tag in tags])
        learned = np.array([actions.get(tag, -1) not in {-1, *unseen} for tag in tags])
        tokens = read_tokens(docs, labels)
        valid = valid_outside(tokens, labels)
        better = valid & learned
        self._outside = np.where(better.any(axis=1, keepdims=True), better, valid)
        self._inside = np.stack(valid_inside(tokens, labels), axis=-1)
        self._i_columns = np.array([tags.index(f"I-{label}") for label in labels])
        self._l_columns = np.array([tags.index(f"L-{label}") for label in labels])

    def outside(self) -> np.ndarray:
        """Return the tag probabilities of each token if no entity is open.

        Returns:
            Probabilities, float64 [n_tokens, n_tags]; rows sum to 1.
        """
        scores = self._score(np.arange(len(self._outside)), np.zeros(0, dtype=int))
        probabilities: np.ndarray = softmax(constrain(scores, self._outside))
        return probabilities

    def continuing(self, tokens: np.ndarray, starts: np.ndarray) -> np.ndarray:
        """Return the probability that an open entity continues after a token.

        Args:
            tokens: Rows of the tokens, int [n].
            starts: Rows of the entities' first tokens, int [n], before `tokens`.

        Returns:
            Probabilities by the entity's label, float64 [n, n_labels]. Otherwise the
            token is the entity's last.
        """
        if not len(tokens):
            return np.zeros((0, len(self._i_columns)))
        scores = self._score(tokens, starts)
        pairs = np.stack(
            [scores[:, self._i_columns], scores[:, self._l_columns]], axis=-1
        )
        probabilities = softmax(constrain(pairs, self._inside[tokens]))
        continuing: np.ndarray = probabilities[:, :, 0]
        return continuing

    def close(self) -> None:
        """Free the memory of the model."""
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
