"""Spellings of entity tags, in column files and in the outputs of token classifiers.

A tag is `O` outside of entities, and else has a prefix and a label. The prefixes B, I
and L begin, continue and end an entity, and U is one of a single token. Spellings are

    BIO                  B-PER      I-PER
    BILUO, BILOU         B-PER      I-PER       L-PER     U-PER
    BIOES, IOBES         B-PER      I-PER       E-PER     S-PER
    BMES                 B-PER      M-PER       E-PER     S-PER
    BMEWO                B-PER      M-PER       E-PER     W-PER
    BIOS                 B-PER      I-PER                 S-PER
    names                BEGIN-PER  INSIDE-PER  END-PER   SINGLE-PER

in any case, with another separator (`B_PER`, `B:PER`, `B.PER`, `B/PER`, `BPER`), or
with the prefix at the end (`PER-B`). Labels are kept as they are, separators included.

One name can be read in several ways (`B_cell`, `PER-S`, `E-MAIL`), so names are read
together: all of them have the same separator and order.
"""

import re
from typing import Dict, Iterable, List, NamedTuple, Optional, Sequence, Set, Tuple

# Letter of each prefix. The letters of a scheme are of one family.
_LETTERS = {
    **dict.fromkeys(("b", "beg", "begin", "beginning"), "B"),
    **dict.fromkeys(("i", "in", "inner", "inside"), "I"),
    **dict.fromkeys(("m", "mid", "middle"), "M"),
    **dict.fromkeys(("l", "last"), "L"),
    **dict.fromkeys(("e", "end"), "E"),
    **dict.fromkeys(("u", "unit"), "U"),
    **dict.fromkeys(("s", "single", "singleton"), "S"),
    **dict.fromkeys(("w", "whole"), "W"),
}
FAMILIES = ("BILU", "BIES", "BMES", "BIEW", "BMEW")
_BILU = {"B": "B", "I": "I", "M": "I", "L": "L", "E": "L", "U": "U", "S": "U", "W": "U"}
_OUTSIDE = {"o", "out", "outside"}
_SEPARATORS = ("-", "_", ":", ".", "/", "|", " ", "")
_PREFIX = "|".join(sorted(_LETTERS, key=len, reverse=True))


class Tag(NamedTuple):
    """A tag that was read.

    Attributes:
        letter: Letter of the prefix as written, in upper case; "O" outside.
        label: The label; empty outside.
    """

    letter: str
    label: str

    @property
    def prefix(self) -> str:
        """The prefix in BILUO."""
        return _BILU.get(self.letter, "O")

    @property
    def biluo(self) -> str:
        """The tag in BILUO, such as `B-PER`."""
        return f"{self.prefix}-{self.label}" if self.label else "O"


OUTSIDE = Tag("O", "")


class Spelling(NamedTuple):
    """How prefix and label are joined.

    Attributes:
        separator: The character between them; empty for none.
        last: Whether the prefix follows the label.
    """

    separator: str
    last: bool = False

    def read(self, name: str) -> Optional[Tag]:
        """Read a name.

        Args:
            name: Name of a tag.

        Returns:
            The tag; None if the name is spelled otherwise.
        """
        if is_outside(name):
            return OUTSIDE
        pattern = _PATTERNS[self]
        found = pattern.fullmatch(name.strip())
        if found is None:
            return None
        label = found["label"]
        # No label is named O: "B-O" and "I-O" are outside, too.
        letter = _LETTERS[found["prefix"].lower()]
        return OUTSIDE if is_outside(label) else Tag(letter, label)

    def write(self, prefix: str, label: str) -> str:
        """Return the name of a tag.

        Args:
            prefix: The prefix.
            label: The label.

        Returns:
            The name.
        """
        parts = (label, prefix) if self.last else (prefix, label)
        return self.separator.join(parts)


DASH = Spelling("-")
# Of two that read names equally well, the first is chosen.
SPELLINGS = (
    *(Spelling(separator) for separator in _SEPARATORS if separator),
    *(Spelling(separator, last=True) for separator in _SEPARATORS if separator),
    Spelling(""),
)


def _compile(spelling: Spelling) -> "re.Pattern[str]":
    prefix, label = f"(?P<prefix>{_PREFIX})", r"(?P<label>\S|\S.*\S)"
    if not spelling.separator:
        # Letters in upper case only, or "in" would be an I and a label "n".
        return re.compile(rf"(?P<prefix>[BIMLEUSW]){label}")
    parts = (label, prefix) if spelling.last else (prefix, label)
    return re.compile(re.escape(spelling.separator).join(parts), re.IGNORECASE)


