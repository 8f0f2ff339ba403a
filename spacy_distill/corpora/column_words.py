"""Words and spaces of a sentence in a column file.

Most files have a word in each line and do not say where spaces are. CoNLL-U does, with
`SpaceAfter=No` or `# text = ...`, and splits words of the text: in

    1-2  del   _
    1    de    O
    2    el    B-LOC
    2.1  ello  _

the text has the word `del`, and nothing of what has the number 2.1.
"""

import re
from typing import Iterable, List, NamedTuple, Optional, Sequence, Tuple

from ..errors import DistillError
from ..languages import puts_spaces
from .column_layout import Layout
from .column_rows import Row, RowSentence
from .column_values import OUTSIDE

# The first column of CoNLL-U in which SpaceAfter=No may be.
_MISC = 9
_SPACE_AFTER = re.compile(r"(?:^|\|)SpaceAfter=(\w+)")
# Ideographs, kana and bopomofo: scripts without spaces between words.
_UNSPACED = re.compile(
    "[\u3041-\u30ff\u3105-\u312f\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff"
    "\U00020000-\U0003ffff]"
)
_LATIN_WORD = re.compile(r"[A-Za-z0-9]+")
_INDEXED = re.compile(r"(.|.+?)(\d+)", re.DOTALL)
# Share of words that are one character with an index that goes on; others are faults.
_MOST = 0.99


class SurfaceWords(NamedTuple):
    """The words of a sentence as they are in the text.

    Attributes:
        words: The words.
        spaces: Whether a space follows each word; None if the file does not say.
        tokens: Rows that have a tag: the words, or the parts of words.
        parts: First row and end row (exclusive) of each word, in `tokens`.
    """

    words: List[str]
    spaces: Optional[List[bool]]
    tokens: List[Row]
    parts: List[Tuple[int, int]]

    def whole_words(self, start: int, end: int) -> Tuple[int, int, bool]:
        """Return the words of an entity.

        Args:
            start: First row of the entity, in `tokens`.
            end: Row after its last one.

        Returns:
            First word, end word (exclusive), and whether parts of words were cut off.
            There may be no word left.
        """
        inside = [
            i
            for i, (first, last) in enumerate(self.parts)
            if start <= first < last <= end
        ]
        if not inside:
            return 0, 0, True
        first, last = inside[0], inside[-1]
        cut = (self.parts[first][0], self.parts[last][1]) != (start, end)
        return first, last + 1, cut


def surface_words(
    sentence: RowSentence, layout: Layout, *, source: str
) -> SurfaceWords:
    """Return the words of a sentence.

    Args:
        sentence: Rows of the sentence.
        layout: Columns of the file.
        source: Name of the file, for error messages.

    Returns:
        The words.

    Raises:
        DistillError: With `source:line`, if a word is empty, or if the rows of a
            range are not there.
    """
    words: List[str] = []
    spaces: List[bool] = []
    tokens: List[Row] = []
    parts: List[Tuple[int, int]] = []
    says_spaces = False
    for row, split in _words_and_parts(sentence, layout, source):
        word = row.fields[layout.word]
        if not word:
            raise DistillError(
                f"{source}:{row.line}: expected a word in column {layout.word + 1}, got"
                " nothing; add the word or remove the line."
            )
        # The tag may be in the line of the whole word only.
        if layout.tag_of(row.fields) != OUTSIDE and all(
            layout.tag_of(part.fields) == OUTSIDE for part in split
        ):
            split = [row]
        parts.append((len(tokens), len(tokens) + len(split)))
        tokens += split
        space = _space_after(row, layout)
        says_spaces = says_spaces or space is not None
        words.append(word)
        spaces.append(space is not False)
    aligned = None if sentence.text is None else _spaces_in(sentence.text, words)
    if aligned is None and says_spaces:
        aligned = [*spaces[:-1], False]
    return SurfaceWords(words, aligned, tokens, parts)


def usual_spaces(words: Sequence[str], lang: str) -> List[bool]:
    """Return whether a space follows each word, where a file does not say.

    Args:
        words: Words of a sentence.
        lang: Their language.

    Returns:
        True for each word but the last. In languages such as Chinese, only between two
        words of Latin letters or digits that are no single characters.
    """
    if puts_spaces(lang):
        return [True] * (len(words) - 1) + [False]
    latin = [bool(_LATIN_WORD.fullmatch(word)) for word in words]
    return [
        latin[i] and latin[i + 1] and max(len(words[i]), len(words[i + 1])) > 1
        for i in range(len(words) - 1)
    ] + [False]


def lack_spaces(sentences: Iterable[Sequence[str]]) -> bool:
    """Return whether most letters of sentences are Chinese or Japanese.

    Args:
        sentences: Words of each sentence.
    """
    letters = unspaced = 0
    for words in sentences:
        for word in words:
            letters += sum(map(str.isalpha, word))
            unspaced += len(_UNSPACED.findall(word))
    return 2 * unspaced > letters


def without_segment_index(
    sentences: Sequence[Sequence[str]],
) -> Optional[List[List[str]]]:
    """Return characters without the index in their word, as Chinese corpora have it.

    Args:
        sentences: Words of each sentence, such as `雪0 地1 里0`.

    Returns:
        The characters, or None if not every word is a character with such an index.
    """
    found: List[List[str]] = []
    n_words = n_regular = 0
    for words in sentences:
        before = -1
        characters: List[str] = []
        for word in words:
            match = _INDEXED.fullmatch(word)
            if match is None:
                return None
            character, index = match[1], int(match[2])
            n_regular += len(character) == 1 and index in (0, before + 1)
            before = index
            characters.append(character)
        n_words += len(words)
        found.append(characters)
    # Names such as A0 have the same form.
    has_letters = any(not c.isascii() for characters in found for c in characters)
    return found if has_letters and n_regular >= _MOST * n_words else None


def _words_and_parts(
    sentence: RowSentence, layout: Layout, source: str
) -> List[Tuple[Row, List[Row]]]:
    """Return the row of each word, and those of its parts or the same row."""
    found: List[Tuple[Row, List[Row]]] = []
    missing = 0  # rows of the last range that are still to come
    for row in sentence.rows:
        number = "" if layout.number is None else row.fields[layout.number]
        if "." in number:
            continue
        if missing and "-" not in number:
            found[-1][1].append(row)
            missing -= 1
        elif missing:
            break
        elif "-" in number:
            first, last = map(int, number.split("-"))
            missing = last - first + 1
            found.append((row, []))
        else:
            found.append((row, [row]))
    if missing or not found:
        row = found[-1][0] if found else sentence.rows[0]
        raise DistillError(
            f"{source}:{row.line}: expected the words of the range below it, got other"
            f" numbers after {row.fields[0]}; correct them."
        )
    return found


def _space_after(row: Row, layout: Layout) -> Optional[bool]:
    """Return whether a space follows a word; None if its line does not say."""
    if layout.number is None:
        return None
    found = (_SPACE_AFTER.search(field) for field in row.fields[_MISC:])
    return next((match[1] != "No" for match in found if match), None)


def _spaces_in(text: str, words: Sequence[str]) -> Optional[List[bool]]:
    """Return whether a space follows each word in a text, None if it has others."""
    spaces: List[bool] = []
    at = 0
    for word in words:
        while not text.startswith(word, at) and text[at : at + 1].isspace():
            at += 1
        if not text.startswith(word, at):
            return None
        at += len(word)
        spaces.append(text[at : at + 1].isspace())
    if text[at:].strip():
        return None
    return [*spaces[:-1], False]
