"""Word shapes and word pieces."""

from dataclasses import dataclass
from pathlib import Path
from typing import List, Union

import numpy as np
import srsly

from .addresses import as_path
from .errors import DistillError
from .files import write_atomically

N_SHAPES = 6


def word_shape(word: str) -> int:
    """Return the shape of a word.

    Args:
        word: The word.

    Returns:
        0 for lowercase, 1 for uppercase, 2 for capitalized, 3 if it has a digit, 4 for
        other letters (mixed case, scripts without case), 5 for anything else.
    """
    if word.islower():
        return 0
    if word.isupper():
        return 1
    if word[:1].isupper():
        return 2
    if any(char.isdigit() for char in word):
        return 3
    return 4 if word.isalpha() else 5


@dataclass(frozen=True, eq=False)
class WordPieces:
    """The word pieces of a transformer, without special and unused ones.

    Attributes:
        surfaces: Text of each piece, without markers, n in all.
        initial: Whether the piece can begin a word, bool [n]. A surface may occur
            twice, once for the beginning of a word and once for its inside.
        vectors: Input embeddings, float16 [n, width].
        lowercase: Whether texts are lowercased before tokenization.
        strip_accents: Whether accents are stripped before tokenization.
    """

    surfaces: List[str]
    initial: np.ndarray
    vectors: np.ndarray
    lowercase: bool
    strip_accents: bool

    def __post_init__(self) -> None:
        n = len(self.surfaces)
        if self.initial.shape != (n,) or self.initial.dtype != bool:
            raise DistillError(
                f"Expected `initial` as bool [{n}] for {n} word pieces, got"
                f" {self.initial.dtype} {list(self.initial.shape)}."
            )
        if (
            self.vectors.ndim != 2
            or len(self.vectors) != n
            or self.vectors.dtype != np.float16
        ):
            raise DistillError(
                f"Expected `vectors` as float16 [{n}, width] for {n} word pieces, got"
                f" {self.vectors.dtype} {list(self.vectors.shape)}."
            )

    def to_bytes(self) -> bytes:
        """Serialize to msgpack. Equal word pieces give equal bytes."""
        return srsly.msgpack_dumps(
            {
                "surfaces": self.surfaces,
                "initial": self.initial,
                "vectors": self.vectors,
                "lowercase": self.lowercase,
                "strip_accents": self.strip_accents,
            }
        )

    @classmethod
    def from_bytes(cls, data: bytes) -> "WordPieces":
        """Deserialize the output of `to_bytes`.

        Args:
            data: The bytes.

        Returns:
            The word pieces.

        Raises:
            DistillError: If they are not word pieces.
        """
        # Invalid bytes can raise anything; the error message is always one line.
        try:
            msg = srsly.msgpack_loads(data)
            return cls(
                surfaces=[str(surface) for surface in msg["surfaces"]],
                initial=np.asarray(msg["initial"]),
                vectors=np.asarray(msg["vectors"]),
                lowercase=bool(msg["lowercase"]),
                strip_accents=bool(msg["strip_accents"]),
            )
        except DistillError:
            raise
        except Exception as error:
            raise DistillError(
                f"Expected word pieces in msgpack, got something else ({error}):"
                " annotate again."
            ) from error

    def to_file(self, path: Union[str, Path]) -> None:
        """Write the word pieces to a file atomically.

        Args:
            path: Path of the file.
        """
        write_atomically(path, self.to_bytes())

    @classmethod
    def from_file(cls, path: Union[str, Path]) -> "WordPieces":
        """Read the output of `to_file`.

        Args:
            path: Path of the file.

        Returns:
            The word pieces.

        Raises:
            DistillError: If the file is missing or invalid. The message names it.
        """
        try:
            data = as_path(path).read_bytes()
        except OSError as error:
            raise DistillError(
                f"Expected a file of word pieces at {path}: {error.strerror}. Annotate"
                " again to make one."
            ) from error
        try:
            return cls.from_bytes(data)
        except DistillError as error:
            raise DistillError(f"{path}: {error}") from error
