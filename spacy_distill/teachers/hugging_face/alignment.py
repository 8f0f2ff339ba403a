"""Align a model's word pieces to a Doc's tokens by character offsets.

The label of a word depends on all its pieces, such as "zeb" and "##ra", so pieces are
grouped to words first. The model's words need not be spaCy's tokens: "don't" may be
"don" and "'t" for the model, but is "do" and "n't" for spaCy.
"""

import re
import unicodedata
from typing import List, NamedTuple, Optional, Sequence, Tuple

Offsets = Tuple[int, int]

# Scripts without spaces (Thai, Lao, Myanmar, Khmer, Chinese, Japanese), in which every
# piece is treated as a word.
_NO_SPACES = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u2e80-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)


class Word(NamedTuple):
    """A word of the model.

    Attributes:
        start: First character.
        end: Character after the last.
        pieces: Indices of the word's pieces.
    """

    start: int
    end: int
    pieces: Tuple[int, ...]


class Unit(NamedTuple):
    """The smallest group of tokens that is aligned to whole words: mostly one token.

    Attributes:
        tokens: Indices of the tokens.
        pieces: Indices of the word pieces.
    """

    tokens: Tuple[int, ...]
    pieces: Tuple[int, ...]


def model_words(
    text: str, offsets: Sequence[Offsets], word_ids: Sequence[Optional[int]]
) -> List[Word]:
    """Group word pieces to words, i.e. to sequences of letters and digits.

    The tokenizers' own words are not used, since they differ: SentencePiece makes one
    word of "Paris.", byte-level BPE makes two of "10km".

    Args:
        text: The text.
        offsets: First character and character after the last of each piece, in order.
        word_ids: The tokenizer's index of each piece's word.

    Returns:
        Words in order. Whitespace at the ends of a piece is not part of a word. A piece
        of whitespace only (e.g. a lone marker) belongs to the word that it opens
        according to the tokenizer, and to no word if it opens none.
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
    """Align tokens to words.

    A token is aligned to the words that begin in it. A token in which no word begins
    joins the previous unit if a word of that unit extends into the token. Otherwise
    the model did not see the token, and it is in no unit.

    Args:
        tokens: First character and character after the last of each token, in order;
            None for whitespace, which is not aligned.
        words: Words in order.

    Returns:
        Units in order.
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
    """Return whether a piece from `start` continues a word that ends at `end`."""
    if start < end:
        # Both contain bytes of the same character.
        return True
    if any(char.isspace() for char in text[end:start]):
        return False
    return _is_letter(text[end - 1]) and _is_letter(text[start])


def _is_letter(char: str) -> bool:
    # Combining marks and invisible joiners are parts of words.
    inside = char.isalnum() or unicodedata.category(char) in ("Mn", "Mc", "Me", "Cf")
    return inside and not _NO_SPACES.match(char)
