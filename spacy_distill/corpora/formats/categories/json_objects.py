"""Objects of JSON with a text and its categories.

{"text": "The ferry was late.", "label": "travel"}
{"text": "The ferry was late.", "labels": ["travel", "sea"]}
{"text": "The ferry was late.", "cats": {"travel": 0.9, "sport": 0.1}}
{"text": "The ferry was late.", "label": "travel", "answer": "reject"}
{"text": "The ferry was late.", "options": [{"id": "travel"}], "accept": ["travel"]}
{"text": "The ferry was late.", "label": 2}
{"text": "The ferry was late.", "topic": {"choices": ["travel"]}, "annotation_id": 7}
["The ferry was late.", {"cats": {"travel": 1.0}}]
"""

from typing import Any, Dict, List, Optional, Sequence, Tuple

from ....errors import DistillError
from ..json_values import JsonValue
from ..records import UNANNOTATED, Place, shorten
from ..span_lists import checked_string, read_annotator, read_answer, text_field
from .records import CategoryText, checked_name, checked_score, checked_text

_LABELS = ("label", "labels")
# Fields of Label Studio's JSON_MIN that are no annotation.
_OF_JSON_MIN = "annotation_id"
_META = ("text", "data", "id", "annotator", "annotation_id", "created_at", "updated_at")


def has_categories(value: Any) -> bool:
    """Whether a value of JSON has a text with categories.

    Args:
        value: The value, but no task of Label Studio.
    """
    if is_category_tuple(value):
        return bool(value[1]["cats"])
    return text_field(value) is not None and _find_field(value) is not None


def read_object(
    value: JsonValue, names: Optional[Sequence[str]] = None
) -> CategoryText:
    """Read an object with a text.

    Args:
        value: The object.
        names: Names of categories that are numbers, in the order of the numbers.

    Returns:
        The text. Without categories it does not count.

    Raises:
        DistillError: With the place, if the text is empty, a category has no name, a
            score is not in [0, 1], or categories are in several fields.
    """
    record, place = value.value, value.place
    if is_category_tuple(record):
        text = checked_text(checked_string(record[0], place), place)
        return CategoryText(place, text, _read_cats(record[1]["cats"], place))
    text = checked_string(record[text_field(record) or "text"], place)
    found = CategoryText(
        place,
        checked_text(text, place),
        {},
        annotator=read_annotator(record, place),
        left_out=UNANNOTATED,
    )
    answer = read_answer(record, place)
    field = _find_field(record, place)
    if field is None or answer == "ignore":
        return found._replace(left_out=answer or UNANNOTATED)
    content = record[field]
    if field == "cats":
        return found._replace(scores=_read_cats(content, place), left_out=answer)
    if field == "accept":
        declared = _options(record["options"], place)
        # Their ids may be numbers.
        chosen = [checked_name(str(one), place) for one in content]
        scores = _chosen(chosen, place)
        return found._replace(scores=scores, declared=declared, left_out=answer)
    if isinstance(content, dict):
        content = content["choices"]
    if not isinstance(content, list):
        if _is_number(content) and content < 0:
            # As in test data of Hugging Face.
            return found
        name = _named(content, names, place)
        declared = tuple(names or ()) if _is_number(content) else ()
        if "answer" in record:
            # Of one category accepted or rejected, others are unknown.
            scores = {name: float(answer is None)}
            return found._replace(scores=scores, closed=False, left_out=None)
        score = record.get("score")
        score = 1.0 if score is None else checked_score(score, name, place)
        return found._replace(scores={name: score}, declared=declared, left_out=None)
    scores = _chosen([_named(one, names, place) for one in content], place)
    return found._replace(scores=scores, left_out=answer)


def needs_names(value: Any) -> bool:
    """Whether the categories of an object are numbers.

    Args:
        value: A value of JSON.
    """
    if not isinstance(value, dict):
        return False
    for field in _LABELS:
        content = value.get(field)
        items = content if isinstance(content, list) else [content]
        if any(_is_number(item) for item in items):
            return True
    return False


def is_category_tuple(value: Any) -> bool:
    """Whether a value is spaCy's [text, {"cats": {...}}].

    Args:
        value: A value of JSON.
    """
    return (
        isinstance(value, list)
        and len(value) == 2
        and isinstance(value[0], str)
        and isinstance(value[1], dict)
        and isinstance(value[1].get("cats"), dict)
    )


def _find_field(record: Dict[str, Any], place: Optional[Place] = None) -> Optional[str]:
    """Return the field with the categories; None if there is none."""
    found = []
    if isinstance(record.get("cats"), dict):
        found.append("cats")
    if isinstance(record.get("accept"), list) and isinstance(
        record.get("options"), list
    ):
        return "accept"
    found += [field for field in _LABELS if _is_label(record.get(field))]
    if not found and _OF_JSON_MIN in record:
        found = _find_controls(record)
    if len(found) > 1 and place is not None:
        raise DistillError(
            f"Expected one field with categories in {place}, got"
            f" {' and '.join(map(repr, found))}: remove those that are not meant, or"
            ' name the one that is "label".'
        )
    return found[0] if found else None


def _find_controls(record: Dict[str, Any]) -> List[str]:
    """Return the fields of JSON_MIN with choices, which have any name."""
    lists = [
        field
        for field, content in record.items()
        if isinstance(content, dict) and isinstance(content.get("choices"), list)
    ]
    return lists or [
        field
        for field, content in record.items()
        if field not in _META and isinstance(content, str)
    ]


def _is_label(content: Any) -> bool:
    if isinstance(content, list):
        return bool(content) and all(
            isinstance(item, str) or _is_number(item) for item in content
        )
    return isinstance(content, str) or _is_number(content)


def _is_number(content: Any) -> bool:
    return isinstance(content, int) and not isinstance(content, bool)


def _named(content: Any, names: Optional[Sequence[str]], place: Place) -> str:
    """Return the name of a category, which may be a number."""
    if not _is_number(content):
        return checked_name(content, place)
    if names is None:
        raise DistillError(
            f"Expected categories with names in {place}, got the number {content}: put"
            f" the names into {place.file.parent / 'features.json'} in the order of"
            ' their numbers, as in {"label": ["negative", "positive"]}.'
        )
    if not 0 <= content < len(names):
        raise DistillError(
            f"Expected numbers of the {len(names)} categories {', '.join(names)} in"
            f" {place}, got {content}: correct the names or the record."
        )
    return checked_name(names[content], place)


def _read_cats(cats: Dict[str, Any], place: Place) -> Dict[str, float]:
    return {
        checked_name(name, place): checked_score(score, name, place)
        for name, score in cats.items()
    }


def _chosen(names: List[str], place: Place) -> Dict[str, float]:
    if len(set(names)) < len(names):
        raise DistillError(
            f"Expected each category once in {place}, got {', '.join(names)}: remove"
            " the repeated one."
        )
    return dict.fromkeys(names, 1.0)


def _options(options: List[Any], place: Place) -> Tuple[str, ...]:
    """Return the categories that an annotator could choose in Prodigy."""
    ids = [one.get("id") if isinstance(one, dict) else one for one in options]
    if not all(isinstance(one, (str, int)) for one in ids):
        raise DistillError(
            f'Expected options with an "id" each in {place}, got {shorten(options)}:'
            " export the data again."
        )
    return tuple(str(one) for one in ids)
