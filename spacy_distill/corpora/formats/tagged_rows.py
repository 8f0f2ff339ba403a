"""Rows with tokens and tags, as data sets of Hugging Face have them.

{"tokens": ["Mira", "left", "."], "ner_tags": ["B-PER", "O", "O"]}
{"tokens": ["Mira", "left", "."], "ner_tags": [1, 0, 0]}
"""

import json
from pathlib import Path
from typing import Any, Iterator, List, NamedTuple, Optional, Sequence, Tuple

from ...errors import DistillError
from ..column_words import lack_spaces, usual_spaces
from ..tag_schemes import read_entities
from ..tagged_tokens import TaggedToken
from .json_values import JsonValue
from .records import UNANNOTATED, AnnotatedText, Place, RawSpan, is_encodable, shorten

# Files beside the rows that may have the names of the tags. The first two are those of
# Hugging Face, with more in them.
SIDECARS = ("dataset_info.json", "dataset_infos.json", "features.json")
_TAGS = "ner_tags"


class TaggedRow(NamedTuple):
    """Tokens with tags.

    Attributes:
        place: Where they are.
        tokens: The tokens.
        spaces: Whether a space follows each of them; None if the row does not say.
        unknown: Tokens without annotation, whose tags are `O`.
        document: Index of their document in the file.
    """

    place: Place
    tokens: List[TaggedToken]
    spaces: Optional[Tuple[bool, ...]]
    unknown: Tuple[int, ...]
    document: int


def is_row(value: Any) -> bool:
    """Whether a value is a row with tokens and tags.

    Args:
        value: A value of JSON.

    Returns:
        True for an object with a list `tokens` of strings and a list `ner_tags`.
    """
    return (
        isinstance(value, dict)
        and isinstance(value.get("tokens"), list)
        and all(isinstance(token, str) for token in value["tokens"])
        and isinstance(value.get(_TAGS), list)
    )


def names_in(value: Any, field: str = _TAGS) -> Optional[List[str]]:
    """Find the names of numbers in a description of features.

    Args:
        value: A value of JSON, in which the field may be anywhere: a list of names, or
            an object with a list "names" somewhere.
        field: The field with the numbers.

    Returns:
        The names in the order of their numbers; None if there are none.
    """
    for features in _values_of(value, field):
        for names in (features, *_values_of(features, "names")):
            if isinstance(names, list) and all(isinstance(n, str) for n in names):
                return names
    return None


def names_beside(file: Path, field: str = _TAGS) -> Optional[List[str]]:
    """Find the names of numbers in a file beside the rows; see `SIDECARS`.

    Args:
        file: The file of the rows.
        field: The field with the numbers.

    Returns:
        The names in the order of their numbers; None if there are none.

    Raises:
        DistillError: If such a file cannot be read.
    """
    for name in SIDECARS:
        sidecar = file.with_name(name)
        if not sidecar.is_file():
            continue
        try:
            value = json.loads(sidecar.read_text(encoding="utf-8-sig"))
        except (OSError, ValueError, RecursionError) as error:
            raise DistillError(
                f"Expected JSON with the names of the {field} in {sidecar}: {error}."
            ) from error
        found = names_in(value, field)
        if found is not None:
            return found
    return None


def read_row(
    value: JsonValue, names: Optional[Sequence[str]], document: int
) -> TaggedRow:
    """Read a row.

    Args:
        value: The row.
        names: Names of the tags in the order of their numbers. Without them, and if
            tags are numbers, they are looked for in `SIDECARS`.
        document: Its index in the file.

    Returns:
        The row.

    Raises:
        DistillError: If tags and tokens differ in number, or if tags are numbers
            without names.
    """
    place, words, tags = value.place, value.value["tokens"], value.value[_TAGS]
    if len(words) != len(tags):
        raise DistillError(
            f"Expected a tag for each token in {place}, got {len(words)} tokens and"
            f" {len(tags)} tags: correct the row."
        )
    if names is None and any(not isinstance(tag, str) for tag in tags):
        names = names_beside(place.file)
    named = [_name(tag, names, place) for tag in tags]
    return tagged_row(place, words, named, document=document)


