"""Unlabelled texts, from files or from memory, as Docs without annotation."""

from functools import cached_property
from hashlib import blake2b, sha256
from itertools import islice
from pathlib import Path
from typing import Iterable, Iterator, List, Optional, Protocol, Set, Tuple, Union

from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..docs import bare_doc
from ..errors import DistillError
from ..files import sha256_bytes, sha256_file
from .formats.plain import is_more_than_lines, plain_texts
from .formats.span_lists import SPAN_FIELDS
from .text_files import is_accepted, open_file, read_lines, read_records

_ENDINGS = (".txt", ".jsonl", ".spacy")
_SUPPORTED = ".txt, .jsonl or .spacy (each also with .gz)"

# Whatever `as_texts` takes.
TextSource = Union[str, Path, "Texts", Iterable[Union[str, Doc]]]


class Texts(Protocol):
    """Unlabelled documents that can be read more than once.

    Attributes:
        own_tokens: Whether the documents have tokens of their own.
        hash: Fingerprint of the documents and their order.
    """

    @property
    def own_tokens(self) -> bool: ...

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


def as_texts(source: TextSource) -> Texts:
    """Return unlabelled documents that can be read more than once.

    Args:
        source: A path (see `FileTexts`), which may also have annotated texts (see
            `formats.plain.plain_texts`), or strings or Docs, which are kept in memory.

    Raises:
        DistillError: If a path does not exist or has other files.
    """
    if isinstance(source, (str, Path)):
        if is_more_than_lines(source):
            return MemoryTexts(plain_texts(source))
        return FileTexts(source)
    if isinstance(source, (FileTexts, MemoryTexts)):
        return source
    return MemoryTexts(source)  # type: ignore[arg-type]


class FileTexts:
    """The documents of a file, or of all files in a folder.

    Files of a folder are read in sorted order, however deep; names that begin with a
    dot are skipped. `.txt` has a document on each line, and blank lines are skipped;
    `.jsonl` an object with a `text` on each line; `.spacy` Docs, whose own tokens are
    kept and whose annotation is dropped. Each may end in `.gz`. A text with annotations
    in `.jsonl` (lines with `spans`) counts once, whatever the number of its annotators;
    a line that was not accepted (its `answer` is "reject" or "ignore") is skipped.

    Args:
        path: The file or folder.

    Raises:
        DistillError: If there is no such path, or if a file is of another kind. The
            methods raise it, with file and line, for anything that cannot be read.
    """

    def __init__(self, path: Union[str, Path]) -> None:
        self.path = Path(path)
        self._files = _files(self.path)

    @cached_property
    def own_tokens(self) -> bool:
        """Whether the documents have tokens of their own (`.spacy`).

        Raises:
            DistillError: If a folder has both such documents and plain text, which
                would be tokenized differently.
        """
        own = {_ending(file) == ".spacy" for file in self._files}
        if len(own) > 1:
            raise DistillError(
                f"Expected either text or .spacy files in {self.path}, found both: they"
                " would be tokenized differently, so put them in two folders."
            )
        return own.pop()

    @cached_property
    def hash(self) -> str:
        """SHA-256 over the files and their order."""
        is_folder = self.path.is_dir()
        parts = [
            f"{file.relative_to(self.path).as_posix()} {sha256_file(file)}\n"
            if is_folder
            else f"{_ending(file)} {sha256_file(file)}\n"
            for file in self._files
        ]
        return sha256_bytes("".join(parts).encode("utf-8", "surrogateescape"))

    @cached_property
    def _number(self) -> int:
        number = 0
        for file in self._files:
            if _ending(file) == ".spacy":
                number += len(_doc_bin(file))
            else:
                number += sum(1 for _ in _texts(file))
        return number

    def __len__(self) -> int:
        if not self._number:
            raise _nothing_in(self.path)
        return self._number

    def read(
        self, nlp: Language, start: int = 0, stop: Optional[int] = None
    ) -> Iterator[Doc]:
        """Read documents; see `Texts.read`."""
        found = False
        for number, document in enumerate(islice(self._documents(), stop)):
            found = True
            if number < start:
                continue
            if isinstance(document, Doc):
                doc = bare_doc(document, nlp.vocab)
                doc.has_unknown_spaces = document.has_unknown_spaces
                yield doc
            else:
                yield _tokenize(nlp, *document)
        if not found and stop != 0:
            raise _nothing_in(self.path)

    def _documents(self) -> Iterator[Union[Doc, Tuple[str, str]]]:
        """Docs with own tokens, or ("file:line", text)."""
        for file in self._files:
            if _ending(file) == ".spacy":
                # A vocab of its own keeps the annotation's strings out of others.
                yield from _doc_bin(file).get_docs(Vocab())
            else:
                yield from _texts(file)


