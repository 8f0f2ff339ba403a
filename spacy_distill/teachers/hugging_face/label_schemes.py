"""Label schemes of token classifiers: BIO, IOB1, BIOS, BILUO or plain labels."""

from typing import Dict, Mapping, NamedTuple, Optional, Sequence, Tuple

import numpy as np
from spacy.util import logger

from ...corpora.tag_spellings import OUTSIDE, Tag, read_tag_set
from .output_names import list_names, rename
from .scheme_checks import check_labels, check_named, check_outside, check_spelling


class LabelScheme(NamedTuple):
    """Meaning of a model's outputs.

    Attributes:
        ends: Whether labels mark the end of an entity, as in BILUO. They do not in BIO,
            IOB1, BIOS and with plain labels.
        labels: Entity labels, in order of first appearance.
        columns: The model's columns for B, I, L and U of each label, int64
            [n_labels, 4]; -1 for none. Plain labels are I.
        outside: The model's column for `O`.
        first: For each of the model's columns, the first one with the same meaning,
            int64 [n_outputs].
    """

    ends: bool
    labels: Tuple[str, ...]
    columns: np.ndarray
    outside: int
    first: np.ndarray

    def merge(self, probabilities: np.ndarray) -> np.ndarray:
        """Sum the probabilities of columns with the same meaning.

        Args:
            probabilities: Probabilities of the model's outputs [n, n_outputs].

        Returns:
            Probabilities [n, n_outputs]. The first of the columns has the sum, the
            others are 0. It is the input itself if all columns differ in meaning.
        """
        repeated = np.flatnonzero(self.first != np.arange(len(self.first)))
        if not len(repeated):
            return probabilities
        merged = probabilities.copy()
        merged[:, repeated] = 0
        for column in repeated.tolist():
            merged[:, self.first[column]] += probabilities[:, column]
        return merged

    def split(self, probabilities: np.ndarray) -> Tuple[np.ndarray, np.ndarray]:
        """Arrange columns by their meaning.

        Args:
            probabilities: Probabilities of the model's outputs [n, n_outputs].

        Returns:
            Probabilities of O, float64 [n], and of B, I, L and U of each label, float64
            [n, n_labels, 4], 0 where the model has no such label.
        """
        wide = self.merge(probabilities.astype(np.float64))
        # Column -1 is that of labels that the model does not have.
        padded = np.hstack([wide, np.zeros((len(wide), 1))])
        return wide[:, self.outside], padded[:, self.columns]


def read_scheme(
    names: Sequence[str],
    *,
    source: str,
    renamed: Optional[Mapping[str, Optional[str]]] = None,
) -> LabelScheme:
    """Determine the scheme of a model's outputs.

    BIO and IOB1 are not distinguished. In both, an I without a preceding entity of its
    label begins an entity. Outputs for special tokens, such as `[CLS]`, and `B-O` and
    `I-O` are read as O, which is logged.

    Args:
        names: Names of the outputs in the order of the model's columns.
        source: Name of the model, for error messages.
        renamed: New names of some outputs; None for no entity.

    Returns:
        The scheme.

    Raises:
        DistillError: If the names are the defaults `LABEL_0` etc., if there is no `O`
            or no entity label, if names are of different schemes or spellings, or if
            `renamed` has outputs that the model does not have. Where new names help,
            the message ends with a map of them to paste.
    """
    renamed = renamed or {}
    outputs = rename(names, renamed, source=source)
    check_named(outputs, source=source)
    found = read_tag_set(
        [output.new for output in outputs if not output.is_special], plain=True
    )
    check_outside(outputs, found, source=source)
    check_spelling(outputs, found, source=source)
    tags = [
        OUTSIDE if output.is_special else found.tags[output.new] for output in outputs
    ]
    check_labels(outputs, tags, found, source=source)
    no_entity = [
        output.name
        for output, tag in zip(outputs, tags)
        if tag == OUTSIDE and output.new.strip().lower() != "o"
    ]
    if no_entity:
        logger.warning(
            "Outputs of %s that are no entity are read as O: %s",
            source,
            list_names(no_entity, most=len(no_entity)),
        )
    return _arrange(tags, found.labels)


def _arrange(tags: Sequence[Tag], labels: Tuple[str, ...]) -> LabelScheme:
    """Return the scheme of outputs with these tags."""
    firsts: Dict[str, int] = {}
    for column, tag in enumerate(tags):
        firsts.setdefault(tag.biluo, column)
    columns = [[firsts.get(f"{p}-{label}", -1) for p in "BILU"] for label in labels]
    return LabelScheme(
        ends=any(tag.prefix == "L" for tag in tags),
        labels=labels,
        columns=np.array(columns, dtype=np.int64),
        outside=firsts[OUTSIDE.biluo],
        first=np.array([firsts[tag.biluo] for tag in tags], dtype=np.int64),
    )