def tagged_row(
    place: Place,
    words: Sequence[str],
    tags: Sequence[str],
    *,
    spaces: Optional[Sequence[bool]] = None,
    unknown: Sequence[int] = (),
    document: int = 0,
) -> TaggedRow:
    """Make a row of words and tags.

    Args:
        place: Where it is.
        words: The tokens.
        tags: Their tags.
        spaces: Whether a space follows each token; None if that is not known.
        unknown: Tokens without annotation; their tags are `O`.
        document: Index of its document in the file.

    Returns:
        The row.

    Raises:
        DistillError: If a token is empty or cannot be written.
    """
    for word in words:
        if not word or not is_encodable(word):
            raise DistillError(
                f"Expected tokens with characters in {place}, got {word[:40]!a}:"
                " correct it."
            )
    known = None
    if spaces is not None:
        known = tuple([*map(bool, spaces[:-1]), False][: len(words)])
    return TaggedRow(
        place=place,
        tokens=[TaggedToken(w, t, place.line) for w, t in zip(words, tags)],
        spaces=known,
        unknown=tuple(unknown),
        document=document,
    )


def texts_of_rows(rows: Sequence[TaggedRow]) -> Iterator[AnnotatedText]:
    """Find the entities of rows.

    Args:
        rows: All rows of a file, as its scheme is determined from all tags. In Chinese
            and Japanese, which all words tell, no spaces are put between tokens.

    Yields:
        The texts with their own tokens.

    Raises:
        DistillError: If tags are in no known scheme.
    """
    if not rows:
        return
    source = str(rows[0].place.file)
    entities = read_entities([row.tokens for row in rows], source=source)
    unknown = [[t.word for t in row.tokens] for row in rows if row.spaces is None]
    # Any language of those that put no spaces.
    lang = "zh" if lack_spaces(unknown) else ""
    for row, bounds in zip(rows, entities):
        words = tuple(token.word for token in row.tokens)
        spaces = row.spaces
        if spaces is None:
            spaces = tuple(usual_spaces(words, lang)[: len(words)])
        starts, ends, length = [], [], 0
        for token, space in zip(row.tokens, spaces):
            starts.append(length)
            ends.append(length + len(token.word))
            length = ends[-1] + space
        yield AnnotatedText(
            row.place,
            "".join(word + " " * space for word, space in zip(words, spaces)),
            [RawSpan(starts[a], ends[b - 1], label) for a, b, label in bounds],
            left_out=UNANNOTATED if len(row.unknown) == len(words) else None,
            words=words,
            spaces=spaces,
            unknown=tuple((starts[i], ends[i]) for i in row.unknown),
            document=row.document,
        )


def _name(tag: Any, names: Optional[Sequence[str]], place: Place) -> str:
    if isinstance(tag, str):
        return tag
    if isinstance(tag, bool) or not isinstance(tag, int):
        raise DistillError(
            f"Expected tags as names or numbers in {place}, got {shorten(tag)}: correct"
            " the row."
        )
    if names is None:
        raise DistillError(
            f"Expected tags with names in {place}, got the number {tag}: put the names"
            f" into {place.file.parent / SIDECARS[-1]} in the order of their numbers,"
            ' as in {"ner_tags": ["O", "B-PER", "I-PER"]}.'
        )
    if not 0 <= tag < len(names):
        raise DistillError(
            f"Expected numbers of the {len(names)} tags {', '.join(names)} in {place},"
            f" got {tag}: correct the names or the row."
        )
    return names[tag]


def _values_of(value: Any, key: str) -> Iterator[Any]:
    """Yield what stands under a key, or beside it as a name, at any depth."""
    if isinstance(value, dict):
        if key in value:
            yield value[key]
        if value.get("name") == key and "type" in value:
            yield value["type"]
        for inner in value.values():
            yield from _values_of(inner, key)
    elif isinstance(value, list):
        for inner in value:
            yield from _values_of(inner, key)
