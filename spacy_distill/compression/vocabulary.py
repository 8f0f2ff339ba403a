"""Pruning of the word embedding table."""

from typing import Any, NamedTuple

import numpy as np
from thinc.api import Model

from ..students.pieces import PIECE_PARAMS, Segmenter


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


def _composed_vectors(encoder: Model) -> Any:
    """Compose vectors for all words of the table from their pieces.

    Returns float32 [n_words, width], and whether each word can be composed, bool
    [n_words].
    """
    words = encoder.attrs["words"]
    composed = np.zeros((len(words), encoder.attrs["word_width"]), dtype=np.float32)
    found = np.zeros(len(words), dtype=bool)
    if encoder.attrs["pieces"]:
        tables: Any = [encoder.get_param(name) for name in PIECE_PARAMS]
        rows, scales = tables
        segment = Segmenter(**encoder.attrs["pieces"])
        for i, word in enumerate(words):
            pieces = segment(word)
            if pieces:
                found[i] = True
                composed[i] = (rows[pieces] * scales[pieces, None]).mean(axis=0)
    return composed, found
