"""The BILUO tag scheme: names, column order and constraints."""

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

OUTSIDE = "O"


def biluo_tags(labels: Sequence[str]) -> Tuple[str, ...]:
    """Return tag names in column order: `O`, then `B-X I-X L-X U-X` for each label X.

    >>> biluo_tags(["LOC"])
    ('O', 'B-LOC', 'I-LOC', 'L-LOC', 'U-LOC')

    Args:
        labels: Entity labels.

    Returns:
        The tag names.
    """
    tags: List[str] = [OUTSIDE]
    for label in labels:
        tags.extend(f"{prefix}-{label}" for prefix in "BILU")
    return tuple(tags)


def entity_labels(tags: Sequence[str]) -> Tuple[str, ...]:
    """Return the entity labels of tags, in order of first appearance.

    Args:
        tags: Tag names.

    Returns:
        The labels.
    """
    return tuple(dict.fromkeys(tag[2:] for tag in tags if tag != OUTSIDE))


class TagGrammar(NamedTuple):
    """The constraints of a tag scheme.

    Attributes:
        start: Tags that may be first, bool [n_tags].
        follow: Whether the column may follow the row, bool [n_tags, n_tags].
        end: Tags that may be last, bool [n_tags].
    """

    start: np.ndarray
    follow: np.ndarray
    end: np.ndarray


def tag_grammar(tags: Sequence[str]) -> TagGrammar:
    """Return the constraints under which BILUO tags encode complete entities.

    Args:
        tags: Tag names in column order.

    Returns:
        Which tags may start, follow and end.
    """
    opens = np.array([tag[0] in "BI" for tag in tags])
    continues = np.array([tag[0] in "IL" for tag in tags])
    label = np.array([tag[2:] for tag in tags])
    # An open entity must continue with its own label; a closed one must not continue.
    same = label[:, None] == label[None, :]
    follow = np.where(opens[:, None], continues[None, :] & same, ~continues[None, :])
    return TagGrammar(start=~continues, follow=follow, end=~opens)


def tags_to_spans(tags: Sequence[str]) -> List[Tuple[int, int, str]]:
    """Return the entities of a valid BILUO sequence.

    Args:
        tags: Tag name of each token.

    Returns:
        Entities (start, end, label) in token indices, end exclusive.
    """
    spans = []
    start = 0
    for i, tag in enumerate(tags):
        if tag[0] in "BU":
            start = i
        if tag[0] in "LU":
            spans.append((start, i + 1, tag[2:]))
    return spans


def span_tags(length: int, label: str) -> List[str]:
    """Return the BILUO tags of an entity.

    Args:
        length: Number of tokens of the entity.
        label: Its label.

    Returns:
        One tag name for each token.
    """
    _, begin, inside, last, unit = biluo_tags([label])
    return [unit] if length == 1 else [begin, *[inside] * (length - 2), last]
