"""Read annotations in JSONL, as Prodigy and many an LLM's user write them."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Dict, Iterable, List, NamedTuple, Optional, Sequence, Tuple

from ...corpora.text_files import is_accepted, read_records
from ...errors import DistillError
from ...tasks.ner.decoding import ScoredSpan
from ..probabilities import resolve_overlaps

# Where the name of an annotator may stand, by rank.
_ANNOTATOR = ("_annotator_id", "_session_id", "annotator")
_ANSWERS = ("accept", "reject", "ignore")
# As many faults are named one by one.
_NAMED = 10


class InvalidSpan(NamedTuple):
    """A span that cannot be used.

    line: of the file, from 1. start: its first character, or 0 if that cannot be told.
    text, label: as far as they can be told, else "". reason: in a few words.
    """

    line: int
    start: int
    text: str
    label: str
    reason: str


class Vote(NamedTuple):
    """What one annotator found in a text: one line of the file.

    annotator: the name; None if there is none. spans: in order, without overlaps; their
    start and end count characters. invalid: what else the line has.
    """

    line: int
    annotator: Optional[str]
    spans: List[ScoredSpan]
    invalid: List[InvalidSpan]


@dataclass(frozen=True)
class AnnotationFile:
    """All that an annotation file says.

    votes: for each text those of its annotators, in the order of the file. White space
        at the end of a text is left off: offsets do not depend on it.
    labels: of the valid spans, in order of first appearance; or those that were asked
        for.
    left_out: number of lines by answer, of those that were not accepted.
    """

    votes: Dict[str, List[Vote]]
    labels: Tuple[str, ...]
    left_out: Dict[str, int]

    @property
    def annotators(self) -> Tuple[str, ...]:
        """The annotators' names in order of first appearance."""
        names = (vote.annotator for votes in self.votes.values() for vote in votes)
        return tuple(dict.fromkeys(name for name in names if name is not None))

    @property
    def invalid(self) -> List[InvalidSpan]:
        """All invalid spans in the order of the file."""
        found = (
            span for votes in self.votes.values() for v in votes for span in v.invalid
        )
        return sorted(found, key=lambda span: span.line)


def read_annotations(
    path: Path, *, labels: Optional[Sequence[str]] = None
) -> AnnotationFile:
    """Read a `.jsonl` file (also `.gz`): an annotator's spans in a text on each line.

    A line is an object with `text` and `spans`, a list of objects with `start` and
    `end` in characters, `label`, and perhaps `score` from 0 to 1 (1 by default). It may
    have `answer` ("accept", "reject", "ignore"; only accepted lines count) and the
    annotator's name in `_annotator_id`, `_session_id` or `annotator`. All else is
    passed over.

    labels: those that spans may have; any by default.

    Invalid spans are listed in the result. Everything else that is amiss raises
    DistillError with its line: what is no such object, an unknown answer, a file
    without an accepted line or without a label.
    """
    if not path.is_file():
        raise DistillError(f"Expected a file of annotations at {path}: not there.")
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
            _vote(record, line, place, None if labels is None else tuple(labels))
        )
    found = [s.label for vs in votes.values() for vote in vs for s in vote.spans]
    names = tuple(dict.fromkeys(found if labels is None else labels))
    if not names:
        lines = sum(map(len, votes.values()))
        raise DistillError(
            f"Expected spans with labels in {path}, got no valid one in {lines}"
            f" accepted lines{_such_as(votes)}: nothing can be learned from it."
        )
    return AnnotationFile(votes=votes, labels=names, left_out=dict(left_out))


def name_spans(invalid: Sequence[InvalidSpan]) -> str:
    """Name invalid spans with their lines: the first ten, and how many there are."""
    return name_some(
        f"line {span.line}: {span.text[:40]!r} as {span.label or 'nothing'}"
        f" {span.reason}"
        for span in invalid
    )


def name_some(names: Iterable[str]) -> str:
    """Join names with semicolons: the first ten, and how many more there are."""
    names = list(names)
    more = len(names) - _NAMED
    return "; ".join([*names[:_NAMED], *([f"and {more} more"] if more > 0 else [])])


