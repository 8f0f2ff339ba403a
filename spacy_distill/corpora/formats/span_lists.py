"""Records with a text and a list of spans: Prodigy, doccano, JSON_MIN, spaCy's tuples.

{"text": "Mira left.", "spans": [{"start": 0, "end": 4, "label": "PER"}]}
{"text": "Mira left.", "label": [[0, 4, "PER"]]}
{"text": "Mira left.", "entities": [{"start_offset": 0, "end_offset": 4, ...}]}
{"text": "Mira left.", "label": [{"start": 0, "end": 4, "labels": ["PER"]}]}
["Mira left.", {"entities": [[0, 4, "PER"]]}]
"""

from typing import Any, Dict, List, Optional

from ...errors import DistillError
from .json_values import JsonValue
from .records import FORMS, AnnotatedText, Place, RawSpan, is_encodable, shorten

# Fields that may contain the annotator's name, in order of precedence.
_ANNOTATOR_FIELDS = ("_annotator_id", "_session_id", "annotator")
_ANSWERS = ("accept", "reject", "ignore")
# Prodigy leaves "spans" out if there are none, but always has one of these.
_OF_PRODIGY = ("answer", "_input_hash", "_task_hash")
# Always in Label Studio's JSON_MIN, which leaves the spans out if there are none.
_OF_JSON_MIN = "annotation_id"
# Fields that may have the spans, in order of precedence.
SPAN_FIELDS = ("spans", "entities", "label", "labels")
_KEYS = SPAN_FIELDS[1:]


def text_field(record: Any) -> Optional[str]:
    """Return the name of the field with the text.

    Args:
        record: A value of JSON.

    Returns:
        "text", or "data" as in some versions of doccano; None if there is none.
    """
    if not isinstance(record, dict):
        return None
    if "text" in record:
        return "text"
    return "data" if isinstance(record.get("data"), str) else None


def span_field(
    record: Dict[str, Any], place: Place, *, required: bool = True
) -> Optional[str]:
    """Return the name of the field with the spans.

    Args:
        record: An object with a text.
        place: Where it is.
        required: Whether the text must be annotated.

    Returns:
        The name; None if there are none.

    Raises:
        DistillError: If there is more than one such field; or, if required, if there is
            none and nothing else shows that the text is annotated.
    """
    if isinstance(record.get("spans"), list):
        return "spans"
    lists = [key for key in _KEYS if isinstance(record.get(key), list)]
    lists += [key for key in record if key not in _KEYS and _has_json_min(record[key])]
    filled = [key for key in lists if any(_is_span(item) for item in record[key])]
    if len(filled) > 1:
        raise DistillError(
            f"Expected one field with spans in {place}, got"
            f" {' and '.join(map(repr, filled))}: remove those that are not meant, or"
            ' name the one that is "spans".'
        )
    if filled or lists:
        return (filled or lists)[0]
    if not required or (
        "spans" not in record
        and any(key in record for key in (*_OF_PRODIGY, _OF_JSON_MIN))
    ):
        return None
    found = f"{type(record['spans']).__name__}" if "spans" in record else "none"
    other = [key for key in _KEYS if key in record]
    more = f" and {shorten(record[other[0]])} as {other[0]!r}" if other else ""
    raise DistillError(
        f'Expected a list "spans" in {place}, got {found}{more}: use an empty list if'
        f" the text has no entities. Annotated texts that can be read are {FORMS}."
    )


def has_spans(value: Any) -> bool:
    """Whether a value of JSON has a text with spans; an empty list has none.

    Args:
        value: The value.
    """
    if is_tuple(value):
        return bool(value[1]["entities"])
    if text_field(value) is None:
        return False
    if isinstance(value.get("spans"), list):
        return bool(value["spans"])
    lists = [value[key] for key in _KEYS if isinstance(value.get(key), list)]
    return any(_is_span(item) for items in lists for item in items) or any(
        map(_has_json_min, value.values())
    )


