"""Recognize and read files and folders of annotated text."""

from pathlib import Path
from typing import Any, Iterator, List, Optional, Sequence, Union

from ...addresses import as_path
from ...errors import DistillError
from .brat import annotation_file, read_brat
from .checked import CheckedText, check_texts
from .json_values import JsonValue
from .label_studio import is_task, read_task
from .records import FORMS, AnnotatedText, Place
from .spacy_json import is_document, read_document
from .span_lists import (
    is_tuple,
    read_answer,
    read_span_list,
    read_tuple,
    span_field,
    text_field,
)
from .tagged_rows import (
    SIDECARS,
    TaggedRow,
    is_row,
    names_in,
    read_row,
    texts_of_rows,
)
from .values import file_values, first_line, has_values, unwrap

_JSON = (".json", ".jsonl")
# Files that make a folder a pipeline or a model.
_OF_MODELS = ("config.cfg", "meta.json", "config.json")
_ROWS = 'rows with "tokens" and "ner_tags"'


def is_annotated(path: Union[str, Path]) -> bool:
    """Whether a path is annotated text: JSON, a table of categories, or of brat.

    Args:
        path: A file, or a folder.

    Returns:
        True for a file that begins like JSON or like a table with "text" and "label",
        for `.ann` and for `.txt` beside `.ann`, and for a folder with `.ann` files or
        with nothing but such JSON and tables. The names do not matter.
    """
    path = as_path(path)
    if path.is_dir():
        if any((path / name).is_file() for name in _OF_MODELS):
            return False
        files = _files_of_folder(path)
        return any(file.suffix == ".ann" for file in files) or (
            bool(files) and all(_has_values(file) for file in files)
        )
    if not path.is_file():
        return False
    return annotation_file(path) is not None or _has_values(path)


def has_other_form(value: Any) -> bool:
    """Whether a value of JSON is annotated text, but not an object with a text.

    Args:
        value: The value.

    Returns:
        True for the forms whose text is not in a field "text".
    """
    return (
        is_row(value)
        or is_task(value)
        or is_document(value)
        or is_tuple(value)
        or unwrap(value) is not None
        or text_field(value) == "data"
    )


def annotated_files(path: Union[str, Path]) -> List[Path]:
    """List the files that `read_checked` reads.

    Args:
        path: A file, or a folder.

    Returns:
        The files, sorted.

    Raises:
        DistillError: If a folder has no such files, or texts without annotation beside
            those of brat.
    """
    path = as_path(path)
    if not path.is_dir():
        return [annotation_file(path) or path]
    files = _files_of_folder(path)
    found = [file for file in files if file.suffix == ".ann" or _has_values(file)]
    if not found:
        raise DistillError(
            f"Expected files of annotated text in {path}, got none. Annotated texts"
            f" that can be read are {FORMS}."
        )
    if any(file.suffix == ".ann" for file in found):
        for file in files:
            if file.suffix == ".txt" and annotation_file(file) is None:
                raise DistillError(
                    f"Expected {file.with_suffix('.ann').name} beside {file}, got"
                    " nothing there: make an empty file if the text has no entities,"
                    " or move the text away."
                )
    return found


def source_files(path: Union[str, Path]) -> List[Path]:
    """List all files that the content of a path depends on.

    Args:
        path: A file, or a folder.

    Returns:
        The files of `annotated_files`, each with brat's text or the names of tags that
        are beside it.

    Raises:
        DistillError: As `annotated_files`.
    """
    found: List[Path] = []
    for file in annotated_files(path):
        found.append(file)
        names = (file.with_suffix(".txt").name,) if file.suffix == ".ann" else SIDECARS
        beside = [file.with_name(name) for name in names]
        found += [other for other in beside if other.is_file() and other not in found]
    return found