def _vote(
    record: Dict[str, Any], line: int, place: str, labels: Optional[Tuple[str, ...]]
) -> Vote:
    text = record["text"]
    if not _is_whole(text):
        raise DistillError(
            f"Expected whole characters in {place}: take half surrogates such as"
            " \\ud83d out of the JSON."
        )
    if not isinstance(record.get("spans"), list):
        raise DistillError(
            f'Expected a list "spans" in {place}, got'
            f" {type(record['spans']).__name__ if 'spans' in record else 'none'}: give"
            " an empty list where there is nothing to find."
        )
    valid: List[ScoredSpan] = []
    invalid: List[InvalidSpan] = []
    for span in record["spans"]:
        fault = _fault(span, text, labels)
        if fault is None:
            score = 1.0 if span.get("score") is None else float(span["score"])
            valid.append(ScoredSpan(span["start"], span["end"], span["label"], score))
        else:
            invalid.append(_invalid(span, text, line, fault))
    kept = resolve_overlaps(valid)
    left = Counter(valid) - Counter(kept)
    for span in left.elements():
        reason = "overlaps with another span of the line"
        invalid.append(_invalid(span._asdict(), text, line, reason))
    return Vote(line, _annotator(record, place), kept, invalid)


def _fault(span: Any, text: str, labels: Optional[Tuple[str, ...]]) -> Optional[str]:
    """Say what is wrong with a span, as far as that can be told without tokens."""
    if not isinstance(span, dict):
        return f"is no object but {_short(span)}"
    start: Any = span.get("start")
    end: Any = span.get("end")
    label = span.get("label")
    for name, offset in (("start", start), ("end", end)):
        if not isinstance(offset, int) or isinstance(offset, bool):
            return f"has {_short(offset)} as {name}, not a number of characters"
    if not isinstance(label, str) or not label or label != label.strip():
        return f"has {_short(label)} as label"
    if not _is_whole(label):
        return "has half a character in its label"
    if labels is not None and label not in labels:
        return f"has a label that is none of {', '.join(labels)}"
    score = span.get("score")
    is_number = isinstance(score, (int, float)) and not isinstance(score, bool)
    if score is not None and not (is_number and 0.0 <= score <= 1.0):
        return f"has {_short(score)} as score, not a number from 0 to 1"
    if start >= end:
        return f"has its end {end} not after its start {start}"
    if start < 0 or end > len(text):
        return f"is {start} to {end}, outside a text of {len(text)} characters"
    if text[start].isspace() or text[end - 1].isspace():
        return "begins or ends with white space"
    return None


def _invalid(span: Any, text: str, line: int, reason: str) -> InvalidSpan:
    fields = span if isinstance(span, dict) else {}
    start: Any = fields.get("start")
    end: Any = fields.get("end")
    label = fields.get("label")
    # Only what is surely so: the offsets may be anything.
    placed = all(type(offset) is int and offset >= 0 for offset in (start, end))
    return InvalidSpan(
        line=line,
        start=min(start, len(text)) if placed else 0,
        text=text[start:end] if placed else "",
        label=label if isinstance(label, str) and _is_whole(label) else "",
        reason=reason,
    )


def _annotator(record: Dict[str, Any], place: str) -> Optional[str]:
    for field in _ANNOTATOR:
        name = record.get(field)
        if name is None:
            continue
        if not isinstance(name, (str, int)):
            raise DistillError(
                f'Expected a name as "{field}" in {place}, got {_short(name)}.'
            )
        return str(name)
    return None


def _is_whole(text: str) -> bool:
    try:
        text.encode("utf-8")
    except UnicodeEncodeError:
        return False
    return True


def _short(value: Any) -> str:
    return "nothing" if value is None else repr(value)[:40]


def _such_as(votes: Dict[str, List[Vote]]) -> str:
    invalid = [span for vs in votes.values() for vote in vs for span in vote.invalid]
    return f" ({name_spans(invalid)})" if invalid else ""
