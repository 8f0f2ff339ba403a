"""Read span annotations in JSONL, in the format of Prodigy."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from ...corpora.text_files import is_accepted, read_records
from ...errors import DistillError
from ...tasks.ner.decoding import ScoredSpan
from ..probabilities import resolve_overlaps

# Fields that may contain the annotator's name, in order of precedence.
_ANNOTATOR_FIELDS = ("_annotator_id", "_session_id", "annotator")
_ANSWERS = ("accept", "reject", "ignore")
# Number of items that messages list before "and N more".
_MAX_LISTED = 10


class InvalidSpan(NamedTuple):
    """A span that cannot be used.

    Attributes:
        line: Line in the file, from 1.
        start: Offset of the first character, or 0 if the offsets are invalid.
        text: Text of the span, or "" if the offsets are invalid.
        label: Label of the span, or "" if it is invalid.
        reason: Short explanation, e.g. "overlaps with another span of the line".
    """

    line: int
    start: int
    text: str
    label: str
    reason: str


class Vote(NamedTuple):
    """An annotator's spans in a text: one line of the file.

    Attributes:
        line: Line in the file, from 1.
        annotator: Name of the annotator; None if there is none.
        spans: Valid spans with character offsets, sorted, without overlaps.
        invalid: The other spans of the line.
    """

    line: int
    annotator: Optional[str]
    spans: List[ScoredSpan]
    invalid: List[InvalidSpan]


@dataclass(frozen=True)
class AnnotationFile:
    """Contents of an annotation file.

    Attributes:
        votes: Votes on each text, in the order of the file. Trailing whitespace of a
            text is removed, which does not change the offsets.
        labels: Requested labels, or else the labels of the valid spans, in order of
            first appearance.
        left_out: Number of lines that were not accepted, by answer.
    """

    votes: Dict[str, List[Vote]]
    labels: Tuple[str, ...]
    left_out: Dict[str, int]

    @property
    def annotators(self) -> Tuple[str, ...]:
        """Names of the annotators, in order of first appearance."""
        names = (vote.annotator for votes in self.votes.values() for vote in votes)
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @property
    def invalid(self) -> List[InvalidSpan]:
        """All invalid spans, in the order of the file."""
        found = (
            span for votes in self.votes.values() for v in votes for span in v.invalid
        )
        return sorted(found, key=lambda span: span.line)


def read_annotations(
    path: Path, *, labels: Optional[Sequence[str]] = None
) -> AnnotationFile:
    """Read a file of span annotations.

    Each line is an object with `text` and `spans`, a list of objects with `start` and
    `end` in characters, `label`, and optionally `score` in [0, 1] (default 1). A line
    may also have `answer` ("accept", "reject" or "ignore"; only accepted lines are
    used) and the annotator's name in `_annotator_id`, `_session_id` or `annotator`.
    Other fields are ignored.

    Args:
        path: A `.jsonl` file, or `.jsonl.gz`.
        labels: Labels that spans may have. By default, any label is valid.

    Returns:
        The contents of the file. Invalid spans do not raise an error; they are listed
        in the result.

    Raises:
        DistillError: With the line number, if a line is not such an object or has an
            unknown answer; or if the file has no accepted line or no labels.
    """
    if not path.is_file():
        raise DistillError(
            f"Expected a file of annotations at {path}, got no file: check the path."
        )
    votes: Dict[str, List[Vote]] = {}
    left_out: Counter = Counter()
    for line, record in read_records(path):
        place = f"{path}:{line}"
        if record.get("answer") not in (None, *_ANSWERS):
            raise DistillError(
                f'Expected "answer" in {place} to be one of {", ".join(_ANSWERS)}, got'
                f" {record['answer']!r}: correct it or remove it."
            )
        if not is_accepted(record):
            left_out[record["answer"]] += 1
            continue
        votes.setdefault(record["text"].rstrip(), []).append(
            _read_vote(record, line, place, None if labels is None else tuple(labels))
        )
    found = [s.label for vs in votes.values() for vote in vs for s in vote.spans]
    names = tuple(dict.fromkeys(found if labels is None else labels))
    if not names:
        lines = sum(map(len, votes.values()))
        raise DistillError(
            f"Expected spans with labels in {path}, got no valid one in {lines}"
            f" accepted lines{_list_invalid(votes)}: add annotations with labels."
        )
    return AnnotationFile(votes=votes, labels=names, left_out=dict(left_out))


def name_spans(invalid: Sequence[InvalidSpan]) -> str:
    """Describe invalid spans in one line.

    Args:
        invalid: The spans.

    Returns:
        The first ten spans with their lines, and the number of the others.
    """
    return name_some(
        f"line {span.line}: {span.text[:40]!r} as {span.label or 'nothing'}"
        f" {span.reason}"
        for span in invalid
    )


def name_some(names: Iterable[str]) -> str:
    """Join names with semicolons.

    Args:
        names: The names.

    Returns:
        The first ten names, and the number of the others.
    """
    names = list(names)
    more = len(names) - _MAX_LISTED
    listed = names[:_MAX_LISTED]
    return "; ".join([*listed, *([f"and {more} more"] if more > 0 else [])])


def _read_vote(
    record: Dict[str, Any], line: int, place: str, labels: Optional[Tuple[str, ...]]
) -> Vote:
    text = record["text"]
    if not _is_encodable(text):
        raise DistillError(
            f"Expected valid Unicode in {place}, got half of a surrogate pair, such as"
            " \\ud83d: remove it from the JSON."
        )
    if not isinstance(record.get("spans"), list):
        raise DistillError(
            f'Expected a list "spans" in {place}, got'
            f" {type(record['spans']).__name__ if 'spans' in record else 'none'}: use"
            " an empty list if the text has no entities."
        )
    valid: List[ScoredSpan] = []
    invalid: List[InvalidSpan] = []
    for span in record["spans"]:
        error = _find_error(span, text, labels)
        if error is None:
            score = 1.0 if span.get("score") is None else float(span["score"])
            valid.append(ScoredSpan(span["start"], span["end"], span["label"], score))
        else:
            invalid.append(_make_invalid(span, text, line, error))
    kept = resolve_overlaps(valid)
    overlapping = Counter(valid) - Counter(kept)
    for span in overlapping.elements():
        reason = "overlaps with another span of the line"
        invalid.append(_make_invalid(span._asdict(), text, line, reason))
    return Vote(line, _read_annotator(record, place), kept, invalid)


def _find_error(
    span: Any, text: str, labels: Optional[Tuple[str, ...]]
) -> Optional[str]:
    """Return what is wrong with a span, apart from its alignment to tokens."""
    if not isinstance(span, dict):
        return f"is no object but {_shorten(span)}"
    start: Any = span.get("start")
    end: Any = span.get("end")
    label = span.get("label")
    for name, offset in (("start", start), ("end", end)):
        if not isinstance(offset, int) or isinstance(offset, bool):
            return f"has {_shorten(offset)} as {name}, not a number of characters"
    if not isinstance(label, str) or not label or label != label.strip():
        return f"has {_shorten(label)} as label"
    if not _is_encodable(label):
        return "has half of a surrogate pair in its label"
    if labels is not None and label not in labels:
        return f"has a label that is none of {', '.join(labels)}"
    score = span.get("score")
    is_number = isinstance(score, (int, float)) and not isinstance(score, bool)
    if score is not None and not (is_number and 0.0 <= score <= 1.0):
        return f"has {_shorten(score)} as score, not a number from 0 to 1"
    if start >= end:
        return f"has its end {end} not after its start {start}"
    if start < 0 or end > len(text):
        return f"is {start} to {end}, outside a text of {len(text)} characters"
    if text[start].isspace() or text[end - 1].isspace():
        return "begins or ends with whitespace"
    return None


def _make_invalid(span: Any, text: str, line: int, reason: str) -> InvalidSpan:
    fields = span if isinstance(span, dict) else {}
    start: Any = fields.get("start")
    end: Any = fields.get("end")
    label = fields.get("label")
    # The offsets may be of any type, and booleans are integers.
    has_offsets = all(type(offset) is int and offset >= 0 for offset in (start, end))
    return InvalidSpan(
        line=line,
        start=min(start, len(text)) if has_offsets else 0,
        text=text[start:end] if has_offsets else "",
        label=label if isinstance(label, str) and _is_encodable(label) else "",
        reason=reason,
    )


def _read_annotator(record: Dict[str, Any], place: str) -> Optional[str]:
    for field in _ANNOTATOR_FIELDS:
        name = record.get(field)
        if name is None:
            continue
        if not isinstance(name, (str, int)):
            raise DistillError(
                f'Expected a name as "{field}" in {place}, got {_shorten(name)}: use a'
                " string."
            )
        return str(name)
    return None


def _is_encodable(text: str) -> bool:
    """Return whether a string has no lone surrogates, so it can be written as UTF-8."""
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _shorten(value: Any) -> str:
    return "nothing" if value is None else repr(value)[:40]


def _list_invalid(votes: Dict[str, List[Vote]]) -> str:
    invalid = [span for vs in votes.values() for vote in vs for span in vote.invalid]
    return f" ({name_spans(invalid)})" if invalid else ""
