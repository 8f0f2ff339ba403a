"""Word vectors in word2vec's binary format."""

import mmap
from pathlib import Path
from typing import AbstractSet, Iterator, Tuple

import numpy as np

from ...errors import DistillError
from .base import ReadVector

ENDINGS = (".bin",)
# Bytes of a float32.
_SIZE = 4
_MOST_HEADER = 64


class BinaryVectors:
    """word2vec's `.bin`: a header, then words, a space and float32 numbers.

    The file is mapped into memory, not read: it may be larger than memory.

    Args:
        path: The file.

    Attributes:
        name: What it is called in messages.
        width: Width of its vectors.

    Raises:
        DistillError: If the file cannot be read as such.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        try:
            with path.open("rb") as file:
                line = file.readline(_MOST_HEADER)
        except OSError as error:
            raise DistillError(
                f"Expected word vectors at {path}: {error.strerror or error}."
            ) from error
        header = line.split()
        if len(header) != 2 or not all(part.isdigit() for part in header):
            raise DistillError(
                f"Expected word2vec's binary format in {path}, whose first line has the"
                " number of words and the width, got something else. fastText's .bin"
                " has parts of words: give its .vec."
            )
        self._n_words, self.width = map(int, header)
        self._start = len(line)

    def rows(self, wanted: AbstractSet[str]) -> Iterator[Tuple[str, ReadVector]]:
        """See `VectorFile`."""
        at, size = self._start, self.width * _SIZE
        with self._path.open("rb") as file:
            mapped = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
            with mapped:
                for n_read in range(self._n_words):
                    end = mapped.find(b" ", at)
                    if end < 0 or end + 1 + size > len(mapped):
                        raise DistillError(
                            f"Expected {self._n_words:,} words in {self.name}, as its"
                            f" first line says, got {n_read:,}: it was cut short;"
                            " download it again."
                        )
                    # Some writers put a newline after each vector.
                    word = mapped[at:end].lstrip(b"\n").decode("utf-8", "replace")

                    def read(start: int = end + 1) -> np.ndarray:
                        return np.frombuffer(mapped[start : start + size], "<f4")

                    yield word, read
                    at = end + 1 + size
