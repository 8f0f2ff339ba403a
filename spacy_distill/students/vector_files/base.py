"""What a file of word vectors offers, and how words are chosen from it."""

from typing import (
    AbstractSet,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Protocol,
    Tuple,
)

import numpy as np
from spacy.util import logger

from ...errors import DistillError

# Reads the vector of a word: float [width].
ReadVector = Callable[[], np.ndarray]


class VectorFile(Protocol):
    """A file of word vectors, most frequent words first.

    Attributes:
        name: What it is called in messages.
        width: Width of its vectors.
    """

    name: str
    width: int

    def rows(self, wanted: AbstractSet[str]) -> Iterator[Tuple[str, ReadVector]]:
        """Yield each word, and what reads its vector until the next word.

        Files may be larger than memory: vectors are read only where they are needed.

        Args:
            wanted: Words that are needed, for files that have only hashes of words.
                Others may be left out of those.
        """
        ...


class ChosenVectors(NamedTuple):
    """Vectors chosen from a file.

    Attributes:
        words: The words in the order of the file, each once.
        vectors: float32 [n_words, width].
        n_first: How many of them are the first words of the file; those after are
            there since they were wanted.
    """

    words: List[str]
    vectors: np.ndarray
    n_first: int


def choose_vectors(
    file: VectorFile, *, first: int, wanted: Iterable[str]
) -> ChosenVectors:
    """Read the first words of a file, and others that are wanted.

    A word that is there several times counts once, with its first vector. Words whose
    vectors are not finite are left out, which is logged.

    Args:
        file: The file.
        first: How many of its first words to read; all where it has fewer.
        wanted: Other words to read where the file has them.

    Returns:
        The words with their vectors.

    Raises:
        DistillError: If the file is damaged, or has none of these words.
    """
    needed = set(wanted)
    rows: Dict[str, np.ndarray] = {}
    n_first = n_repeated = n_broken = 0
    for word, read in file.rows(needed):
        if n_first >= first and word not in needed:
            continue
        if word in rows:
            n_repeated += 1
            continue
        vector = np.asarray(read(), dtype=np.float32)
        if not np.isfinite(vector).all():
            n_broken += 1
            continue
        # Copied: the file may be a memory map.
        rows[word] = np.array(vector)
        n_first += n_first < first
    if n_repeated or n_broken:
        logger.warning(
            f"{file.name}: left out {n_repeated:,} repeated words, and {n_broken:,}"
            " whose vectors are not finite"
        )
    if not rows:
        raise DistillError(
            f"Expected vectors of words in {file.name}, got none: choose another file."
        )
    words = list(rows)
    return ChosenVectors(words, np.stack([rows[word] for word in words]), n_first)
