"""Label schemes of token classifiers: BIO, IOB1, BILUO (BIOES) or plain labels."""

import re
from typing import Dict, Iterable, List, NamedTuple, Sequence, Set, Tuple

import numpy as np

from ...errors import DistillError
from ...tasks.ner.tags import OUTSIDE

_DEFAULT_NAME = re.compile(r"LABEL_\d+")
_PREFIXED = re.compile(r"[BILUES]-.+")
# BILOU and BIOES (IOBES) are BILUO with other letters.
_BILU = {"B": "B", "I": "I", "L": "L", "U": "U", "E": "L", "S": "U"}


class LabelScheme(NamedTuple):
    """Meaning of a model's labels.

    Attributes:
        ends: Whether labels mark the end of an entity, as in BILUO. They do not in BIO,
            IOB1 and with plain labels.
        labels: Entity labels, in order of first appearance.
        columns: The model's columns for B, I, L and U of each label, int64
            [n_labels, 4]; -1 for none. Plain labels are I.
        outside: The model's column for `O`.
    """

    ends: bool
    labels: Tuple[str, ...]
    columns: np.ndarray
    outside: int

    def split(self, probabilities: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Arrange columns by their meaning.

        Args:
            probabilities: Probabilities of the model's labels [n, n_model_labels].

        Returns:
            Probabilities of O, float64 [n], and of B, I, L and U of each label, float64
            [n, n_labels, 4], 0 where the model has no such label.
        """
        wide = probabilities.astype(np.float64)
        # Column -1 is that of labels that the model does not have.
        padded = np.hstack([wide, np.zeros((len(wide), 1))])
        return wide[:, self.outside], padded[:, self.columns]


def read_scheme(names: Sequence[str], *, source: str) -> LabelScheme:
    """Determine the scheme of a model's labels.

    BIO and IOB1 are not distinguished. In both, an I without a preceding entity of its
    label begins an entity.

    Args:
        names: Label names in the order of the model's columns.
        source: Name of the model, for error messages.

    Returns:
        The scheme.

    Raises:
        DistillError: If the names are the defaults `LABEL_0` etc., if there is no `O`
            or no entity label, or if names are of different schemes.
    """
    _check_names(names, source)
    entity_names = [name for name in names if name != OUTSIDE]
    # "E-MAIL" is a plain label if no label begins with B- or I-.
    if any(name.startswith(("B-", "I-")) for name in entity_names):
        _check_prefixes(entity_names, source)
        parts = [(_BILU[name[0]], name[2:]) for name in entity_names]
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
    if any(_DEFAULT_NAME.fullmatch(name) for name in names):
        raise DistillError(
            f"Expected entity labels in id2label of {source}, got the default"
            f" {_list_names(names)}: write the labels that it was trained with to"
            " id2label and label2id of its config.json, in their order."
        )
    duplicates = sorted({name for name in names if list(names).count(name) > 1})
    if duplicates:
        raise DistillError(
            f"Expected unique labels in id2label of {source}, got"
            f" {_list_names(duplicates)} more than once: correct its config.json."
        )
    if OUTSIDE not in names:
        raise DistillError(
            f"Expected a label 'O', for words outside of entities, in id2label of"
            f" {source}, got {_list_names(names)}: use an NER model, or rename the"
            " label in its config.json."
        )
    if len(names) == 1:
        raise DistillError(
            f"Expected entity labels in id2label of {source}, got only 'O': use a"
            " trained model."
        )


def _check_prefixes(names: Sequence[str], source: str) -> None:
    """Check that prefixed labels are all of one scheme."""
    plain = [name for name in names if not _PREFIXED.fullmatch(name)]
    if plain:
        raise _mixed(source, f"{_list_names(plain)} beside labels with B- and I-")
    letters = {name[0] for name in names}
    if letters & set("LU") and letters & set("ES"):
        raise _mixed(source, f"{_list_names(names)}, with L or U and E or S")
    if not letters - set("BI"):
        return
    prefixes: Dict[str, Set[str]] = {}
    for name in names:
        prefixes.setdefault(name[2:], set()).add(_BILU[name[0]])
    for label, found in prefixes.items():
        # An entity that begins with B ends with L, and I is between the two.
        if ("L" in found) != ("B" in found) or ("I" in found and "L" not in found):
            of_label = _list_names(name for name in names if name[2:] == label)
            raise _mixed(source, f"{of_label} beside labels of BILUO")


def _mixed(source: str, found: str) -> DistillError:
    return DistillError(
        f"Expected labels of one scheme (BIO, IOB1, BILUO or plain) in id2label of"
        f" {source}, got {found}: correct its config.json, or train it on one scheme."
    )


def _list_names(names: Iterable[str]) -> str:
    found: List[str] = list(names)
    return ", ".join(map(repr, found[:6])) + (", ..." if len(found) > 6 else "")
