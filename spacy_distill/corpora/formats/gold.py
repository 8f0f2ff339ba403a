"""Annotated text as gold: Docs with entities or categories."""

from collections import Counter
from itertools import count
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Sequence, Tuple, Union

from spacy.language import Language
from spacy.tokens import Doc, Span

from ...errors import DistillError
from ...tasks.textcat.task import EXCLUSIVE
from .alignment import align_spans
from .categories import annotation_task, read_category_gold
from .checked import CheckedText
from .offsets import WINDOW
from .read import read_checked
from .records import FORMS
from .spans import InvalidSpan, name_some, name_spans


class AnnotatedGold(NamedTuple):
    """Annotated text as gold.

    Attributes:
        docs: Docs with entities or categories, each with the index of its document.
        notes: What was left out, dropped or repaired, a line each.
        trimmed: Number of spans that lost whitespace at an end.
        own_tokens: Whether some Docs have the file's own tokens.
    """

    docs: List[Tuple[Doc, int]]
    notes: List[str]
    trimmed: int
    own_tokens: bool


def read_annotated_gold(
    path: Union[str, Path],
    nlp: Language,
    *,
    strict: bool = False,
    tag_names: Optional[Sequence[str]] = None,
    task: Optional[str] = None,
) -> AnnotatedGold:
    """Read annotated text as Docs with entities or, of such files, with categories.

    Spans lose whitespace at their ends. Tokens that an unusable span may cover have no
    annotation; the other tokens outside of entities are annotated as outside.

    Args:
        path: A file or folder, see `read_checked`.
        nlp: Pipeline that tokenizes, and whose vocab the Docs have. A file's own tokens
            are kept.
        strict: Whether spans that cannot be used, or that contradict their own text,
            are an error. By default they are dropped, or repaired.
        tag_names: Names of tags that are numbers, in the order of the numbers.
        task: What is read: "ner", "textcat" or "textcat_multilabel"; by default what
            there is. For categories see `read_category_gold`.

    Returns:
        The Docs, and what was changed.

    Raises:
        DistillError: With file and line, for what cannot be read; if no text is
            annotated; or, if strict, for spans that cannot be used as they are.
    """
    path = Path(path)
    if annotation_task(path, task) == EXCLUSIVE:
        categories = read_category_gold(path, nlp, task=task, strict=strict)
        of_texts = list(zip(categories.docs, count()))
        return AnnotatedGold(of_texts, categories.notes, trimmed=0, own_tokens=False)
    texts = read_checked(path, tag_names=tag_names, trim=True)
    counted = [text for text in texts if text.left_out is None]
    left_out = Counter(text.left_out for text in texts if text.left_out is not None)
    reasons = ", ".join(f"{number} {why}" for why, number in left_out.items())
    if not counted:
        raise DistillError(
            f"Expected annotated texts in {path}, got none that counts"
            f" ({reasons or 'the file is empty'}): annotate some. Those that can be"
            f" read are {FORMS}."
        )
    notes = [f"left out texts ({reasons})"] if left_out else []
    counted, about_annotators = _first_annotators(counted, path, strict)
    docs: List[Tuple[Doc, int]] = []
    invalid: List[InvalidSpan] = []
    for text in counted:
        doc, dropped = _make_doc(text, nlp)
        docs.append((doc, text.document))
        invalid += dropped
    notes += [*about_annotators, *_notes_on_spans(path, counted, invalid, strict)]
    return AnnotatedGold(
        docs,
        notes,
        trimmed=sum(text.trimmed for text in counted),
        own_tokens=any(text.words is not None for text in counted),
    )


def _make_doc(text: CheckedText, nlp: Language) -> Tuple[Doc, List[InvalidSpan]]:
    if text.words is None:
        doc = nlp.make_doc(text.text)
    else:
        doc = Doc(nlp.vocab, words=list(text.words), spaces=list(text.spaces or ()))
    place = text.place.short
    aligned = align_spans(doc, text.spans, text.invalid, text.unknown, place=place)
    ents = [Span(doc, s.start, s.end, label=s.label) for s in aligned.spans]
    missing = [doc[i : i + 1] for i in aligned.unknown.nonzero()[0].tolist()]
    doc.set_ents(ents, missing=missing, default="outside")
    return doc, aligned.invalid


def _are_of_two(one: CheckedText, other: CheckedText) -> bool:
    """Whether two annotations of a text are of two annotators."""
    if one.annotator is None and other.annotator is None:
        # Some tools write a file for each annotator. Files that agree are of no harm.
        return one.place.file != other.place.file and one.spans != other.spans
    return one.annotator != other.annotator


def _first_annotators(
    texts: List[CheckedText], path: Path, strict: bool
) -> Tuple[List[CheckedText], List[str]]:
    """Keep one annotation of texts that several annotators have annotated.

    Returns the texts and notes on them.
    """
    first: Dict[str, CheckedText] = {}
    kept: List[CheckedText] = []
    same, others = 0, []
    for text in texts:
        before = first.setdefault(text.text, text)
        if not _are_of_two(before, text):
            kept.append(text)
        elif before.spans == text.spans:
            same += 1
        else:
            others.append(f"{text.place.short} against {before.place.short}")
    if others and strict:
        raise DistillError(
            f"Expected one annotation of each text in {path}, got {len(others)} by"
            f" other annotators that differ: {name_some(others)}. Decide, or leave out"
            " --strict to take the first of each text."
        )
    if not (same or others):
        return kept, []
    named = f" ({name_some(others)})" if others else ""
    return kept, [
        f"took the first annotation of texts with several annotators; {same} others are"
        f" the same, {len(others)} differ{named}"
    ]


def _notes_on_spans(
    path: Path, texts: List[CheckedText], invalid: List[InvalidSpan], strict: bool
) -> List[str]:
    repairs = [repair for text in texts for repair in text.repaired]
    moved = [repair.as_invalid() for repair in repairs]
    if strict and (invalid or moved):
        number = len(invalid) + len(moved)
        raise DistillError(
            f"Expected valid spans in {path}, got {number} that"
            f" {'is' if number == 1 else 'are'} not: {name_spans([*moved, *invalid])}."
            " Correct them, or leave out --strict to drop them, and to move those whose"
            f" own text occurs once within {WINDOW} characters."
        )
    notes = []
    if moved:
        notes.append(f"moved {len(moved)} spans to their own text: {name_spans(moved)}")
    if invalid:
        notes.append(f"dropped {len(invalid)} spans: {name_spans(invalid)}")
    return notes
