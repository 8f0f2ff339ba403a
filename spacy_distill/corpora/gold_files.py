"""Annotated sentences of one file, of any kind."""

import re
from pathlib import Path
from typing import Collection, Dict, List, NamedTuple, Optional, Tuple

from spacy.language import Language
from spacy.tokens import Doc

from ..docs import Trimmed, trim_entities
from ..errors import DistillError
from .column_layout import is_regular
from .column_rows import read_table
from .columns import read_columns
from .file_kinds import ANNOTATED, COLUMNS, MARKUP, SPACY, TEXT, UNKNOWN, file_kind
from .formats import is_annotated, read_annotated_gold
from .markup import MarkedDocument
from .markup_files import marked_doc, read_markup_file
from .text_entries import read_doc_bin
from .text_files import read_beginning, read_utf8

GOLD_FORMS = (
    "mark-up under a heading '# register/topic', columns of words and tags, annotated"
    " JSON, a table with text and label, brat or a .spacy file"
)
_MARKED = re.compile(r"\[[^\[\]]+\]\([^\s()\[\]]+\)")


class SourceSentence(NamedTuple):
    """A sentence of a source.

    Attributes:
        doc: The sentence, with its entities if the source is gold.
        document: Index of its document in the source.
        topic: "register/topic" for markup, None for other formats.
    """

    doc: Doc
    document: int
    topic: Optional[str]

    @property
    def register(self) -> Optional[str]:
        """First part of `topic`, None for formats other than markup."""
        return self.topic.partition("/")[0] if self.topic else None


class GoldOptions(NamedTuple):
    """How gold files are read.

    Attributes:
        labels: Allowed entity labels in markup. None allows any label.
        scheme: Tag scheme of column files, see `read_columns`.
        word_column: Column of the words in column files, likewise.
        tag_column: Column of the tags in column files, likewise.
        strict: Whether invalid spans and tags are an error, and not repaired or
            dropped, see `formats.read_annotated_gold` and `read_columns`.
        task: What is read of annotated text, see `formats.read_annotated_gold`.
    """

    labels: Optional[Collection[str]] = None
    scheme: Optional[str] = None
    word_column: Optional[int] = None
    tag_column: Optional[int] = None
    strict: bool = False
    task: Optional[str] = None


class GoldFile(NamedTuple):
    """A gold file that was read.

    Attributes:
        sentences: The sentences in order.
        notes: How the file was read, and what was left out.
        trimmed: Entities that lost whitespace.
        own_tokens: Whether the file has tokens of its own.
    """

    sentences: List[SourceSentence]
    notes: Tuple[str, ...]
    trimmed: Trimmed
    own_tokens: bool


def gold_kind(file: Path, options: GoldOptions) -> str:
    """Return the kind of a gold file.

    Args:
        file: The file.
        options: How the file is read.

    Returns:
        As `file_kind`, and `ANNOTATED`. Other files are `COLUMNS` if their lines have
        the same number of columns, or if a column was named.

    Raises:
        DistillError: If the file cannot be read.
    """
    if is_annotated(file):
        return ANNOTATED
    kind = file_kind(file)
    has_columns = options.word_column is not None or options.tag_column is not None
    # Without tags that are known: the reader of columns lists what it found.
    if (kind in (TEXT, UNKNOWN) and has_columns) or (
        kind == UNKNOWN and is_regular(read_table(read_beginning(file)))
    ):
        return COLUMNS
    return kind


def read_gold_file(
    file: Path,
    kind: str,
    nlp: Language,
    *,
    options: GoldOptions,
    seen: Dict[str, MarkedDocument],
) -> GoldFile:
    """Read a gold file.

    Whitespace at the ends of entities is trimmed, and entities of nothing else are
    dropped.

    Args:
        file: The file, or a folder of annotated text.
        kind: Its kind, see `gold_kind`.
        nlp: Pipeline that tokenizes text and whose vocab the Docs have.
        options: How the file is read.
        seen: Documents of other markup files, see `read_markup_file`.

    Returns:
        The sentences.

    Raises:
        DistillError: If the file is of another kind or has an error, or if a Doc has no
            entity annotation.
    """
    notes: Tuple[str, ...] = (kind,)
    trimmed = Trimmed()
    own_tokens = kind == SPACY
    if kind == SPACY:
        sentences = _read_docs(file, nlp)
    elif kind == ANNOTATED:
        gold = read_annotated_gold(file, nlp, strict=options.strict, task=options.task)
        notes = (kind, *gold.notes)
        trimmed = Trimmed(gold.trimmed)
        own_tokens = gold.own_tokens
        sentences = [SourceSentence(doc, number, None) for doc, number in gold.docs]
    elif kind == COLUMNS:
        own_tokens = True
        columns = read_columns(
            file,
            nlp.vocab,
            scheme=options.scheme,
            word_column=options.word_column,
            tag_column=options.tag_column,
            strict=options.strict,
        )
        notes = (f"{COLUMNS}, {columns.notes[0]}", *columns.notes[1:])
        sentences = [SourceSentence(s.doc, s.document, None) for s in columns.sentences]
    elif kind == MARKUP or _is_like_markup(file):
        sentences = _read_markup(file, nlp, options.labels, seen)
    else:
        raise _no_annotation(file)
    for sentence in sentences:
        trimmed = trimmed.add(trim_entities(sentence.doc))
    return GoldFile(sentences, notes, trimmed, own_tokens)


def _read_docs(file: Path, nlp: Language) -> List[SourceSentence]:
    docs = list(read_doc_bin(file).get_docs(nlp.vocab))
    for number, doc in enumerate(docs, start=1):
        if not (doc.cats or doc.has_annotation("ENT_IOB")):
            raise DistillError(
                f"{file}: expected entity annotation or categories in every Doc, got"
                f" none in Doc {number}; annotate it (`doc.ents = []` if it has no"
                " entities), or use the file as unlabelled text."
            )
    return [SourceSentence(doc, number, None) for number, doc in enumerate(docs)]


def _read_markup(
    file: Path,
    nlp: Language,
    labels: Optional[Collection[str]],
    seen: Dict[str, MarkedDocument],
) -> List[SourceSentence]:
    return [
        SourceSentence(marked_doc(s, nlp, source=str(file)), number, document.name)
        for number, document in enumerate(
            read_markup_file(file, labels=labels, seen=seen)
        )
        for s in document.sentences
    ]


def _is_like_markup(file: Path) -> bool:
    """Whether a file seems to be markup with a fault, which its parser names."""
    lines = [line for line in read_beginning(file) if line]
    return any(line.startswith("# ") or _MARKED.search(line) for line in lines)


def _no_annotation(file: Path) -> DistillError:
    first = next((line for line in read_utf8(file).split("\n") if line.strip()), None)
    if first is None:
        return DistillError(f"Expected annotated text in {file}, got an empty file.")
    return DistillError(
        f"Expected {GOLD_FORMS}, got {file}, which begins with '{first.strip()[:40]}':"
        " annotate it, or give it as unlabelled text."
    )
