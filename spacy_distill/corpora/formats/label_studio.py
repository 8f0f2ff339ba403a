"""Tasks of Label Studio, as its export "JSON" has them.

{"data": {"text": "Mira left."}, "annotations": [{"completed_by": 1, "result": [
    {"type": "labels", "value": {"start": 0, "end": 4, "labels": ["PER"]}}]}]}
"""

from typing import Any, Dict, Iterator, List, NamedTuple, Optional

from ...errors import DistillError
from .json_values import JsonValue
from .records import CANCELLED, UNANNOTATED, AnnotatedText, Place, RawSpan, shorten
from .span_lists import checked_string


class Choices(NamedTuple):
    """The categories that an annotator chose for a text.

    Attributes:
        text: The text.
        chosen: Each list of categories, by the name of its control.
        annotator: Name of the annotator, if known.
        left_out: Why it does not count; None if it counts.
    """

    text: str
    chosen: Dict[str, List[Any]]
    annotator: Optional[str]
    left_out: Optional[str]


def is_task(value: Any) -> bool:
    """Whether a value is a task of Label Studio.

    Args:
        value: A value of JSON.

    Returns:
        True for an object with `data` and annotations, completions or predictions.
    """
    return (
        isinstance(value, dict)
        and isinstance(value.get("data"), dict)
        and any(
            isinstance(value.get(key), list)
            for key in ("annotations", "completions", "predictions")
        )
    )


def read_task(value: JsonValue) -> Iterator[AnnotatedText]:
    """Read the annotations of a task, one for each annotator.

    Predictions do not count. Regions of other kinds, relations and choices are ignored;
    for the latter see `read_choices`.

    Args:
        value: The task.

    Yields:
        The annotated texts; those that were cancelled as such. A task without any
        annotation is a text that is left out.

    Raises:
        DistillError: If the task has no text, or spans of several texts, or if
            something else than annotations is in it.
    """
    task, place = value.value, value.place
    annotations = _annotations(task)
    regions = [_regions(annotation, place) for annotation in annotations]
    text = _text(task["data"], [r for found in regions for r in found], place)
    if not annotations:
        yield AnnotatedText(place, text, [], left_out=UNANNOTATED)
    for annotation, found in zip(annotations, regions):
        yield AnnotatedText(
            place,
            text,
            [span for region in found for span in _spans(region)],
            annotator=_annotator(annotation),
            left_out=_left_out(annotation),
        )


def read_choices(value: JsonValue) -> Iterator[Choices]:
    """Read the categories of a task, one result for each annotator.

    Args:
        value: The task.

    Yields:
        The choices for the text as a whole. Choices for a region of it are ignored.

    Raises:
        DistillError: As `read_task`.
    """
    task, place = value.value, value.place
    annotations = _annotations(task)
    found = [_choices(annotation, place) for annotation in annotations]
    text = _text(task["data"], [one for results in found for one in results], place)
    if not annotations:
        yield Choices(text, {}, None, UNANNOTATED)
    for annotation, results in zip(annotations, found):
        chosen = {str(r.get("from_name")): r["value"]["choices"] for r in results}
        yield Choices(text, chosen, _annotator(annotation), _left_out(annotation))


def has_spans(task: Dict[str, Any], place: Place) -> bool:
    """Whether annotators of a task marked spans.

    Args:
        task: The task.
        place: Where it is.
    """
    return any(_regions(annotation, place) for annotation in _annotations(task))


def has_choices(task: Dict[str, Any], place: Place) -> bool:
    """Whether annotators of a task chose categories for its text.

    Args:
        task: The task.
        place: Where it is.
    """
    return any(_choices(annotation, place) for annotation in _annotations(task))


def _annotations(task: Dict[str, Any]) -> List[Any]:
    annotations = task.get("annotations", task.get("completions")) or []
    return annotations if isinstance(annotations, list) else [annotations]


def _left_out(annotation: Dict[str, Any]) -> Optional[str]:
    cancelled = annotation.get("was_cancelled") or annotation.get("skipped")
    return CANCELLED if cancelled else None


def _results(annotation: Any, place: Place) -> List[Dict[str, Any]]:
    """Return the results of an annotation that have a value."""
    results = annotation.get("result") if isinstance(annotation, dict) else None
    if not isinstance(results, list):
        raise DistillError(
            f'Expected annotations of Label Studio with a list "result" in {place}, got'
            f" {shorten(annotation)}: export the project as JSON."
        )
    return [
        result
        for result in results
        if isinstance(result, dict) and isinstance(result.get("value"), dict)
    ]


def _regions(annotation: Any, place: Place) -> List[Dict[str, Any]]:
    return [
        result
        for result in _results(annotation, place)
        if {"start", "end"} <= set(result["value"])
    ]


def _choices(annotation: Any, place: Place) -> List[Dict[str, Any]]:
    return [
        result
        for result in _results(annotation, place)
        if isinstance(result["value"].get("choices"), list)
        and "start" not in result["value"]
    ]


def _text(data: Dict[str, Any], regions: List[Dict[str, Any]], place: Place) -> str:
    names = {str(region["to_name"]) for region in regions if "to_name" in region}
    if len(names) > 1:
        raise DistillError(
            "Expected annotations of one text in each task of Label Studio, got some of"
            f" {' and '.join(sorted(names))} in {place}: export a project"
            " with one text in a task."
        )
    strings = [key for key, found in data.items() if isinstance(found, str)]
    named = ["text", *names]
    for key in named:
        if key in strings:
            return checked_string(data[key], place)
    if len(strings) != 1:
        raise DistillError(
            f'Expected a string "text" in "data" of the task in {place}, got'
            f" {shorten(data)}: rename the field with the text."
        )
    return checked_string(data[strings[0]], place)


def _spans(region: Dict[str, Any]) -> List[RawSpan]:
    value = region["value"]
    # Under the kind of region: "labels", "hypertextlabels".
    labels = value.get(str(region.get("type")), value.get("labels"))
    own = value.get("text")
    return [
        RawSpan(
            start=value["start"],
            end=value["end"],
            label=label,
            text=own if isinstance(own, str) and own.strip() else None,
        )
        for label in (labels if isinstance(labels, list) and labels else [None])
    ]


def _annotator(annotation: Dict[str, Any]) -> Optional[str]:
    name = annotation.get("completed_by")
    if isinstance(name, dict):
        name = name.get("email", name.get("id"))
    return str(name) if isinstance(name, (str, int)) else None
