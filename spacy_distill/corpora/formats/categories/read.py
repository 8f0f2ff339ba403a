"""Read files and folders of texts with categories."""

from pathlib import Path
from typing import Dict, Iterator, List, NamedTuple, Optional, Sequence, Tuple, Union

from ....addresses import as_path
from ....errors import DistillError
from ....tasks.textcat.task import EXCLUSIVE, MULTILABEL, TEXTCAT
from ..json_values import JsonValue
from ..label_studio import has_choices, is_task, read_choices
from ..label_studio import has_spans as has_regions
from ..read import annotated_files
from ..records import UNANNOTATED, Place
from ..spacy_json import is_document
from ..span_lists import has_spans, text_field
from ..tagged_rows import is_row, names_beside, names_in
from ..values import file_values
from .json_objects import has_categories, needs_names, read_object
from .records import (
    CategoryText,
    checked_name,
    checked_text,
    find_categories,
    find_several,
)

_NER = "ner"


class Annotations(NamedTuple):
    """What annotated text is annotated with.

    Attributes:
        spans: The first place with spans; None if there are none.
        categories: The first place with categories; None if there are none.
    """

    spans: Optional[Place]
    categories: Optional[Place]


class CategoryFiles(NamedTuple):
    """Texts with categories.

    Attributes:
        texts: The texts that count, in order.
        categories: All categories: those declared, then in order of appearance.
        exclusive: Whether each text has exactly one category.
        several: The first text that has several, if categories are not exclusive.
        left_out: Number of texts that do not count, by reason.
    """

    texts: List[CategoryText]
    categories: Tuple[str, ...]
    exclusive: bool
    several: Optional[CategoryText]
    left_out: Dict[str, int]


def find_annotations(path: Union[str, Path]) -> Annotations:
    """Find what annotated text is annotated with.

    Args:
        path: A file or folder, see `annotated_files`.

    Returns:
        The first places of spans and of categories.

    Raises:
        DistillError: If a file cannot be read.
    """
    path = as_path(path)
    spans: Optional[Place] = None
    categories: Optional[Place] = None
    for file in annotated_files(path):
        if file.suffix == ".ann":
            spans = spans or Place(file, 1, in_folder=path.is_dir())
            continue
        for value in file_values(file, in_folder=path.is_dir()).values:
            record = value.value
            if is_task(record):
                in_spans = has_regions(record, value.place)
                in_categories = has_choices(record, value.place)
            else:
                in_spans = is_row(record) or is_document(record) or has_spans(record)
                in_categories = has_categories(record)
            spans = spans or (value.place if in_spans else None)
            categories = categories or (value.place if in_categories else None)
            if spans is not None and categories is not None:
                return Annotations(spans, categories)
    return Annotations(spans, categories)


def annotation_task(path: Union[str, Path], task: Optional[str] = None) -> str:
    """Return what annotated text is read as.

    Args:
        path: A file or folder, see `annotated_files`.
        task: "ner", "textcat" or "textcat_multilabel" if the user said so.

    Returns:
        "ner" or "textcat": which of spans and categories occur; "ner" if neither does.

    Raises:
        DistillError: If both occur, or if a file cannot be read.
    """
    if task is not None:
        return EXCLUSIVE if task in TEXTCAT else _NER
    spans, categories = find_annotations(path)
    if spans is not None and categories is not None:
        raise DistillError(
            f"Expected either spans or categories in {path}, got spans in"
            f" {spans.short} and categories in {categories.short}: choose with --task"
            f" {_NER} or --task {EXCLUSIVE} (in Python and in the config of a teacher,"
            ' task = "...").'
        )
    return _NER if categories is None else EXCLUSIVE


