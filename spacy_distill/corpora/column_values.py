"""Values of a file's columns, and what they look like: tags, numbers, names."""

import re
from typing import Dict, List, Set

from .column_rows import Table
from .tag_spellings import SPELLINGS, Spelling, read_tag_set
from .tag_spellings import is_outside as is_o

# Tag outside of entities.
OUTSIDE = "O"
# Value of a field without one.
MISSING = "_"
# Spellings that are told from words by their separator. Features have `=`.
_SPELLINGS = [s for s in SPELLINGS if s.separator.strip()]
_NO_TAG = re.compile(r"[=\s]")
# Tags without a separator (`BPER`) are told from words by all of them.
_JOINED = Spelling("")
_MOST_TAGS = 200
# Names of the pairs NAME=TAG in CoNLL-U's last column.
_KEYS = ("ne", "ner", "entity", "namedentity", "named_entity")
_NUMBER = re.compile(r"[-+]?\d+(?:[.,:]\d+)*")
# CoNLL-U: also ranges of words (1-2) and words that are not in the text (1.1).
_ID = re.compile(r"\d+(?:[-.]\d+)?")
_SEPARATOR = re.compile("[-_:./|]")
_DIGIT = re.compile(r"\d")
# Share of rows that are as expected; what the others have is an error in its line.
_MOST = 0.9
# Rows from which on a different value in each means that they are names of tokens.
_FEW_ROWS = 5
_EXAMPLES = 3


def is_tag(value: str) -> bool:
    """Whether a value may be an entity tag.

    Args:
        value: Field of a column.
    """
    if is_o(value):
        return True
    return not _NO_TAG.search(value) and any(s.read(value) for s in _SPELLINGS)


def is_outside(tag: str) -> bool:
    """Whether a tag is that of tokens outside of entities, or missing.

    Args:
        tag: The tag.
    """
    return tag == MISSING or is_o(tag)


def read_pairs(value: str) -> Dict[str, str]:
    """Return the pairs of a field such as `NE=B-PER|SpaceAfter=No`.

    Args:
        value: The field.
    """
    pairs = (pair.partition("=") for pair in value.split("|"))
    return {key: tag for key, equals, tag in pairs if equals}


class ColumnValues:
    """The values of each column, without the fields of CoNLL-U's ranges.

    All methods take the index of a column, from 0.

    Args:
        table: Rows of the file.

    Attributes:
        width: Number of columns.
        n_rows: Number of rows.
        values: Values of each column, in order.
        distinct: Different values of each column.
    """

    def __init__(self, table: Table) -> None:
        ids = all(_ID.fullmatch(row.fields[0]) for rows in table.rows for row in rows)
        # Ranges of words (1-2) and words outside of the text (1.1) have no tags.
        sentences = (
            [row.fields for row in rows if not ids or row.fields[0].isdecimal()]
            for rows in table.rows
        )
        self._sentences = [rows for rows in sentences if rows]
        rows = [fields for sentence in self._sentences for fields in sentence]
        self.width = table.width
        self.n_rows = len(rows)
        self.values = [[fields[i] for fields in rows] for i in range(self.width)]
        self.distinct: List[Set[str]] = [set(values) for values in self.values]

    def are_tags(self, i: int) -> bool:
        """Whether most values are tags, or missing where there are others."""
        if self._are_joined_tags(i):
            return True
        right = {value for value in self.distinct[i] if is_tag(value)}
        n_right = sum(v in right or v == MISSING for v in self.values[i])
        return bool(right) and n_right >= _MOST * self.n_rows

    def _are_joined_tags(self, i: int) -> bool:
        if len(self.distinct[i]) > _MOST_TAGS or OUTSIDE not in self.distinct[i]:
            return False
        found = read_tag_set(self.distinct[i], plain=False)
        return found.spelling == _JOINED and found.certain and not found.strays

    def labels(self, i: int) -> Set[str]:
        """Return the labels of a column of tags."""
        entities = (value for value in self.distinct[i] if not is_outside(value))
        return {_SEPARATOR.split(value, maxsplit=1)[-1] for value in entities}

    def key(self, i: int) -> str:
        """Return the name of the pairs that are tags; empty if a column has none."""
        found: Dict[str, Set[str]] = {}
        for value in self.distinct[i]:
            for key, tag in read_pairs(value).items():
                found.setdefault(key, set()).add(tag)
        named = (key for key in found if key.lower() in _KEYS)
        return min((k for k in named if all(map(is_tag, found[k]))), default="")

    def are_numbers(self, i: int) -> bool:
        """Whether all values are numbers."""
        return all(_NUMBER.fullmatch(value) for value in self.distinct[i])

    def are_names_of_tokens(self, i: int) -> bool:
        """Whether each row has a value of its own, with a digit, as in `s1.w4`."""
        return _FEW_ROWS <= self.n_rows == len(self.distinct[i]) and all(
            _DIGIT.search(value) for value in self.distinct[i]
        )

    def are_ids(self, i: int) -> bool:
        """Whether values number the tokens of each sentence."""
        return self.n_rows > 0 and all(
            _count_up([fields[i] for fields in sentence])
            for sentence in self._sentences
        )

    def are_of_sentence(self, i: int) -> bool:
        """Whether the value is the same in all tokens of a sentence, or of the file."""
        if len(self.distinct[i]) == 1:
            return True
        return any(len(sentence) > 1 for sentence in self._sentences) and all(
            len({fields[i] for fields in sentence}) == 1 for sentence in self._sentences
        )

    def example(self, i: int) -> str:
        """Name a column, counted from 1, and its first values."""
        shown = list(dict.fromkeys(self.values[i]))[:_EXAMPLES]
        values = ", ".join(repr(value[:20]) for value in shown)
        more = ", ..." if len(self.distinct[i]) > _EXAMPLES else ""
        return f"column {i + 1} ({values}{more})"


def _count_up(values: List[str]) -> bool:
    if not all(value.isdecimal() for value in values):
        return False
    first = int(values[0])
    return [int(value) for value in values] == [*range(first, first + len(values))]
