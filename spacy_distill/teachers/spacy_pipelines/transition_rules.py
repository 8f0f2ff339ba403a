"""Which actions a transition-based `ner` may take at each token.

spaCy keeps the rules out of Python's reach, so they are stated here once more, for all
tokens at a time. A test holds the two to each other.
"""

from typing import Any, NamedTuple, Sequence, Tuple

import numpy as np
from spacy.attrs import ENT_IOB, ENT_TYPE, IS_SPACE, SENT_START
from spacy.tokens import Doc

from ...tasks.ner.tags import biluo_tags

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
