"""The labels of a token classifier: which scheme they are in, and what they mean."""

import re
from typing import Dict, Iterable, List, NamedTuple, Sequence, Set, Tuple

import numpy as np

from ...errors import DistillError
from ...tasks.ner.tags import OUTSIDE

_DEFAULT = re.compile(r"LABEL_\d+")
_PREFIXED = re.compile(r"[BILUES]-.+")
# Other letters for the same: BILOU and BIOES (also called IOBES).
_MEANING = {"B": "B", "I": "I", "L": "L", "U": "U", "E": "L", "S": "U"}


class LabelScheme(NamedTuple):
    """A model's labels, taken apart.

    ends: whether they tell where an entity ends (BILUO), or not (BIO, IOB1, plain).
    labels: the entity labels, in the order of their first appearance.
    columns: int64 [n_labels, 4], the model's columns for B, I, L and U of each label,
        -1 for none. A plain label is an I.
    outside: the model's column for `O`.
    """

    ends: bool
    labels: Tuple[str, ...]
    columns: np.ndarray
    outside: int

    def split(self, probabilities: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Sort columns by meaning: float64 [n] for O, [n, n_labels, 4] for BILU.

        probabilities: [n, number of the model's labels].
        """
        wide = probabilities.astype(np.float64)
        # Column -1, for what the model does not have.
        padded = np.hstack([wide, np.zeros((len(wide), 1))])
        return wide[:, self.outside], padded[:, self.columns]


def read_scheme(names: Sequence[str], *, source: str) -> LabelScheme:
    """Find out the scheme of a model's label names.

    names: in the order of the model's columns. BIO and IOB1 need not be told apart: an
        I that follows no entity of its label begins one, which is true of both.
    source: the model's name, for messages.

    Raises DistillError for the default names `LABEL_0` and so on, without `O`, without
    any entity label, and for names of different schemes.
    """
    _check_names(names, source)
    entity_names = [name for name in names if name != OUTSIDE]
    # "E-MAIL" has no prefix where nothing begins with B or I.
    if any(name.startswith(("B-", "I-")) for name in entity_names):
        _check_prefixes(entity_names, source)
        parts = [(_MEANING[name[0]], name[2:]) for name in entity_names]
    else:
        parts = [("I", name) for name in entity_names]
    labels = tuple(dict.fromkeys(label for _, label in parts))
    columns = np.full((len(labels), 4), -1, dtype=np.int64)
    for (prefix, label), name in zip(parts, entity_names):
        columns[labels.index(label), "BILU".index(prefix)] = list(names).index(name)
    return LabelScheme(
        ends=any(prefix in "LU" for prefix, _ in parts),
        labels=labels,
        columns=columns,
        outside=list(names).index(OUTSIDE),
    )


def _check_names(names: Sequence[str], source: str) -> None:
    if any(_DEFAULT.fullmatch(name) for name in names):
        raise DistillError(
            f"Expected entity labels in id2label of {source}, got the default"
            f" {_listing(names)}: write the labels that it was trained with into"
            " id2label and label2id of its config.json, in their order."
        )
    twice = sorted({name for name in names if list(names).count(name) > 1})
    if twice:
        raise DistillError(
            f"Expected each label once in id2label of {source}, got {_listing(twice)}"
            " more than once: correct its config.json."
        )
    if OUTSIDE not in names:
        raise DistillError(
            f"Expected a label 'O', for words outside of entities, in id2label of"
            f" {source}, got {_listing(names)}: give a model for named entities, or"
            " rename the label in its config.json."
        )
    if len(names) == 1:
        raise DistillError(
            f"Expected entity labels in id2label of {source}, got only 'O': give a"
            " trained model."
        )


def _check_prefixes(names: Sequence[str], source: str) -> None:
    """Check that labels of which some have a B or an I are all of one scheme."""
    plain = [name for name in names if not _PREFIXED.fullmatch(name)]
    if plain:
        raise _mixed(source, f"{_listing(plain)} beside labels with B- and I-")
    letters = {name[0] for name in names}
    if letters & set("LU") and letters & set("ES"):
        raise _mixed(source, f"{_listing(names)}, with L or U and E or S")
    if not letters - set("BI"):
        return
    prefixes: Dict[str, Set[str]] = {}
    for name in names:
        prefixes.setdefault(name[2:], set()).add(_MEANING[name[0]])
    for label, found in prefixes.items():
        # What begins with B ends with L, and an I stands between the two.
        if ("L" in found) != ("B" in found) or ("I" in found and "L" not in found):
            of_label = _listing(name for name in names if name[2:] == label)
            raise _mixed(source, f"{of_label} beside labels of BILUO")


def _mixed(source: str, found: str) -> DistillError:
    return DistillError(
        f"Expected labels of one scheme (BIO, IOB1, BILUO or plain) in id2label of"
        f" {source}, got {found}: correct its config.json, or train it on one scheme."
    )


def _listing(names: Iterable[str]) -> str:
    found: List[str] = list(names)
    return ", ".join(map(repr, found[:6])) + (", ..." if len(found) > 6 else "")
