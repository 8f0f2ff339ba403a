"""Words by themselves: their shape, and a transformer's word pieces."""

from dataclasses import dataclass
from pathlib import Path
from typing import List, Union

import numpy as np
import srsly

from .errors import DistillError
from .files import write_atomically

N_SHAPES = 6


def word_shape(word: str) -> int:
    """0 lower case, 1 upper case, 2 capitalised, 3 has a digit, 4 other letters
    (mixed case, scripts without case), 5 anything else."""
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
    """A teacher's vocabulary of word pieces. Special and unused pieces are left out.

    surfaces: the text of each piece, without any marker; n of them.
    initial: bool [n], True if the piece can begin a word. The same surface may occur
        twice, once for the beginning of a word and once for its inside.
    vectors: float16 [n, width], the teacher's own input embeddings.
    lowercase, strip_accents: what the teacher does to a text before cutting it.
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
        """Return the word pieces as msgpack: the same pieces give the same bytes."""
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
        """Read what `to_bytes` wrote. Raises DistillError for anything else."""
        # Whatever the bytes are, the answer to them is the same one line.
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
        """Write the word pieces to one file, whole or not at all."""
        write_atomically(Path(path), self.to_bytes())

    @classmethod
    def from_file(cls, path: Union[str, Path]) -> "WordPieces":
        """Read what `to_file` wrote.

        Raises DistillError, naming the file, if it is missing or something else.
        """
        try:
            data = Path(path).read_bytes()
        except OSError as error:
            raise DistillError(
                f"Expected a file of word pieces at {path}: {error.strerror}. Annotate"
                " again to make one."
            ) from error
        try:
            return cls.from_bytes(data)
        except DistillError as error:
            raise DistillError(f"{path}: {error}") from error
