"""Markup files, and conversion of their sentences to Docs."""

from pathlib import Path
from typing import Collection, Dict, List, Optional, Union

from spacy.language import Language
from spacy.tokens import Doc

from ..errors import DistillError
from .markup import MarkedDocument, MarkedSentence, parse_markup
from .text_files import read_utf8


def read_markup(
    path: Union[str, Path], *, labels: Optional[Collection[str]] = None
) -> List[MarkedDocument]:
    """Read a markup file, or all `.txt` files of a folder and its subfolders.

    Args:
        path: File or folder.
        labels: Allowed entity labels, see `parse_markup`.

    Returns:
        The documents, in the order of the sorted file paths.

    Raises:
        DistillError: If the path does not exist, a folder has no `.txt` files, a file
            has no documents or is not UTF-8, two documents have the same heading, or
            the markup has an error.
    """
    path = Path(path)
    files = sorted(path.rglob("*.txt")) if path.is_dir() else [path]
    if not files:
        raise DistillError(
            f"Expected .txt files with mark-up in {path}, found none; check the path."
        )
    seen: Dict[str, MarkedDocument] = {}
    return [
        document
        for file in files
        for document in read_markup_file(file, labels=labels, seen=seen)
    ]


def read_markup_file(
    file: Path,
    *,
    labels: Optional[Collection[str]] = None,
    seen: Dict[str, MarkedDocument],
) -> List[MarkedDocument]:
    """Read one of several markup files.

    Args:
        file: Path of the file.
        labels: Allowed entity labels, see `parse_markup`.
        seen: Documents of the other files by heading. Those of this file are added.

    Returns:
        The documents in order.

    Raises:
        DistillError: As `read_markup`.
    """
    documents = parse_markup(read_utf8(file), source=str(file), labels=labels)
    if not documents:
        raise DistillError(
            f"{file}:1: expected a heading '# register/topic' and sentences, got an"
            " empty file; fill it or remove it."
        )
    for document in documents:
        first = seen.setdefault(document.name, document)
        if first is not document:
            raise DistillError(
                f"{file}:{document.line}: expected a heading of its own for every"
                f" document, got '# {document.name}' again (first in"
                f" {first.source}:{first.line}); rename one."
            )
    return documents


def marked_doc(sentence: MarkedSentence, nlp: Language, *, source: str) -> Doc:
    """Tokenize a sentence and set its entities. Other tokens are annotated as outside.

    Args:
        sentence: Sentence to convert.
        nlp: Pipeline whose tokenizer is used.
        source: Name of the sentence's file, for error messages.

    Returns:
        The annotated Doc.

    Raises:
        DistillError: With `source:line`, if an entity does not start and end on token
            boundaries.
    """
    doc = nlp.make_doc(sentence.text)
    spans = []
    for entity in sentence.entities:
        span = doc.char_span(entity.start, entity.end, label=entity.label)
        if span is None:
            around = doc.char_span(entity.start, entity.end, alignment_mode="expand")
            words = sentence.text[entity.start : entity.end]
            tokens = " | ".join(token.text for token in around or doc)
            raise DistillError(
                f"{source}:{sentence.line}: expected an entity that starts and ends"
                f" where a token does, got '{words}' where the {nlp.lang!r} tokenizer"
                f" cuts '{tokens}'; mark whole tokens or reword the sentence."
            )
        spans.append(span)
    doc.set_ents(spans, default="outside")
    return doc
