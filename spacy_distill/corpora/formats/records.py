"""What the readers of annotated text have in common."""

from pathlib import Path
from typing import Any, List, NamedTuple, Optional, Tuple

# Why a text is left out, apart from the answers of Prodigy.
CANCELLED = "cancelled"
UNANNOTATED = "without annotation"

FORMS = (
    'JSON lines or arrays of objects with "text" and a list "spans" (Prodigy),'
    ' "label", "labels" or "entities" (doccano), of tasks of Label Studio (JSON or'
    ' JSON_MIN), of rows with "tokens" and "ner_tags" (Hugging Face), of documents'
    ' with "paragraphs" (spaCy 2) or of [text, {"entities": [[start, end, label]]}]'
    " (spaCy), .ann beside .txt (brat), and for categories of texts objects with a"
    ' "text" and a "label", "labels" or "cats", or a table (CSV) with such columns'
)


class Place(NamedTuple):
    """Where a text or span is annotated.

    Attributes:
        file: The file.
        line: Line number, from 1.
        item: Number of the item of a JSON array, from 1; 0 for lines.
        in_folder: Whether the file was found in a folder, so that it must be named.
    """

    file: Path
    line: int
    item: int = 0
    in_folder: bool = False

    @property
    def short(self) -> str:
        """Line or item, and the file's name only if it was found in a folder."""
        number = f"item {self.item}" if self.item else f"line {self.line}"
        return f"{self.file.name} {number}" if self.in_folder else number

    def __str__(self) -> str:
        item = f" (item {self.item})" if self.item else ""
        return f"{self.file}:{self.line}{item}"


class RawSpan(NamedTuple):
    """A span as it is in the file, so of any type.

    Attributes:
        start: Offset of the first character.
        end: Offset after the last character.
        label: Label.
        score: Score from 0 to 1, or None.
        text: The text that the file repeats for the span, if any.
        problem: Why the span cannot be used, if the reader found a reason.
        place: Where the span is, if not where its text is.
    """

    start: Any = None
    end: Any = None
    label: Any = None
    score: Any = None
    text: Optional[str] = None
    problem: Optional[str] = None
    place: Optional[Place] = None


class AnnotatedText(NamedTuple):
    """One annotator's annotation of a text.

    Attributes:
        place: Where it is.
        text: The text.
        spans: Its spans, unchecked.
        annotator: Name of the annotator, if known.
        left_out: Why it does not count, e.g. "reject"; None if it counts.
        words: The file's own tokens, if it has any.
        spaces: Whether a space follows each of them.
        unknown: Ranges of characters without annotation.
        document: Index of its document in the file.
        by_line: Whether each line of the text is a text of its own.
    """

    place: Place
    text: str
    spans: List[RawSpan]
    annotator: Optional[str] = None
    left_out: Optional[str] = None
    words: Optional[Tuple[str, ...]] = None
    spaces: Optional[Tuple[bool, ...]] = None
    unknown: Tuple[Tuple[int, int], ...] = ()
    document: int = 0
    by_line: bool = False


def shorten(value: Any) -> str:
    """Show a value of a file in a message.

    Args:
        value: Any value of JSON.

    Returns:
        At most 40 characters.
    """
    return "nothing" if value is None else repr(value)[:40]


def is_encodable(text: str) -> bool:
    """Whether a string has no lone surrogates, so it can be written as UTF-8.

    Args:
        text: The string.

    Returns:
        False if there is half of a surrogate pair.
    """
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True
