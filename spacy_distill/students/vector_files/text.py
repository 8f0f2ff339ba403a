"""Word vectors as text: GloVe, and fastText's and word2vec's text format."""

import gzip
from pathlib import Path
from typing import AbstractSet, Iterator, Optional, TextIO, Tuple, cast

import numpy as np

from ...errors import DistillError
from .base import ReadVector

ENDINGS = (".txt", ".vec", ".txt.gz", ".vec.gz")


class TextVectors:
    """A word and its numbers on each line, separated by spaces.

    The first line may be a header with the number of words and the width, as fastText
    and word2vec write it, but not GloVe.

    Args:
        path: The file; `.gz` is read compressed.

    Attributes:
        name: What it is called in messages.
        width: Width of its vectors.

    Raises:
        DistillError: If the file cannot be read as such.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        self._n_words: Optional[int] = None
        with _open(path) as file:
            line = file.readline()
            header = line.split()
            if len(header) == 2 and all(part.isdigit() for part in header):
                self._n_words, self.width = int(header[0]), int(header[1])
                return
        self.width = len(line.rstrip().split(" ")) - 1
        if self.width < 2 or _numbers(line.rstrip().split(" ")[1:]) is None:
            raise DistillError(
                f"Expected a word and its numbers on each line of {path}, got"
                f" {line.strip()[:60]!r}: give word vectors in the text format of"
                " GloVe, fastText or word2vec."
            )

    def rows(self, wanted: AbstractSet[str]) -> Iterator[Tuple[str, ReadVector]]:
        """See `VectorFile`."""
        n_read = 0
        with _open(self._path) as file:
            if self._n_words is not None:
                file.readline()
            try:
                for n_read, line in enumerate(file, 1):
                    # From the right: words of some files have spaces.
                    parts = line.rstrip("\n ").rsplit(" ", self.width)
                    if len(parts) != self.width + 1:
                        raise self._damaged(n_read, len(parts) - 1)

                    def read(at: int = n_read, parts: list[str] = parts) -> np.ndarray:
                        vector = _numbers(parts[1:])
                        if vector is None:
                            raise self._damaged(at, len(parts) - 1)
                        return vector

                    yield parts[0], read
            except EOFError as error:
                raise DistillError(
                    f"Expected a whole file at {self.name}, got one that was cut short:"
                    " download it again."
                ) from error
        if self._n_words is not None and n_read < self._n_words:
            raise DistillError(
                f"Expected {self._n_words:,} words in {self.name}, as its first line"
                f" says, got {n_read:,}: it was cut short; download it again."
            )

    def _damaged(self, n: int, found: int) -> DistillError:
        line = n + (self._n_words is not None)
        return DistillError(
            f"Expected a word and {self.width} numbers on line {line:,} of {self.name},"
            f" got {found} or something else than numbers: the file was cut short or"
            " damaged; download it again."
        )


def _open(path: Path) -> TextIO:
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        # Published files have some words in other encodings.
        file = opener(path, "rt", encoding="utf-8", errors="replace", newline="\n")
        return cast(TextIO, file)
    except OSError as error:
        raise DistillError(
            f"Expected word vectors at {path}: {error.strerror or error}."
        ) from error


def _numbers(parts: list[str]) -> Optional[np.ndarray]:
    try:
        return np.array(parts, dtype=np.float32)
    except ValueError:
        return None
