"""Find the columns of words and of entity tags in a column file, by their content.

    CoNLL-2003       word POS chunk TAG         chunks have the prefixes of tags, too
    token numbers    number word TAG            numbers are not words
    GermEval         number word OUTER inner    of nested tags, the outer ones
    CoNLL-U          number word ... MISC       tags in MISC, as NE=B-PER, or a column
    MultiCoNER       word _ _ TAG               columns of one value say nothing
    tags first       TAG word

What more than one pair of columns may be is refused.
"""

from typing import List, NamedTuple, Optional, Sequence, Tuple

from ..errors import DistillError
from .column_rows import Table
from .column_values import MISSING, OUTSIDE, ColumnValues, is_outside, read_pairs

# Phrases of chunkers, in English and other languages; no entity labels.
_CHUNKS = {
    *("NP", "VP", "PP", "ADJP", "ADVP", "SBAR", "PRT", "CONJP", "INTJ", "LST", "UCP"),
    *("NC", "VC", "PC", "AC", "MWU"),
}
_CONLLU_COLUMNS = 10
# Shares of lines with the same number of columns that make a file a column file.
_SAME_WIDTH = 0.8
# Lines of text that hardly have the same number of words by chance.
_MANY_ROWS = 5
# A column of words has at least about as many different ones as any other column.
_MORE_VARIED = 1.5
# Columns that are listed with their examples.
_LISTED = 6


class Layout(NamedTuple):
    """The columns of a file, counted from 0.

    Attributes:
        word: Column of the words.
        tag: Column of the tags; None without tags.
        key: Name of the pairs `NAME=TAG` in that column; empty for plain tags.
        number: Column of token numbers; None without.
        inner: Column of tags that are nested in those of `tag`; None without.
        width: Number of columns.
    """

    word: int
    tag: Optional[int]
    key: str
    number: Optional[int]
    inner: Optional[int]
    width: int

    def tag_of(self, fields: Sequence[str]) -> str:
        """Return the tag of a token: `O` where it has none.

        Args:
            fields: Fields of the token's line.
        """
        if self.tag is None:
            return OUTSIDE
        value = fields[self.tag]
        if self.key:
            value = read_pairs(value).get(self.key, OUTSIDE)
        return OUTSIDE if value == MISSING else value

    def describe(self, *, tags: bool = True) -> str:
        """Describe the columns, counted from 1.

        Args:
            tags: Whether to name the column of tags.
        """
        parts = [f"words from column {self.word + 1}"]
        if tags and self.tag is not None:
            of = f"{self.key}= in " if self.key else ""
            parts.append(f"tags from {of}column {self.tag + 1}")
        return f"{', '.join(parts)} of {self.width}"


def find_layout(
    table: Table,
    *,
    source: str,
    word_column: Optional[int] = None,
    tag_column: Optional[int] = None,
    needs_tags: bool = True,
) -> Layout:
    """Find the columns of words and tags.

    Args:
        table: Rows of the file.
        source: Name of the file, for error messages.
        word_column: Column of the words, from 1, or from -1 for the last. None finds
            it.
        tag_column: Column of the tags, likewise.
        needs_tags: Whether tags are needed; if not, words are enough.

    Returns:
        The columns.

    Raises:
        DistillError: If there are no such columns, or if more than one may be meant.
    """
    columns = ColumnValues(table)
    word = _index(word_column, "--word-column", columns, source)
    tag = _index(tag_column, "--tag-column", columns, source)
    if word is not None and word == tag:
        raise DistillError(
            f"{source}: expected words and tags in two columns, got --word-column"
            f" {word_column} and --tag-column {tag_column}: correct one of them."
        )
    if tag is None:
        found = _find_tags(columns, word, source, needed=needs_tags)
    else:
        found = (tag, columns.key(tag), None)
    if word is None:
        word = _find_words(columns, found[0], source)
    return Layout(
        word=word,
        tag=found[0],
        key=found[1],
        number=0 if columns.are_ids(0) and 0 not in (word, found[0]) else None,
        inner=found[2],
        width=columns.width,
    )


def is_regular(table: Table) -> bool:
    """Whether lines have the same number of columns, two or more, but for a few faults.

    Args:
        table: Rows of the file, or of its beginning.
    """
    return table.width > 1 and table.share >= _SAME_WIDTH


