"""Texts annotated with brat: `a.ann` with the spans beside `a.txt` with the text.

T1	PER 0 4	Mira
T2	ORG 14 20;21 28	Bright Harbour
"""

import re
from pathlib import Path
from typing import Iterator, List, Optional

from ...errors import DistillError
from ..text_files import read_lines
from .offsets import agrees
from .records import AnnotatedText, Place, RawSpan

_ENTITY = re.compile(r"T\S*\t(\S+) (\d+ \d+(?:;\d+ \d+)*)(?:\t(.*))?$")
# Relations, equivalences, events, attributes, normalizations and notes.
_IGNORED = re.compile(r"(?:[REAMN#]\w*|\*)\s*\t")
_BYTE_ORDER_MARK = "\ufeff"


def annotation_file(path: Path) -> Optional[Path]:
    """Return the annotation of a file.

    Args:
        path: A `.ann` file, or a `.txt` file that may have one beside it.

    Returns:
        The `.ann` file, or None for other files.
    """
    if path.suffix == ".ann":
        return path
    beside = path.with_suffix(".ann")
    return beside if path.suffix == ".txt" and beside.is_file() else None


def read_brat(
    file: Path, *, document: int = 0, in_folder: bool = False
) -> AnnotatedText:
    """Read an annotation file and its text.

    A span in several parts counts if there is only whitespace between them.

    Args:
        file: The `.ann` file.
        document: Index of the document.
        in_folder: Whether the file was found in a folder.

    Returns:
        The text, each line of which is a text of its own.

    Raises:
        DistillError: If there is no text, or if a line is not brat's.
    """
    source = file.with_suffix(".txt")
    if not source.is_file():
        raise DistillError(
            f"Expected the text of {file} in {source}, got nothing there: put both"
            " files into one folder."
        )
    lines = list(read_lines(file))
    best: Optional[AnnotatedText] = None
    fits = -1
    for text in _texts(source):
        place = Place(source, 1, in_folder=in_folder)
        spans = [
            span
            for number, line in lines
            for span in _read_line(line, text, Place(file, number, 0, in_folder))
        ]
        number = sum(agrees(span, text) for span in spans)
        if number > fits:
            fits = number
            best = AnnotatedText(place, text, spans, document=document, by_line=True)
    assert best is not None
    return best


def _texts(source: Path) -> Iterator[str]:
    """Yield the text as brat may have counted its characters."""
    try:
        # Line ends as they are: brat counts them.
        text = source.read_bytes().decode("utf-8")
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise DistillError(
            f"Expected UTF-8 in {source}:{line}, got {error.reason}: save the file as"
            " UTF-8."
        ) from error
    except OSError as error:
        raise DistillError(f"Could not read {source}: {error}.") from error
    plain = text.lstrip(_BYTE_ORDER_MARK)
    yield plain
    if "\r\n" in text:
        yield plain.replace("\r\n", "\n")
    if text != plain:
        # Counted like a character of the text.
        yield text.replace(_BYTE_ORDER_MARK, " ", 1)


def _read_line(line: str, text: str, place: Place) -> List[RawSpan]:
    if _IGNORED.match(line):
        return []
    match = _ENTITY.match(line)
    if match is None:
        raise DistillError(
            f"Expected a line of brat as in 'T1\\tPER 0 4\\tMira' in {place}, got"
            f" {line[:60]!r}: correct it."
        )
    label, offsets, own = match.groups()
    parts = [tuple(map(int, part.split())) for part in offsets.split(";")]
    start, end = parts[0][0], parts[-1][1]
    problem = None
    for before, after in zip(parts, parts[1:]):
        between = text[before[1] : after[0]]
        if not before[1] <= after[0] or between.strip():
            problem = f"is in {len(parts)} parts with other text between them"
    return [
        RawSpan(
            start=start,
            end=end,
            label=label,
            text=own if own and own.strip() else None,
            problem=problem,
            place=place,
        )
    ]
