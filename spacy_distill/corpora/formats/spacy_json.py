"""Documents in the JSON of spaCy 2's `spacy train`.

{"id": 0, "paragraphs": [{"raw": "Mira left.", "sentences": [{"tokens": [
    {"orth": "Mira", "ner": "U-PER"}, {"orth": "left", "ner": "O"}, ...]}]}]}
"""

from typing import Any, Iterator, List

from spacy.training.gold_io import json_to_annotations

from ...errors import DistillError, one_line
from .json_values import JsonValue
from .records import shorten
from .tagged_rows import TaggedRow, tagged_row

_MISSING = (None, "", "-")


def is_document(value: Any) -> bool:
    """Whether a value is a document of spaCy 2.

    Args:
        value: A value of JSON.

    Returns:
        True for an object with a list `paragraphs` of objects with `sentences`.
    """
    return (
        isinstance(value, dict)
        and isinstance(value.get("paragraphs"), list)
        and all(isinstance(p, dict) and "sentences" in p for p in value["paragraphs"])
    )


def read_document(value: JsonValue, number: int) -> Iterator[TaggedRow]:
    """Read the sentences of a document.

    Args:
        value: The document.
        number: Its index in the file.

    Yields:
        The sentences with their own tokens. Tokens without a tag, or with the tag "-",
        are unknown.

    Raises:
        DistillError: If the document is not as spaCy's.
    """
    place = value.place
    try:
        paragraphs = list(json_to_annotations(value.value))
    # Of wrong types and missing fields.
    except (KeyError, TypeError, AttributeError) as error:
        raise DistillError(
            f"Expected a document in the JSON of spaCy 2 in {place}, got one with"
            f" another structure ({type(error).__name__}: {one_line(error)}): correct"
            " it, or make it again."
        ) from error
    for paragraph in paragraphs:
        tokens = paragraph["token_annotation"]
        words, starts = tokens["words"], tokens["sent_starts"]
        tags = paragraph["doc_annotation"]["entities"]
        for item in (*words, *tags):
            if item is not None and not isinstance(item, str):
                raise DistillError(
                    f"Expected words and tags as text in {place}, got {shorten(item)}:"
                    " correct it."
                )
        spaces = _spaces(words, tokens["spaces"], paragraph["text"])
        begins = [i for i, start in enumerate(starts) if start == 1]
        for begin, end in zip(begins, [*begins[1:], len(words)]):
            found = tags[begin:end]
            yield tagged_row(
                place,
                words[begin:end],
                ["O" if tag in _MISSING else tag for tag in found],
                spaces=spaces[begin:end],
                unknown=[i for i, tag in enumerate(found) if tag in _MISSING],
                document=number,
            )


def _spaces(words: List[str], spaces: List[Any], text: Any) -> List[bool]:
    """Whether a space follows each word: as stated, or as in the text, or always."""
    if any(space is not None for space in spaces):
        return [space is None or bool(space) for space in spaces]
    found: List[bool] = []
    position = 0
    for word in words if isinstance(text, str) else ():
        start = text.find(word, position)
        if start < 0 or text[position:start].strip():
            # The text is another one; the tokens are what is annotated.
            return [True] * len(words)
        position = start + len(word)
        found.append(text[position : position + 1].isspace())
    return found or [True] * len(words)
