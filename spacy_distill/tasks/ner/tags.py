"""The BILUO tag scheme: names, column order and what may follow what."""

from typing import List, NamedTuple, Sequence, Tuple

import numpy as np

OUTSIDE = "O"


def biluo_tags(labels: Sequence[str]) -> Tuple[str, ...]:
    """Tag names in column order: `O`, then `B-X I-X L-X U-X` label by label.

    >>> biluo_tags(["LOC"])
    ('O', 'B-LOC', 'I-LOC', 'L-LOC', 'U-LOC')
    """
    tags: List[str] = [OUTSIDE]
    for label in labels:
        tags.extend(f"{prefix}-{label}" for prefix in "BILU")
    return tuple(tags)


def entity_labels(tags: Sequence[str]) -> Tuple[str, ...]:
    """The entity labels of a tag list, in their order of first appearance."""
    return tuple(dict.fromkeys(tag[2:] for tag in tags if tag != OUTSIDE))


class TagGrammar(NamedTuple):
    """Which tags may start, follow and end, as boolean arrays.

    start: [n_tags]. end: [n_tags]. follow: [n_tags, n_tags], row before column.
    """

    start: np.ndarray
    follow: np.ndarray
    end: np.ndarray


def tag_grammar(tags: Sequence[str]) -> TagGrammar:
    """The constraints that make a BILUO sequence a list of whole entities."""
    opens = np.array([tag[0] in "BI" for tag in tags])
    continues = np.array([tag[0] in "IL" for tag in tags])
    label = np.array([tag[2:] for tag in tags])
    # An open entity must go on with its own label; a closed one must not go on.
    same = label[:, None] == label[None, :]
    follow = np.where(opens[:, None], continues[None, :] & same, ~continues[None, :])
    return TagGrammar(start=~continues, follow=follow, end=~opens)


def tags_to_spans(tags: Sequence[str]) -> List[Tuple[int, int, str]]:
    """Entities (start, end, label) of a valid BILUO sequence, end exclusive."""
    spans = []
    start = 0
    for i, tag in enumerate(tags):
        if tag[0] in "BU":
            start = i
        if tag[0] in "LU":
            spans.append((start, i + 1, tag[2:]))
    return spans


def span_tags(length: int, label: str) -> List[str]:
    """The BILUO tags of an entity of `length` tokens."""
    _, begin, inside, last, unit = biluo_tags([label])
    return [unit] if length == 1 else [begin, *[inside] * (length - 2), last]
