"""Tagged tokens of column files, and their tags in BILUO."""

from collections import Counter
from typing import Dict, Iterable, List, NamedTuple, Sequence

from spacy.util import logger

from ..errors import DistillError
from .tag_spellings import DASH, TagSet, is_outside, read_tag_set, similar_labels


class TaggedToken(NamedTuple):
    """A token of a column file.

    Attributes:
        word: Text of the token.
        tag: Tag as written in the file, or in BILUO; see `read_tags`.
        line: Line number, from 1.
        written: Tag as written in the file, if `tag` is another one.
    """

    word: str
    tag: str
    line: int
    written: str = ""

    @property
    def shown(self) -> str:
        """The tag as written in the file."""
        return self.written or self.tag


def read_tags(
    sentences: Sequence[Sequence[TaggedToken]], *, source: str
) -> List[List[TaggedToken]]:
    """Read tags in any spelling.

    Tags such as `B-O` are read as O, which is logged.

    Args:
        sentences: All sentences of the file, since the spelling is determined from all
            tags.
        source: Name of the file, for error messages.

    Returns:
        The sentences, with tags in BILUO: `O`, or B, I, L or U, a dash and the label.

    Raises:
        DistillError: With `source:line`, if a tag is spelled otherwise than most are,
            if prefixes are of several schemes, or if labels differ in case or
            separators only.
    """
    counts = Counter(token.tag for tokens in sentences for token in tokens)
    found = read_tag_set(counts, plain=False)
    _check_tags(sentences, found, counts, source)
    odd = {
        name: n
        for name, n in counts.items()
        if not found.tags[name].label and not is_outside(name)
    }
    if odd:
        logger.warning(
            "%s: %d tags without a label are read as O: %s",
            *(source, sum(odd.values()), ", ".join(map(repr, odd))),
        )
    biluo = {name: tag.biluo for name, tag in found.tags.items()}
    return [
        [token._replace(tag=biluo[token.tag], written=token.shown) for token in tokens]
        for tokens in sentences
    ]


def _check_tags(
    sentences: Sequence[Sequence[TaggedToken]],
    found: TagSet,
    counts: Dict[str, int],
    source: str,
) -> None:
    """Check that all tags are of one spelling and their labels differ."""

    def first(names: Iterable[str]) -> TaggedToken:
        wanted = set(names)
        return next(t for tokens in sentences for t in tokens if t.tag in wanted)

    spelling = found.spelling or DASH
    if found.strays:
        token = first(found.strays)
        forms = ", ".join(f"'{spelling.write(prefix, 'LABEL')}'" for prefix in "BI")
        raise DistillError(
            f"{source}:{token.line}: expected a tag 'O', {forms} or another of the same"
            f" spelling in the tag column, got '{token.tag}' for '{token.word}';"
            " correct it."
        )
    if not found.one_family:
        families = {tag.letter: name for name, tag in found.tags.items() if tag.label}
        token = first(families.values())
        names = ", ".join(map(repr, families.values()))
        raise DistillError(
            f"{source}:{token.line}: expected tags of one scheme (BIO, BILUO, BIOES,"
            f" BIOS, BMES or BMEWO), got {names}; correct them."
        )
    for similar in similar_labels(found.labels):
        numbers = {
            label: sum(
                n for name, n in counts.items() if found.tags[name].label == label
            )
            for label in similar
        }
        rare = min(similar, key=lambda label: numbers[label])
        token = first(name for name, tag in found.tags.items() if tag.label == rare)
        others = ", ".join(f"'{label}'" for label in similar if label != rare)
        raise DistillError(
            f"{source}:{token.line}: expected one spelling of a label, got '{rare}'"
            f" beside {others} in the same file; correct it."
        )
