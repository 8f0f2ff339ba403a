"""Rows with tokens and tags, as data sets of Hugging Face have them.

{"tokens": ["Mira", "left", "."], "ner_tags": ["B-PER", "O", "O"]}
{"tokens": ["Mira", "left", "."], "ner_tags": [1, 0, 0]}
"""

import json
from pathlib import Path
from typing import Any, Iterator, List, Optional, Sequence, Tuple

from ...errors import DistillError
from ..tag_schemes import TaggedToken, read_entities
from .json_values import JsonValue
from .records import AnnotatedText, Place, RawSpan, is_encodable, shorten

# Files beside the rows that may have the names of the tags. The first two are those of
# Hugging Face, with more in them.
SIDECARS = ("dataset_info.json", "dataset_infos.json", "features.json")
_TAGS = "ner_tags"


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


def names_in(value: Any) -> Optional[List[str]]:
    """Find the names of tags in a description of features.

    Args:
        value: A value of JSON, in which "ner_tags" may be anywhere: a list of names, or
            an object with a list "names" somewhere.

    Returns:
        The names in the order of their numbers; None if there are none.
    """
    for features in _values_of(value, _TAGS):
        for names in (features, *_values_of(features, "names")):
            if isinstance(names, list) and all(isinstance(n, str) for n in names):
                return names
    return None


def read_rows(
    values: Sequence[JsonValue], names: Optional[Sequence[str]]
) -> Iterator[AnnotatedText]:
    """Read the rows of a file.

    Args:
        values: The rows.
        names: Names of the tags in the order of their numbers. Without them, and if
            tags are numbers, they are looked for in `SIDECARS`.

    Yields:
        The texts: the tokens with spaces between them.

    Raises:
        DistillError: If tags and tokens differ in number, if tags are numbers without
            names, or if tags are in no known scheme.
    """
    rows: List[Tuple[Place, List[TaggedToken]]] = []
    for place, record in values:
        words, tags = record["tokens"], record[_TAGS]
        if len(words) != len(tags):
            raise DistillError(
                f"Expected a tag for each token in {place}, got {len(words)} tokens and"
                f" {len(tags)} tags: correct the row."
            )
        for word in words:
            if not word.strip() or not is_encodable(word):
                raise DistillError(
                    f"Expected tokens with characters in {place}, got {word[:40]!a}:"
                    " correct the row."
                )
        if names is None and any(not isinstance(tag, str) for tag in tags):
            names = _names_beside(place.file)
        named = [_name(tag, names, place) for tag in tags]
        rows.append(
            (place, [TaggedToken(w, t, place.line) for w, t in zip(words, named)])
        )
    if not rows:
        return
    entities = read_entities(
        [tokens for _, tokens in rows], source=str(rows[0][0].file)
    )
    for number, ((place, tokens), bounds) in enumerate(zip(rows, entities)):
        words = [token.word for token in tokens]
        yield text_of_words(place, words, [True] * len(words), bounds, document=number)


def text_of_words(
    place: Place,
    words: Sequence[str],
    spaces: Sequence[bool],
    entities: Sequence[Tuple[int, int, str]],
    *,
    unknown: Sequence[int] = (),
    document: int = 0,
) -> AnnotatedText:
    """Make a text of tokens.

    Args:
        place: Where it is.
        words: The tokens.
        spaces: Whether a space follows each token; after the last there is none.
        entities: First token, end token (exclusive) and label of each entity.
        unknown: Tokens without annotation.
        document: Index of the document.

    Returns:
        The text.
    """
    follows = [*map(bool, spaces[:-1]), False] if words else []
    starts, ends, length = [], [], 0
    for word, space in zip(words, follows):
        starts.append(length)
        ends.append(length + len(word))
        length += len(word) + space
    return AnnotatedText(
        place,
        "".join(w + " " * space for w, space in zip(words, follows)),
        [RawSpan(starts[a], ends[b - 1], label) for a, b, label in entities],
        words=tuple(words),
        spaces=tuple(follows),
        unknown=tuple((starts[i], ends[i]) for i in unknown),
        document=document,
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


def _names_beside(file: Path) -> Optional[List[str]]:
    for name in SIDECARS:
        sidecar = file.with_name(name)
        if not sidecar.is_file():
            continue
        try:
            found = names_in(json.loads(sidecar.read_text(encoding="utf-8-sig")))
        except (OSError, ValueError, RecursionError) as error:
            raise DistillError(
                f"Expected JSON with the names of the tags in {sidecar}: {error}."
            ) from error
        if found is not None:
            return found
    return None


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
