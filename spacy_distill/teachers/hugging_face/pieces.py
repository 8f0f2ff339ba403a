"""Word pieces of texts, and inputs with a part of them."""

from typing import Any, List, NamedTuple, Optional

from .alignment import Offsets


class Input(NamedTuple):
    """An input of a model, including special tokens.

    Attributes:
        ids: Ids of the word pieces.
        types: Type of each piece: 1 for those of a second text.
    """

    ids: List[int]
    types: List[int]


class Pieces(NamedTuple):
    """The word pieces of a text.

    Attributes:
        ids: Ids in the vocabulary, without special tokens.
        offsets: Character offsets of each piece.
        word_ids: The tokenizer's index of each piece's word.
        prefix: Ids of the special tokens before the pieces.
        suffix: Ids of the special tokens after the pieces, and of a second text.
        types: Type of each piece, those of prefix and suffix included.
    """

    ids: List[int]
    offsets: List[Offsets]
    word_ids: List[Optional[int]]
    prefix: List[int]
    suffix: List[int]
    types: List[int]

    @property
    def size(self) -> int:
        """Number of pieces of the whole input."""
        return len(self.types)

    def window(self, start: int, end: int) -> Input:
        """Return the input with a part of the pieces, between prefix and suffix."""
        first, last = len(self.prefix), self.size - len(self.suffix)
        return Input(
            [*self.prefix, *self.ids[start:end], *self.suffix],
            [
                *self.types[:first],
                *self.types[first + start : first + end],
                *self.types[last:],
            ],
        )


def to_pieces(encoding: Any) -> Pieces:
    """Read the word pieces of a text.

    Args:
        encoding: What a fast tokenizer makes of it, and of a second text.
    """
    inner = [i for i, number in enumerate(encoding.sequence_ids) if number == 0]
    # A text without pieces has special tokens only.
    first, end = (inner[0], inner[-1] + 1) if inner else (len(encoding.ids),) * 2
    return Pieces(
        ids=encoding.ids[first:end],
        offsets=encoding.offsets[first:end],
        word_ids=encoding.word_ids[first:end],
        prefix=encoding.ids[:first],
        suffix=encoding.ids[end:],
        types=encoding.type_ids,
    )