class MemoryTexts:
    """Documents in memory.

    Args:
        documents: Strings, or Docs, whose tokens are kept and whose annotation is
            dropped.

    Raises:
        DistillError: If there are none, or both strings and Docs.
    """

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
        digest = sha256()
        for document in self._documents:
            words = [document] if isinstance(document, str) else _words(document)
            for word in words:
                digest.update(word.encode("utf-8", "surrogatepass") + b"\0")
            digest.update(b"\0")
        return digest.hexdigest()

    def __len__(self) -> int:
        return len(self._documents)

    def read(
        self, nlp: Language, start: int = 0, stop: Optional[int] = None
    ) -> Iterator[Doc]:
        """Read documents; see `Texts.read`."""
        for number, document in enumerate(self._documents[:stop]):
            if number < start:
                continue
            if isinstance(document, Doc):
                doc = bare_doc(document, nlp.vocab)
                doc.has_unknown_spaces = document.has_unknown_spaces
                yield doc
            else:
                yield _tokenize(nlp, f"text {number + 1}", document)


def read_texts(path: Union[str, Path], nlp: Language) -> Iterator[Doc]:
    """Read the documents of a file or folder; see `as_texts`.

    Args:
        path: The file or folder.
        nlp: Pipeline that tokenizes, and whose vocab the Docs get.

    Raises:
        DistillError: With file and line, for anything that cannot be read.
    """
    return as_texts(path).read(nlp)


def _words(doc: Doc) -> List[str]:
    return [token.text_with_ws for token in doc]


def _nothing_in(path: Path) -> DistillError:
    return DistillError(f"Expected documents in {path}, found none: check the path.")


def _files(path: Path) -> List[Path]:
    if path.is_file():
        files = [path]
    elif path.is_dir():
        inside = (f.relative_to(path) for f in path.rglob("*") if f.is_file())
        names = [n for n in inside if not any(p.startswith(".") for p in n.parts)]
        files = [path / name for name in sorted(names, key=lambda n: n.parts)]
    else:
        raise DistillError(f"Expected a file or folder of texts at {path}: not there.")
    for file in files:
        if _ending(file) not in _ENDINGS:
            raise DistillError(
                f"Expected files ending in {_SUPPORTED}, got {file}: convert it or"
                " move it away."
            )
    if not files:
        raise DistillError(
            f"Expected files ending in {_SUPPORTED} in {path}: found none."
        )
    return files


def _ending(file: Path) -> str:
    return Path(file.stem).suffix if file.suffix == ".gz" else file.suffix


def _texts(file: Path) -> Iterator[Tuple[str, str]]:
    """Yield ("file:line", text) for each document of a .txt or .jsonl file."""
    if _ending(file) == ".txt":
        for number, line in read_lines(file):
            yield f"{file}:{number}", line
        return
    annotated: Set[bytes] = set()
    for number, record in read_records(file):
        if not is_accepted(record):
            continue
        text = record["text"]
        if any(isinstance(record.get(field), list) for field in SPAN_FIELDS):
            digest = _digest(text)
            # One line for each annotator; the document is one all the same.
            if digest in annotated:
                continue
            annotated.add(digest)
        yield f"{file}:{number}", text


def _digest(text: str) -> bytes:
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


def _doc_bin(file: Path) -> DocBin:
    try:
        with open_file(file) as stream:
            return DocBin().from_bytes(stream.read())
    # Bytes that are no DocBin fail in many ways, with the same remedy.
    except Exception as error:
        raise DistillError(
            f"Expected spaCy's DocBin format in {file}: {error}. Make it again with"
            " `spacy convert` or `DocBin.to_disk`."
        ) from error
