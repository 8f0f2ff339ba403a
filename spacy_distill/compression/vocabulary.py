"""Pruning of the word embedding table and of known words."""

from typing import Any, NamedTuple

import numpy as np
from thinc.api import Model

from ..students.composition import KNOWN_PARAMS, get_composer


class Pruned(NamedTuple):
    """Result of pruning.

    Attributes:
        before: Number of words with a row before.
        after: Number of words with a row after.
        bare: Number of words that keep their row since they cannot be composed from
            pieces.
    """

    before: int
    after: int
    bare: int


def prune_words(encoder: Model, most: int) -> Pruned:
    """Prune the word embedding table of a student encoder, in place.

    Keeps the rows with the largest L2 distance to the vector composed from the word's
    pieces. The other words are composed from pieces at run time, like words that were
    not seen in training.

    Args:
        encoder: Student encoder.
        most: Number of rows to keep. Words that cannot be composed always keep their
            row, so there may be more. Of equal distances the more frequent word is
            kept.

    Returns:
        Number of rows before and after.
    """
    words = encoder.attrs["words"]
    table: Any = encoder.get_param("word_vectors")
    composed, found = _composed_vectors(encoder)
    distance = np.linalg.norm(table[1:] - composed, axis=1)
    distance[~found] = np.inf
    bare = int((~found).sum())
    order = np.argsort(-distance, kind="stable")
    kept = np.sort(order[: max(most, bare)])
    if len(kept) < len(words):
        # The encoder detects changed words by the identity of the list.
        encoder.attrs["words"] = [words[i] for i in kept]
        rows: Any = table[np.concatenate([[0], kept + 1])]
        encoder.set_param("word_vectors", rows)
    return Pruned(before=len(words), after=len(kept), bare=bare)


def prune_known_words(encoder: Model, most: int) -> None:
    """Keep only the most frequent known words of a student encoder, in place.

    The others are composed from pieces, or unknown.

    Args:
        encoder: Student encoder.
        most: Number of known words to keep.
    """
    known = encoder.attrs.get("known")
    if not known or most >= len(known["words"]):
        return
    # The encoder detects changed words by the identity of the dict.
    encoder.attrs["known"] = {**known, "words": known["words"][:most]} if most else {}
    for name in KNOWN_PARAMS:
        table: Any = encoder.get_param(name)
        encoder.set_param(name, table[:most])


def count_known_words(encoder: Model) -> int:
    """Return the number of known words of a student encoder."""
    return len(encoder.attrs.get("known", {}).get("words", ()))


def _composed_vectors(encoder: Model) -> Any:
    """Compose vectors for all words of the table.

    Returns float32 [n_words, width], and whether each word can be composed, bool
    [n_words].
    """
    words = encoder.attrs["words"]
    compose = get_composer(encoder)
    composed = np.zeros((len(words), compose.width), dtype=np.float32)
    found = np.zeros(len(words), dtype=bool)
    for i, word in enumerate(words):
        vector = compose(word)
        if vector is not None:
            found[i] = True
            composed[i] = vector
    return composed, found
