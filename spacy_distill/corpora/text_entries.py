"""Unlabelled documents of one file, of any kind, before they are tokenized."""

from hashlib import blake2b
from pathlib import Path
from typing import Dict, Iterator, NamedTuple, Optional, Set, Union

from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..docs import bare_doc
from ..errors import DistillError
from .columns import read_columns
from .file_kinds import COLUMNS, MARKUP, SPACY, TEXT
from .formats.categories.json_objects import has_categories
from .formats.span_lists import SPAN_FIELDS
from .markup import MarkedDocument
from .markup_files import read_markup_file
from .text_files import is_accepted, is_rejected, open_file, read_lines, read_records


class TextEntry(NamedTuple):
    """A document, or a sentence of a markup or column file.

    Attributes:
        place: `file:line`, for error messages.
        content: Its text, or a Doc if it has tokens of its own.
        document: Index in the file of the document that it is part of.
        topic: "register/topic" for markup, None for other kinds.
    """

    place: str
    content: Union[str, Doc]
    document: int
    topic: Optional[str] = None


def read_entries(
    file: Path,
    kind: str,
    vocab: Vocab,
    *,
    word_column: Optional[int] = None,
    tag_column: Optional[int] = None,
    seen: Dict[str, MarkedDocument],
) -> Iterator[TextEntry]:
    """Read the documents of a file.

    Args:
        file: The file.
        kind: Its kind, see `file_kind`.
        vocab: Vocab of the words of column files.
        word_column: Column of the words in column files, see `read_columns`.
        tag_column: Column that is not read as words, likewise.
        seen: Documents of other markup files, see `read_markup_file`.

    Yields:
        The documents in order. Docs may have annotation.

    Raises:
        DistillError: With the place, if the file cannot be read.
    """
    if kind == SPACY:
        # A vocab of its own keeps the annotation's strings out of others.
        for number, doc in enumerate(read_doc_bin(file).get_docs(Vocab())):
            yield TextEntry(str(file), doc, number)
    elif kind == COLUMNS:
        columns = read_columns(
            file, vocab, word_column=word_column, tag_column=tag_column, tags=False
        )
        for sentence in columns.sentences:
            yield TextEntry(str(file), sentence.doc, sentence.document)
    elif kind == MARKUP:
        for number, document in enumerate(read_markup_file(file, labels=(), seen=seen)):
            for marked in document.sentences:
                place = f"{file}:{marked.line}"
                yield TextEntry(place, marked.text, number, document.name)
    elif kind == TEXT:
        for number, (line, text) in enumerate(read_lines(file)):
            yield TextEntry(f"{file}:{line}", text, number)
    else:
        yield from _read_jsonl(file)


def entry_doc(entry: TextEntry, nlp: Language) -> Doc:
    """Return a document as a Doc without annotation.

    Args:
        entry: The document.
        nlp: Pipeline that tokenizes it, or whose vocab its tokens get.

    Returns:
        The Doc.

    Raises:
        DistillError: With the place, if it is too long or has half surrogates.
    """
    if isinstance(entry.content, str):
        return _tokenize(nlp, entry.place, entry.content)
    doc = bare_doc(entry.content, nlp.vocab)
    doc.has_unknown_spaces = entry.content.has_unknown_spaces
    return doc


def read_doc_bin(file: Path) -> DocBin:
    """Read a `.spacy` file.

    Args:
        file: The file, which may be compressed (gzip).

    Returns:
        The DocBin.

    Raises:
        DistillError: If the file cannot be read.
    """
    try:
        with open_file(file) as stream:
            return DocBin().from_bytes(stream.read())
    # Bytes that are no DocBin fail in many ways, with the same remedy.
    except Exception as error:
        raise DistillError(
            f"Expected spaCy's DocBin format in {file}: {error}. Make it again with"
            " `spacy convert` or `DocBin.to_disk`."
        ) from error


def _read_jsonl(file: Path) -> Iterator[TextEntry]:
    annotated: Set[bytes] = set()
    number = 0
    for line, record in read_records(file):
        with_category = has_categories(record)
        # Where a single category was rejected, the text counts.
        is_decision = with_category and isinstance(record.get("label"), str)
        if not (is_accepted(record) or (is_decision and is_rejected(record))):
            continue
        text = record["text"]
        if with_category or any(
            isinstance(record.get(field), list) for field in SPAN_FIELDS
        ):
            digest = text_digest(text)
            # One line for each annotator; the document is one all the same.
            if digest in annotated:
                continue
            annotated.add(digest)
        yield TextEntry(f"{file}:{line}", text, number)
        number += 1


def text_digest(text: str) -> bytes:
    """Return 16 bytes by which a text is recognized when it occurs again.

    Args:
        text: The text, also with half surrogates.
    """
    # Short, as there may be millions; half surrogates are reported later.
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _tokenize(nlp: Language, place: str, text: str) -> Doc:
    try:
        return nlp.make_doc(text)
    except UnicodeEncodeError as error:
        raise DistillError(
            f"Expected whole characters in {place}: {error.reason}; take half"
            " surrogates such as \\ud83d out of the JSON."
        ) from error
    except ValueError as error:
        if len(text) <= nlp.max_length:
            raise
        raise DistillError(
            f"Expected at most {nlp.max_length} characters (nlp.max_length) in"
            f" {place}, got {len(text)}: split the document."
        ) from error
