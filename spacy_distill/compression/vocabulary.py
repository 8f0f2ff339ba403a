"""Which words are worth a row of their own."""

from typing import Any, NamedTuple

import numpy as np
from thinc.api import Model

from ..students.pieces import PIECE_PARAMS, Segmenter


class Pruned(NamedTuple):
    """before, after: words with a row. bare: those of them that cannot be composed."""

    before: int
    after: int
    bare: int


def prune_words(encoder: Model, most: int) -> Pruned:
    """Leave the word table of a student encoder the rows that say most: those farthest
    (L2) from the vector that the word would be composed to without. The others are
    dropped, and their words composed from pieces, like any that training never met.

    most: so many words keep their row; those that cannot be composed all do, which may
        be more. At a tie the more frequent word stays.
    """
    words = encoder.attrs["words"]
    table: Any = encoder.get_param("word_vectors")
    composed, found = _compose(encoder)
    distance = np.linalg.norm(table[1:] - composed, axis=1)
    distance[~found] = np.inf
    bare = int((~found).sum())
    order = np.argsort(-distance, kind="stable")
    kept = np.sort(order[: max(most, bare)])
    if len(kept) < len(words):
        # New objects, by which the encoder sees that its words are others.
        encoder.attrs["words"] = [words[i] for i in kept]
        rows: Any = table[np.concatenate([[0], kept + 1])]
        encoder.set_param("word_vectors", rows)
    return Pruned(before=len(words), after=len(kept), bare=bare)


def _compose(encoder: Model) -> Any:
    """Vectors of all words of the table as composed, float32 [n_words, width], and
    whether they can be, bool [n_words]."""
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