def read_span_list(value: JsonValue, field: Optional[str]) -> AnnotatedText:
    """Read an object with a text and spans.

    Args:
        value: The object.
        field: Name of the field with the spans, see `span_field`.

    Returns:
        The text.

    Raises:
        DistillError: If the text, the answer or the annotator's name is not valid.
    """
    record, place = value.value, value.place
    text = checked_string(record[text_field(record) or "text"], place)
    spans: List[RawSpan] = []
    for item in record[field] if field else []:
        # In "spans", a list has always been an error.
        spans += raw_spans(item, lists=field != "spans")
    return AnnotatedText(place, text, spans, annotator=read_annotator(record, place))


def read_answer(record: Dict[str, Any], place: Place) -> Optional[str]:
    """Return why a record does not count.

    Args:
        record: The object.
        place: Where it is.

    Returns:
        "reject" or "ignore"; None if it counts.

    Raises:
        DistillError: If the answer is none of Prodigy's.
    """
    answer = record.get("answer")
    if answer not in (None, *_ANSWERS):
        raise DistillError(
            f'Expected "answer" in {place} to be one of {", ".join(_ANSWERS)}, got'
            f" {answer!r}: correct it or remove it."
        )
    return None if answer in (None, "accept") else str(answer)


def is_tuple(value: Any) -> bool:
    """Whether a value is spaCy's [text, {"entities": [...]}].

    Args:
        value: A value of JSON.

    Returns:
        True for such a list.
    """
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], dict)
        and isinstance(value[1].get("entities"), list)
    )


def read_tuple(value: JsonValue) -> AnnotatedText:
    """Read spaCy's [text, {"entities": [[start, end, label]]}].

    Args:
        value: The list.

    Returns:
        The text.

    Raises:
        DistillError: If the text is not valid.
    """
    text = checked_string(value.value[0], value.place)
    items = value.value[1]["entities"]
    return AnnotatedText(value.place, text, [s for i in items for s in raw_spans(i)])


def raw_spans(item: Any, *, lists: bool = True) -> List[RawSpan]:
    """Read an item of a list of spans.

    Args:
        item: An object or a list [start, end, label].
        lists: Whether it may be a list.

    Returns:
        A span, or one for each label if there are several.
    """
    if isinstance(item, list) and lists and len(item) == 3:
        return [RawSpan(*item)]
    if not isinstance(item, dict):
        what = "object or [start, end, label]" if lists else "object"
        return [RawSpan(problem=f"is no {what} but {shorten(item)}")]
    labels = item.get("labels")
    several = labels if isinstance(labels, list) and "label" not in item else []
    own = item.get("text")
    return [
        RawSpan(
            start=item.get("start", item.get("start_offset")),
            end=item.get("end", item.get("end_offset")),
            label=label,
            score=item.get("score"),
            text=own if isinstance(own, str) and own.strip() else None,
        )
        for label in several or [item.get("label")]
    ]


def checked_string(text: Any, place: Place) -> str:
    """Return a text that is a string and can be written.

    Args:
        text: A value of JSON.
        place: Where it is.

    Returns:
        The text.

    Raises:
        DistillError: If it is something else.
    """
    if not isinstance(text, str):
        raise DistillError(
            f'Expected "text" to be a string in {place}, got {type(text).__name__}.'
        )
    if not is_encodable(text):
        raise DistillError(
            f"Expected valid Unicode in {place}, got half of a surrogate pair, such as"
            " \\ud83d: remove it from the JSON."
        )
    return text


def read_annotator(record: Dict[str, Any], place: Place) -> Optional[str]:
    """Return the annotator's name.

    Args:
        record: An object.
        place: Where it is.

    Returns:
        The name; None if there is none.

    Raises:
        DistillError: If it is neither a string nor a number.
    """
    for field in _ANNOTATOR_FIELDS:
        name = record.get(field)
        if name is None:
            continue
        if not isinstance(name, (str, int)):
            raise DistillError(
                f'Expected a name as "{field}" in {place}, got {shorten(name)}: use a'
                " string."
            )
        return str(name)
    return None


def _is_span(item: Any) -> bool:
    return isinstance(item, (dict, list))


def _has_json_min(items: Any) -> bool:
    """Whether a field has regions of Label Studio, which may have any name there."""
    return (
        isinstance(items, list)
        and bool(items)
        and all(
            isinstance(item, dict) and {"start", "end", "labels"} <= set(item)
            for item in items
        )
    )