def has_many_rows(table: Table) -> bool:
    """Whether so many lines have the same number of columns that they are no prose.

    Args:
        table: Rows of the file, or of its beginning.
    """
    return table.share >= _SAME_WIDTH and sum(map(len, table.rows)) >= _MANY_ROWS


def looks_like_columns(table: Table, *, least_rows: int) -> bool:
    """Whether lines are those of a column file, with tags or in CoNLL-U.

    Args:
        table: Rows of the file, or of its beginning.
        least_rows: Rows that are needed. A single line may be any text.
    """
    if not is_regular(table):
        return False
    columns = ColumnValues(table)
    if columns.are_ids(0) and columns.width == _CONLLU_COLUMNS:
        return True
    return columns.n_rows >= least_rows and any(
        map(columns.are_tags, range(columns.width))
    )


def _find_tags(
    columns: ColumnValues, word: Optional[int], source: str, *, needed: bool
) -> Tuple[Optional[int], str, Optional[int]]:
    """Return the column of tags, the name of pairs in it, and the nested tags."""
    found = [i for i in range(columns.width) if i != word and columns.are_tags(i)]
    # Chunks have the same prefixes. They are taken only if there is nothing else.
    found = [i for i in found if not _are_chunks(columns, i)] or found
    # A column without any entity may be the nested tags of GermEval.
    found = [i for i in found if columns.labels(i)] or found[-1:]
    for i in range(columns.width) if not found else ():
        if key := columns.key(i):
            return i, key, None
    if len(found) == 1 or (found and not needed):
        return found[0], "", None
    if not found:
        if not needed:
            return None, "", None
        listed = "; ".join(map(columns.example, range(min(columns.width, _LISTED))))
        raise DistillError(
            f"{source}: expected a column of entity tags such as O, B-PER and I-PER,"
            f" got none: {listed}. Correct the tags, or name their column with"
            " --tag-column."
        )
    outer, inner = found[0], found[-1]
    if len(found) == 2 and _is_nested(columns, outer, inner):
        return outer, "", inner
    raise _ambiguous(columns, found, "entity tags", "--tag-column", source)


def _find_words(columns: ColumnValues, tag: Optional[int], source: str) -> int:
    rest = [i for i in range(columns.width) if i != tag]
    if columns.width >= _CONLLU_COLUMNS and tag != 1 and columns.are_ids(0):
        return 1
    excluded = (
        columns.are_numbers,
        columns.are_names_of_tokens,
        columns.are_of_sentence,
        columns.are_tags,
    )
    for are_no_words in excluded:
        # The last one left is the words, whatever they look like.
        rest = [i for i in rest if not are_no_words(i)] or rest
    first = rest[0]
    varied = _MORE_VARIED * len(columns.distinct[first])
    others = [i for i in rest[1:] if len(columns.distinct[i]) >= varied]
    if others:
        raise _ambiguous(columns, [first, *others], "words", "--word-column", source)
    return first


def _are_chunks(columns: ColumnValues, i: int) -> bool:
    labels = columns.labels(i)
    return bool(labels) and labels <= _CHUNKS


def _is_nested(columns: ColumnValues, outer: int, inner: int) -> bool:
    """Whether all tags of a column are within the entities of another one."""
    pairs = list(zip(columns.values[outer], columns.values[inner]))
    within = [not is_outside(a) for a, b in pairs if not is_outside(b)]
    n_outer = sum(not is_outside(a) for a, _ in pairs)
    # Two taggers that agree on where entities are: neither is nested in the other.
    return all(within) and (len(within) < n_outer or columns.are_ids(0))


def _index(
    column: Optional[int], option: str, columns: ColumnValues, source: str
) -> Optional[int]:
    if column is None:
        return None
    if column == 0 or not -columns.width <= column <= columns.width:
        raise DistillError(
            f"{source}: expected {option} from 1 to {columns.width}, or from -1 for the"
            f" last, got {column}: correct it."
        )
    return column - 1 if column > 0 else columns.width + column


def _ambiguous(
    columns: ColumnValues, found: List[int], what: str, option: str, source: str
) -> DistillError:
    candidates = " and ".join(columns.example(i) for i in found)
    choices = " or ".join(f"{option} {i + 1}" for i in found)
    return DistillError(
        f"{source}: expected one column of {what}, got {len(found)} that may be:"
        f" {candidates}. Choose one with {choices}."
    )
