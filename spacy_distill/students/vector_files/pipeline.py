"""Word vectors of spaCy pipelines."""

from functools import partial
from typing import AbstractSet, Iterator, Tuple

from ...docs import load_pipeline
from ...errors import DistillError
from .base import ReadVector


class PipelineVectors:
    """The static vectors of a spaCy pipeline, in the order of its table.

    Args:
        name: Installed package or folder.

    Attributes:
        name: What it is called in messages.
        width: Width of its vectors.

    Raises:
        DistillError: If it cannot be loaded, or has no vectors of words.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self._vocab = load_pipeline(name).vocab
        vectors = self._vocab.vectors
        if not vectors.n_keys or vectors.n_keys < 0:
            raise DistillError(
                f"Expected a pipeline with vectors of words, got {name}, which has"
                f" {'those of parts of words' if vectors.n_keys else 'none'}: give"
                " another, such as en_core_web_md, or a file of vectors."
            )
        self.width = vectors.shape[1]

    def rows(self, wanted: AbstractSet[str]) -> Iterator[Tuple[str, ReadVector]]:
        """See `VectorFile`."""
        vectors, strings = self._vocab.vectors, self._vocab.strings
        # Vectors have hashes of words. Not all pipelines have the words to them, too.
        for word in wanted:
            strings.add(word)
        rows = vectors.key2row
        for key in sorted(rows, key=rows.__getitem__):
            if key in strings:
                yield strings[key], partial(vectors.data.__getitem__, rows[key])
