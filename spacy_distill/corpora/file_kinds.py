"""Tell the kinds of source files apart, by their content where their name does not.

A `.txt` file may be columns, mark-up or plain text, and a column file has any name.
"""

from pathlib import Path
from typing import Dict, Iterable, List, Tuple

from ..errors import DistillError
from .column_layout import looks_like_columns
from .column_rows import read_table
from .markup import is_heading
from .text_files import read_beginning

SPACY = ".spacy file"
JSONL = "JSON lines"
COLUMNS = "columns"
MARKUP = "mark-up"
TEXT = "plain text"
ANNOTATED = "annotated text"
UNKNOWN = "unknown"


def file_kind(file: Path) -> str:
    """Return the kind of a file.

    Args:
        file: Path of the file. Its name may end in `.gz`.

    Returns:
        `SPACY` or `JSONL` by the name, else `COLUMNS` or `MARKUP` by the content, else
        `TEXT` if the name ends in `.txt`, and `UNKNOWN` for any other name.

    Raises:
        DistillError: If the file cannot be read.
    """
    ending = file_ending(file)
    if ending in (".spacy", ".jsonl"):
        return SPACY if ending == ".spacy" else JSONL
    lines = read_beginning(file)
    least_rows = 2 if ending == ".txt" else 1
    if looks_like_columns(read_table(lines), least_rows=least_rows):
        return COLUMNS
    if is_heading(next((line for line in lines if line), "")):
        return MARKUP
    return TEXT if ending == ".txt" else UNKNOWN


def is_column_file(path: Path) -> bool:
    """Return whether a path is a file of columns with tags, by its content.

    Args:
        path: Any path.
    """
    if not path.is_file():
        return False
    try:
        return file_kind(path) == COLUMNS
    except DistillError:
        # Whoever reads it tells what is wrong.
        return False


def file_ending(file: Path) -> str:
    """Return the suffix of a file's name, without `.gz`.

    Args:
        file: Path of the file.
    """
    return Path(file.stem).suffix if file.suffix == ".gz" else file.suffix


def files_in(path: Path) -> List[Path]:
    """Return a file, or the files of a folder and its subfolders.

    Args:
        path: The file or folder.

    Returns:
        Paths in sorted order, without those with a name that begins with a dot. None if
        there is no such path.
    """
    if path.is_file():
        return [path]
    inside = (file.relative_to(path) for file in path.rglob("*") if file.is_file())
    names = [n for n in inside if not any(part.startswith(".") for part in n.parts)]
    return [path / name for name in sorted(names, key=lambda name: name.parts)]


def join_notes(notes: Iterable[Tuple[Path, str]]) -> List[str]:
    """Join notes on files into lines, one for each different note.

    Args:
        notes: Files and what is to be said of them.

    Returns:
        Lines that begin with the name of the first file and the number of the others.
    """
    files: Dict[str, List[Path]] = {}
    for file, note in notes:
        files.setdefault(note, []).append(file)
    return [
        f"{found[0].name}{f' and {len(found) - 1} more' if found[1:] else ''}: {note}"
        for note, found in files.items()
    ]
