"""Documents in the JSON of spaCy 2's `spacy train`.

{"id": 0, "paragraphs": [{"raw": "Mira left.", "sentences": [{"tokens": [
    {"orth": "Mira", "ner": "U-PER"}, {"orth": "left", "ner": "O"}, ...]}]}]}
"""

from typing import Any, Iterator

from spacy.training.converters import json_to_docs

from ...errors import DistillError, one_line
from .json_values import JsonValue
from .records import UNANNOTATED, AnnotatedText
from .tagged_rows import text_of_words


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


def read_document(value: JsonValue, number: int) -> Iterator[AnnotatedText]:
    """Read the sentences of a document.

    Args:
        value: The document.
        number: Its index in the file.

    Yields:
        The sentences with their own tokens. Tokens whose tag is "-" are unknown.

    Raises:
        DistillError: If spaCy cannot read the document.
    """
    try:
        docs = list(json_to_docs([value.value]))
    # Of wrong types and tags, spaCy tells in many ways.
    except Exception as error:
        raise DistillError(
            f"Expected a document in the JSON of spaCy 2 in {value.place}, got one that"
            f" spaCy cannot read ({type(error).__name__}: {one_line(error)}): correct"
            " it, or make it again."
        ) from error
    for doc in docs:
        for sentence in doc.sents if len(doc) else ():
            entities = [
                (ent.start - sentence.start, ent.end - sentence.start, ent.label_)
                for ent in sentence.ents
            ]
            text = text_of_words(
                value.place,
                [token.text for token in sentence],
                [bool(token.whitespace_) for token in sentence],
                entities,
                unknown=[i for i, token in enumerate(sentence) if token.ent_iob == 0],
                document=number,
            )
            missing = not any(token.ent_iob for token in sentence)
            yield text._replace(left_out=UNANNOTATED) if missing else text
