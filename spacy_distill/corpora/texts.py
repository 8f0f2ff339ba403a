"""Unlabelled texts, from files or from memory, as Docs without annotation."""

from functools import cached_property
from hashlib import sha256
from itertools import islice
from pathlib import Path
from typing import Iterable, Iterator, List, Optional, Protocol, Sequence, Union

from spacy.language import Language
from spacy.tokens import Doc

from ..addresses import as_path, is_path, reaching
from ..errors import DistillError
from .file_texts import FileTexts
from .formats.plain import is_more_than_lines, plain_texts
from .text_entries import TextEntry, entry_doc

__all__ = [
    "FileTexts",
    "MemoryTexts",
    "TextSource",
    "Texts",
    "as_texts",
    "hash_texts",
    "path_texts",
    "read_texts",
]

# Whatever `as_texts` takes.
TextSource = Union[str, Path, "Texts", Iterable[Union[str, Doc]]]


class Texts(Protocol):
    """Unlabelled documents that can be read more than once.

    Attributes:
        own_tokens: Whether the documents have tokens of their own.
        hash: Fingerprint of the documents and their order.
        notes: How files were read whose names do not say it, a line each.
    """

    @property
    def own_tokens(self) -> bool: ...

    @property
    def notes(self) -> Sequence[str]: ...

    @property
    def hash(self) -> str: ...

    def __len__(self) -> int:
        """Return the number of documents."""
        ...

    def read(
        self, nlp: Language, start: int = 0, stop: Optional[int] = None
    ) -> Iterator[Doc]:
        """Read documents as Docs without annotation.

        Args:
            nlp: Pipeline that tokenizes, and whose vocab the Docs get.
            start: First document to read; those before it are not tokenized.
            stop: First document after those to read; None for all.
        """
        ...

    def entries(self, nlp: Language) -> Iterator[TextEntry]:
        """Read documents without tokenizing them.

        Args:
            nlp: Pipeline whose vocab the tokens of column files get.
        """
        ...


def as_texts(source: TextSource) -> Texts:
    """Return unlabelled documents that can be read more than once.

    Args:
        source: A path or an address (see `path_texts`), or strings or Docs, which are
            kept in memory.

    Raises:
        DistillError: If a path does not exist or has other files.
    """
    if is_path(source):
        return path_texts(source)  # type: ignore[arg-type]
    if hasattr(type(source), "entries"):
        return source  # type: ignore[return-value]
    return MemoryTexts(source)  # type: ignore[arg-type]


def path_texts(
    path: Union[str, Path],
    *,
    word_column: Optional[int] = None,
    tag_column: Optional[int] = None,
) -> Union[FileTexts, "MemoryTexts"]:
    """Return the documents of a file or folder.

    Args:
        path: A path of `FileTexts`, or of annotated text (see `formats.plain`).
        word_column: Column of the words in column files, see `FileTexts`.
        tag_column: Column that is not read as words, likewise.

    Raises:
        DistillError: If the path does not exist or has other files.
    """
    path = as_path(path)
    with reaching(path):
        if is_more_than_lines(path):
            return MemoryTexts(plain_texts(path))
        return FileTexts(path, word_column=word_column, tag_column=tag_column)


class MemoryTexts:
    """Documents in memory.

    Args:
        documents: Strings, or Docs, whose tokens are kept and whose annotation is
            dropped.

    Raises:
        DistillError: If there are none, or both strings and Docs.
    """

    notes: Sequence[str] = ()

    def __init__(self, documents: Iterable[Union[str, Doc]]) -> None:
        self._documents = list(documents)
        kinds = {type(document) for document in self._documents}
        if kinds not in ({str}, {Doc}):
            found = ", ".join(sorted(kind.__name__ for kind in kinds)) or "nothing"
            raise DistillError(
                f"Expected texts as strings or as Docs, got {found}: give a list of"
                " either, or a path."
            )

    @property
    def own_tokens(self) -> bool:
        """Whether the documents are Docs."""
        return isinstance(self._documents[0], Doc)

    @cached_property
    def hash(self) -> str:
        """SHA-256 over the documents and their order."""
        return hash_texts(self._documents)

    def __len__(self) -> int:
        return len(self._documents)

    def read(
        self, nlp: Language, start: int = 0, stop: Optional[int] = None
    ) -> Iterator[Doc]:
        """Read documents; see `Texts.read`."""
        for entry in islice(self.entries(nlp), start, stop):
            yield entry_doc(entry, nlp)

    def entries(self, nlp: Language) -> Iterator[TextEntry]:
        """Return the documents, as `FileTexts.entries`.

        Args:
            nlp: Not used.

        Yields:
            The documents in order.
        """
        for number, document in enumerate(self._documents):
            yield TextEntry(f"text {number + 1}", document, number)


def read_texts(path: Union[str, Path], nlp: Language) -> Iterator[Doc]:
    """Read the documents of a file or folder; see `path_texts`.

    Args:
        path: The file or folder.
        nlp: Pipeline that tokenizes, and whose vocab the Docs get.

    Raises:
        DistillError: With file and line, for anything that cannot be read.
    """
    return path_texts(path).read(nlp)


def hash_texts(documents: Iterable[Union[str, Doc]]) -> str:
    """Return a SHA-256 over documents and their order.

    Args:
        documents: Strings, or Docs, of which the words count.
    """
    digest = sha256()
    for document in documents:
        words = [document] if isinstance(document, str) else _words(document)
        for word in words:
            digest.update(word.encode("utf-8", "surrogatepass") + b"\0")
        digest.update(b"\0")
    return digest.hexdigest()


def _words(doc: Doc) -> List[str]:
    return [token.text_with_ws for token in doc]
