"""From a model's word pieces to a Doc's tokens, by character offsets.

Two ideas meet here. A model reads *pieces* and means *words*: what it says of "zeb" in
"zeb ##ra" it says of "zebra". And its words need not be the tokens of spaCy: "don't"
may be "don" and "'t" to the one and "do" and "n't" to the other.
"""

import re
import unicodedata
from typing import List, NamedTuple, Optional, Sequence, Tuple

Offsets = Tuple[int, int]

# Scripts without spaces (Thai, Lao, Myanmar, Khmer, Chinese, Japanese): there each
# piece is as good as a word.
_NO_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)


class Word(NamedTuple):
    """Characters start to end (exclusive) and the pieces that make them up."""

    start: int
    end: int
    pieces: Tuple[int, ...]


class Unit(NamedTuple):
    """Tokens that the model cannot tell apart, mostly one, and their pieces."""

    tokens: Tuple[int, ...]
    pieces: Tuple[int, ...]


def model_words(
    text: str, offsets: Sequence[Offsets], word_ids: Sequence[Optional[int]]
) -> List[Word]:
    """Gather pieces into words: letters and digits that follow one another.

    Tokenizers have ideas of their own, which differ: SentencePiece makes one word of
    "Paris.", byte-level BPE two of "10km".

    offsets: first character and the one after the last of each piece, in order.
    word_ids: the tokenizer's own number of each one's word.

    White space at the ends of a piece is not part of it. A piece of nothing else (a
    lone marker) is part of the word that it opens, to the tokenizer; if it opens none,
    it is left out.
    """
    words: List[Word] = []
    opening: List[int] = []
    for piece, (start, end) in enumerate(offsets):
        start, end = _trim(text, start, end)
        if start == end:
            opening.append(piece)
            continue
        same = [i for i in opening if word_ids[i] == word_ids[piece]]
        opening = []
        last = words[-1] if words else None
        if last is not None and _is_one_word(text, last.end, start):
            pieces = (*last.pieces, *same, piece)
            words[-1] = Word(last.start, max(last.end, end), pieces)
        else:
            words.append(Word(start, end, (*same, piece)))
    return words


def align(tokens: Sequence[Optional[Offsets]], words: Sequence[Word]) -> List[Unit]:
    """Find the words that begin in each token.

    tokens: first character and the one after the last of each token, in order; None
        for white space, which takes part in nothing.

    A token in which no word begins shares the unit of the token before if a word
    reaches over from there. Otherwise the model did not see it, and it is in no unit.
    """
    units: List[Unit] = []
    reach = number = 0
    for token, place in enumerate(tokens):
        if place is None:
            continue
        start, end = place
        first = number
        while number < len(words) and words[number].start < end:
            reach = max(reach, words[number].end)
            number += 1
        pieces = tuple(i for word in words[first:number] for i in word.pieces)
        if pieces:
            units.append(Unit((token,), pieces))
        elif units and start < reach:
            units[-1] = Unit((*units[-1].tokens, token), units[-1].pieces)
    return units


def _trim(text: str, start: int, end: int) -> Offsets:
    part = text[start:end]
    start += len(part) - len(part.lstrip())
    return start, start + len(part.strip())


def _is_one_word(text: str, end: int, start: int) -> bool:
    """Whether a piece that begins at `start` goes on with a word up to `end`."""
    if start < end:
        # Bytes of one and the same character.
        return True
    if any(char.isspace() for char in text[end:start]):
        return False
    return _is_letter(text[end - 1]) and _is_letter(text[start])


def _is_letter(char: str) -> bool:
    # Combining marks and invisible joiners are parts of words.
    inside = char.isalnum() or unicodedata.category(char) in ("Mn", "Mc", "Me", "Cf")
    return inside and not _NO_SPACES.match(char)