def read_categories(
    path: Union[str, Path],
    *,
    labels: Optional[Sequence[str]] = None,
    task: Optional[str] = None,
) -> CategoryFiles:
    """Read texts with categories.

    Args:
        path: A file or folder, see `annotated_files`.
        labels: The categories, in this order; by default all that occur.
        task: "textcat" or "textcat_multilabel"; by default decided by the texts, see
            `find_several`.

    Returns:
        The texts, without those that have no annotation.

    Raises:
        DistillError: With file and line, for what cannot be read; if there is no text
            with a category, an unknown category, or just one although they exclude each
            other; or if a text has several and should not.
    """
    path = as_path(path)
    texts = list(_read_texts(path))
    counted = _join_decisions([text for text in texts if text.left_out is None])
    categories = list(find_categories(counted) if labels is None else labels)
    _check_known(counted, categories)
    several = find_several(counted, categories)
    exclusive = several is None if task not in TEXTCAT else task == EXCLUSIVE
    if exclusive and several is not None:
        raise DistillError(
            f"Expected one category for each text in {path}, got"
            f" {_describe(several)}: correct it, or choose the task {MULTILABEL}."
        )
    left_out: Dict[str, int] = {}
    for text in texts:
        if text.left_out is not None:
            left_out[text.left_out] = left_out.get(text.left_out, 0) + 1
    if exclusive:
        # That none applies is no annotation then.
        empty = sum(not text.scores for text in counted)
        counted = [text for text in counted if text.scores]
        if empty:
            left_out[UNANNOTATED] = left_out.get(UNANNOTATED, 0) + empty
    if not counted or not categories:
        raise DistillError(
            f"Expected texts with categories in {path}, got none that counts: annotate"
            " some."
        )
    if exclusive and len(categories) == 1:
        raise DistillError(
            "Expected two or more categories that exclude each other in"
            f" {path}, got {categories[0]!r} alone: add texts of another one, or choose"
            f" the task {MULTILABEL}."
        )
    return CategoryFiles(counted, tuple(categories), exclusive, several, left_out)


def read_texts(path: Union[str, Path]) -> List[str]:
    """Return the texts of annotated text with categories, each once.

    Args:
        path: A file or folder, see `annotated_files`.

    Raises:
        DistillError: With file and line, for what cannot be read.
    """
    texts = list(_read_texts(as_path(path)))
    counted = [text.text for text in texts if text.left_out in (None, UNANNOTATED)]
    return list(dict.fromkeys(counted))


def _read_texts(path: Path) -> Iterator[CategoryText]:
    for file in annotated_files(path):
        values, features = file_values(file, in_folder=path.is_dir())
        names: Optional[List[str]] = None
        looked = False
        for value in values:
            if is_task(value.value):
                yield from _read_task(value)
                continue
            if not has_categories(value.value) and text_field(value.value) is None:
                raise DistillError(
                    f"Expected an object with a text and its category in {value.place},"
                    f" got {str(value.value)[:60]}: convert it (docs/data.md)."
                )
            if not looked and needs_names(value.value):
                field = next(f for f in ("label", "labels") if f in value.value)
                names = names_in(features, field) or names_beside(file, field)
                looked = True
            yield read_object(value, names)


def _read_task(value: JsonValue) -> Iterator[CategoryText]:
    place = value.place
    for text, chosen, annotator, left_out in read_choices(value):
        if len(chosen) > 1:
            raise DistillError(
                "Expected one list of choices in each task of Label Studio, got"
                f" {' and '.join(map(repr, chosen))} in {place}: export each as a"
                " project of its own."
            )
        names = [checked_name(one, place) for one in next(iter(chosen.values()), [])]
        yield CategoryText(
            place,
            checked_text(text, place),
            dict.fromkeys(names, 1.0),
            annotator=annotator,
            left_out=left_out or (None if chosen else UNANNOTATED),
        )


def _join_decisions(texts: List[CategoryText]) -> List[CategoryText]:
    """Join an annotator's decisions on single categories of the same text."""
    joined: List[CategoryText] = []
    by_key: Dict[Tuple[str, Optional[str]], Dict[str, float]] = {}
    for text in texts:
        key = (text.text, text.annotator)
        # Another decision on the same category is another vote.
        name = next(iter(text.scores), "")
        before = by_key.get(key)
        if not text.closed and before is not None and name not in before:
            before.update(text.scores)
            continue
        if not text.closed:
            text = text._replace(scores=dict(text.scores))
            by_key[key] = text.scores
        joined.append(text)
    return joined


def _check_known(texts: Sequence[CategoryText], categories: Sequence[str]) -> None:
    known = set(categories)
    for text in texts:
        for name in text.scores:
            if name not in known:
                raise DistillError(
                    f"Expected categories out of {', '.join(categories)} in"
                    f" {text.place}, got {name!r}: add it to the labels, or correct it."
                )


def _describe(text: CategoryText) -> str:
    scores = ", ".join(f"{name} {score:g}" for name, score in text.scores.items())
    return f"{scores} in {text.place}"