def read_checked(
    path: Union[str, Path],
    *,
    labels: Optional[Sequence[str]] = None,
    tag_names: Optional[Sequence[str]] = None,
    trim: bool = False,
    needs_spans: bool = True,
) -> List[CheckedText]:
    """Read annotated text.

    Args:
        path: A file in one of the forms of `FORMS`, or a folder of such files. The
            content decides, not the name. JSON may be compressed (`.gz`).
        labels: Labels that spans may have; None for any.
        tag_names: Names of tags that are numbers, in the order of the numbers.
        trim: Whether spans lose whitespace at their ends. Otherwise it is an error.
        needs_spans: Whether an object with a text and no spans is an error.

    Returns:
        The texts in order. Invalid spans do not raise an error; they are listed in the
        texts, and so is what was repaired.

    Raises:
        DistillError: With file and line, for what cannot be read.
    """
    path = as_path(path)
    texts: List[AnnotatedText] = []
    for file in annotated_files(path):
        first = texts[-1].document + 1 if texts else 0
        for text in _read_file(file, path.is_dir(), tag_names, needs_spans):
            texts.append(text._replace(document=text.document + first))
    return check_texts(texts, labels=labels, trim=trim)


def _files_of_folder(path: Path) -> List[Path]:
    inside = (file.relative_to(path) for file in path.rglob("*") if file.is_file())
    names = [n for n in inside if not any(part.startswith(".") for part in n.parts)]
    found = [path / name for name in sorted(names, key=lambda name: name.parts)]
    return [file for file in found if file.name not in SIDECARS]


def _has_values(file: Path) -> bool:
    try:
        return has_values(first_line(file))
    except DistillError:
        return False


def _read_file(
    file: Path, in_folder: bool, names: Optional[Sequence[str]], needs_spans: bool
) -> Iterator[AnnotatedText]:
    if file.suffix == ".ann":
        yield read_brat(file, in_folder=in_folder)
        return
    values, features = file_values(file, in_folder=in_folder)
    names = names or names_in(features)
    yield from _read_values(values, names, needs_spans)


def _read_values(
    values: Iterator[JsonValue], names: Optional[Sequence[str]], needs_spans: bool
) -> Iterator[AnnotatedText]:
    rows: List[TaggedRow] = []
    form: Optional[str] = None
    begun: Optional[Place] = None
    for number, value in enumerate(values):
        record: Any = value.value
        place = value.place
        field: Optional[str] = None
        left_out = read_answer(record, place) if isinstance(record, dict) else None
        if is_row(record):
            found: Optional[str] = _ROWS
        elif is_task(record):
            found = "tasks of Label Studio"
        elif is_document(record):
            found = "documents of spaCy 2"
        elif is_tuple(record):
            found = "[text, annotation] of spaCy"
        elif text_field(record) is not None:
            if left_out is None:
                field = span_field(record, place, required=needs_spans)
            found = f'objects with "{field}"' if field else None
        else:
            raise _unreadable(record, place)
        if found is not None and form is not None and found != form:
            raise DistillError(
                f"Expected one form of annotation in a file, got {form} in {begun} and"
                f" {found} in {place}: put them into two files."
            )
        if form is None and found is not None:
            form, begun = found, place
        if is_row(record):
            rows.append(read_row(value, names, number))
        elif is_task(record):
            yield from (t._replace(document=number) for t in read_task(value))
        elif is_document(record):
            rows += read_document(value, number)
        elif is_tuple(record):
            yield read_tuple(value)._replace(document=number)
        else:
            text = read_span_list(value, field)
            yield text._replace(document=number, left_out=left_out)
    yield from texts_of_rows(rows)


def _unreadable(record: Any, place: Place) -> DistillError:
    if not isinstance(record, dict):
        found = f"{type(record).__name__} {str(record)[:40]!r}"
    elif isinstance(record.get("spans"), list):
        return DistillError(
            f'Expected an object with a field "text" in {place}, got'
            f" {', '.join(map(repr, record))}: add the text."
        )
    else:
        found = f"an object with {', '.join(map(repr, record)) or 'nothing in it'}"
    return DistillError(
        f"Expected an object with annotated text in {place}, got {found}: convert it."
        f" Annotated texts that can be read are {FORMS}."
    )
