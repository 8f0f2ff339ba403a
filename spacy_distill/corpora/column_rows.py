"""Split a column file into sentences and fields, whatever its columns mean.

Columns are separated by tabs or by spaces, whichever gives more lines the same number
of fields. A blank line ends a sentence, -DOCSTART- begins a document. Lines that start
with `#` and have other fields than tokens are comments; `# newdoc` begins a document
and `# text = ...` has the text of the sentence that follows.
"""

import re
from collections import Counter
from typing import Callable, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ..errors import DistillError

_DOCUMENT_START = "-DOCSTART-"
# Only spaces and tabs: an ideographic or a no-break space can be a token of the text.
_BLANKS = re.compile(r"[ \t]+")
# Not `#` alone: `#travel` is a word.
_COMMENT = re.compile(r"#+(?:[ \t]|$)")
_TEXT = re.compile(r"#\s*text\s*=\s*(.*)")
# Lines from which the separator is known.
_SAMPLE = 5000
_NEW_DOCUMENT = re.compile(r"#\s*newdoc\b")


class Row(NamedTuple):
    """A token's line.

    Attributes:
        line: Line number, from 1.
        fields: Text of each column.
    """

    line: int
    fields: List[str]


class RowSentence(NamedTuple):
    """The rows of a sentence.

    Attributes:
        rows: Its rows, at least one.
        document: Index of the sentence's document in the file.
        text: Text given by a comment, None if there is none.
    """

    rows: List[Row]
    document: int
    text: Optional[str]


class Table(NamedTuple):
    """The lines of a column file that may be tokens, by their number of fields.

    Attributes:
        split: Splits a line into fields.
        width: The most frequent number of fields.
        share: Share of the lines that have this number, from 0 to 1.
        rows: These lines, without those that start like comments.
        by_line: All rows by their line number, without those that start like comments.
    """

    split: Callable[[str], List[str]]
    width: int
    share: float
    rows: List[List[Row]]
    by_line: Dict[int, Row]


def read_table(lines: Sequence[str]) -> Table:
    """Choose the separator of columns, and split the lines that surely are tokens.

    Args:
        lines: Lines of the file.

    Returns:
        The fields of these lines by sentence, as far as they have the usual number.
    """
    blocks = _token_blocks(lines)
    sample = [line for block in blocks for _, line in block][:_SAMPLE]
    best: Tuple[bool, int] = (False, 0)
    chosen, width = _split_blanks, 0
    for split in (_split_tabs, _split_stripped_tabs, _split_blanks):
        widths = Counter(len(split(line)) for line in sample)
        # The widest of equally frequent ones, so that the result is reproducible.
        usual, count = max(widths.items(), key=_frequent_first, default=(0, 0))
        # One column is what any text has under a separator that does not occur in it.
        if (usual > 1, count) > best:
            best, chosen, width = (usual > 1, count), split, usual
    rows = [[Row(number, chosen(line)) for number, line in block] for block in blocks]
    usual_rows = [[row for row in b if len(row.fields) == width] for b in rows]
    by_line = {row.line: row for block in rows for row in block}
    share = sum(map(len, usual_rows)) / len(by_line) if by_line else 0.0
    return Table(chosen, width, share, usual_rows, by_line)


def split_sentences(
    lines: Sequence[str],
    table: Table,
    is_token: Callable[[List[str]], bool],
    *,
    source: str,
) -> List[RowSentence]:
    """Split the lines of a file into sentences.

    Args:
        lines: Lines of the file.
        table: What `read_table` found.
        is_token: Whether the fields of a line that starts with `#` are a token's. It is
            called for lines with the usual number of fields.
        source: Name of the file, for error messages.

    Returns:
        The sentences in order.

    Raises:
        DistillError: With `source:line`, if a line has another number of columns.
    """
    sentences: List[RowSentence] = []
    rows: List[Row] = []
    document = 0
    text: Optional[str] = None
    for number, line in enumerate([*lines, ""], start=1):
        row = table.by_line.get(number)
        is_blank = row is None and not line.strip()
        if is_blank or (row is None and _starts_document(line)):
            if rows:
                sentences.append(RowSentence(rows, document, text))
                rows, text = [], None
            # The marker before the first sentence belongs to document 0.
            if not is_blank and sentences:
                document += 1
            continue
        is_comment = row is None
        row = row or Row(number, table.split(line))
        fits = len(row.fields) == table.width
        if is_comment and not (fits and is_token(row.fields)) and not rows:
            if match := _TEXT.match(line):
                text = match[1]
            elif _NEW_DOCUMENT.match(line) and sentences:
                document += 1
            continue
        if not fits:
            raise DistillError(
                f"{source}:{number}: expected {table.width} columns, as in most lines,"
                f" got {len(row.fields)} in '{line.strip()[:40]}'; correct it, or end"
                " the sentence before it with a blank line."
            )
        rows.append(row)
    return sentences


def _frequent_first(width: Tuple[int, int]) -> Tuple[int, int]:
    return width[1], width[0]


def _token_blocks(lines: Sequence[str]) -> List[List[Tuple[int, str]]]:
    """Return the numbered lines between blank lines, without those like comments."""
    blocks: List[List[Tuple[int, str]]] = [[]]
    for number, line in enumerate(lines, start=1):
        if not line.strip() or _starts_document(line):
            blocks.append([])
        elif not _COMMENT.match(line):
            blocks[-1].append((number, line))
    return [block for block in blocks if block]


def _starts_document(line: str) -> bool:
    return _DOCUMENT_START in line and _DOCUMENT_START in _split_blanks(line)


def _split_tabs(line: str) -> List[str]:
    # A field of nothing but spaces may be a token of the text.
    return [field.strip(" ") or field for field in line.split("\t")]


def _split_stripped_tabs(line: str) -> List[str]:
    return _split_tabs(line.strip(" \t"))


def _split_blanks(line: str) -> List[str]:
    return _BLANKS.split(line.strip(" \t"))
