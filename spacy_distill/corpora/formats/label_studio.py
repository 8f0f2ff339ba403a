"""Tasks of Label Studio, as its export "JSON" has them.

{"data": {"text": "Mira left."}, "annotations": [{"completed_by": 1, "result": [
    {"type": "labels", "value": {"start": 0, "end": 4, "labels": ["PER"]}}]}]}
"""

from typing import Any, Dict, Iterator, List, Optional

from ...errors import DistillError
from .json_values import JsonValue
from .records import CANCELLED, UNANNOTATED, AnnotatedText, Place, RawSpan, shorten
from .span_lists import checked_string


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

    Predictions do not count. Regions of other kinds, relations and choices are ignored.

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
    annotations = task.get("annotations", task.get("completions")) or []
    if not isinstance(annotations, list):
        annotations = [annotations]
    regions = [_regions(annotation, place) for annotation in annotations]
    text = _text(task["data"], [r for found in regions for r in found], place)
    if not annotations:
        yield AnnotatedText(place, text, [], left_out=UNANNOTATED)
    for annotation, found in zip(annotations, regions):
        cancelled = annotation.get("was_cancelled") or annotation.get("skipped")
        yield AnnotatedText(
            place,
            text,
            [span for region in found for span in _spans(region)],
            annotator=_annotator(annotation),
            left_out=CANCELLED if cancelled else None,
        )


def _regions(annotation: Any, place: Place) -> List[Dict[str, Any]]:
    results = annotation.get("result") if isinstance(annotation, dict) else None
    if not isinstance(results, list):
        raise DistillError(
            f'Expected annotations of Label Studio with a list "result" in {place}, got'
            f" {shorten(annotation)}: export the project as JSON."
        )
    return [
        region
        for region in results
        if isinstance(region, dict)
        and isinstance(region.get("value"), dict)
        and {"start", "end"} <= set(region["value"])
    ]


def _text(data: Dict[str, Any], regions: List[Dict[str, Any]], place: Place) -> str:
    names = {str(region["to_name"]) for region in regions if "to_name" in region}
    if len(names) > 1:
        raise DistillError(
            f"Expected spans of one text in each task of Label Studio, got some of"
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