_PATTERNS = {spelling: _compile(spelling) for spelling in SPELLINGS}


class TagSet(NamedTuple):
    """The tags of a set of names.

    Attributes:
        tags: The tag of each name that could be read, in order of the names.
        strays: Names that are spelled otherwise than the others, in order.
        spelling: How the names are spelled; None for labels without prefixes, which
            are read as I.
        certain: Whether no other reading is likely. `B_cell` alone may be a label.
    """

    tags: Dict[str, Tag]
    strays: Tuple[str, ...]
    spelling: Optional[Spelling]
    certain: bool = True

    @property
    def labels(self) -> Tuple[str, ...]:
        """Labels in order of first appearance."""
        found = (tag.label for tag in self.tags.values())
        return tuple(dict.fromkeys(label for label in found if label))

    @property
    def one_family(self) -> bool:
        """Whether all prefixes are of one scheme, and not L beside S, for example."""
        letters = {tag.letter for tag in self.tags.values() if tag.label}
        return any(letters <= set(family) for family in FAMILIES)


def is_outside(name: str) -> bool:
    """Return whether a name without prefix is that of `O`.

    Args:
        name: Name of a tag.
    """
    return name.strip().lower() in _OUTSIDE


def read_tag_set(names: Iterable[str], *, plain: bool) -> TagSet:
    """Read the names of tags.

    Names have prefixes if all can be read in one spelling in which some label has both
    a beginning and a continuation, as `B_PER` and `I_PER`. `B-` and `I-` are evidence
    enough on their own.

    Args:
        names: All names that are used together. Names of tokens outside of entities may
            be among them.
        plain: Whether names may be labels without prefixes.

    Returns:
        The tags. Names are strays only where some are clearly labels with prefixes, or
        where names without prefixes are not allowed.
    """
    names = list(dict.fromkeys(names))
    readings = [_read_all(names, spelling) for spelling in SPELLINGS]
    complete = [
        reading
        for reading in readings
        if not reading.strays and (not plain or _has_letters(reading, "BIM"))
    ]
    certain = [reading for reading in complete if _is_evident(reading)]
    if certain:
        return min(certain, key=_n_labels)
    uncertain = [
        reading._replace(certain=False)
        for reading in complete
        if reading.spelling is not None and reading.spelling.separator
    ]
    if uncertain:
        return min(uncertain, key=_n_labels)
    mixed = [reading for reading in readings if _is_evident(reading)]
    if mixed:
        return min(mixed, key=lambda reading: len(reading.strays))
    if not plain:
        return readings[SPELLINGS.index(DASH)]
    tags = {
        name: OUTSIDE if is_outside(name) else Tag("I", name.strip()) for name in names
    }
    return TagSet(tags, (), None)


def similar_labels(labels: Iterable[str]) -> List[Tuple[str, ...]]:
    """Return groups of labels that differ in case or separators only.

    Args:
        labels: Labels that should be different ones.

    Returns:
        Groups of two or more, such as `("PER", "Per")`, in order of first appearance.
    """
    groups: Dict[str, List[str]] = {}
    for label in dict.fromkeys(labels):
        groups.setdefault(fold(label), []).append(label)
    return [tuple(group) for group in groups.values() if len(group) > 1]


def fold(label: str) -> str:
    """Return a label without its case, and with `_` for all separators.

    Args:
        label: The label.
    """
    return re.sub(r"[-_:./| ]", "_", label.strip().casefold())


def _read_all(names: Sequence[str], spelling: Spelling) -> TagSet:
    tags = {name: spelling.read(name) for name in names}
    return TagSet(
        {name: tag for name, tag in tags.items() if tag is not None},
        tuple(name for name, tag in tags.items() if tag is None),
        spelling,
    )


def _has_letters(reading: TagSet, letters: str) -> bool:
    return any(tag.letter in letters for tag in reading.tags.values())


def _n_labels(reading: TagSet) -> int:
    return len(reading.labels)


def _is_evident(reading: TagSet) -> bool:
    """Whether names are certainly labels with prefixes, and in this spelling."""
    letters: Dict[str, Set[str]] = {}
    for tag in reading.tags.values():
        if tag.label:
            letters.setdefault(tag.label, set()).add(tag.prefix)
    both = [found >= {"B", "I"} for found in letters.values()]
    if reading.spelling == DASH:
        return any(both) or any(name.startswith(("B-", "I-")) for name in reading.tags)
    if reading.spelling is not None and not reading.spelling.separator:
        return bool(both) and all(both) and not reading.strays
    return any(both)
