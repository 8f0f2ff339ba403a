"""Read unlabelled text, from whatever file it comes in, as Docs without annotation."""

from hashlib import blake2b
from pathlib import Path
from typing import Iterator, List, Optional, Set, Tuple, Union

from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.vocab import Vocab

from ..errors import DistillError
from ..files import sha256_bytes, sha256_file
from .text_files import is_accepted, open_file, read_lines, read_records

_ENDINGS = (".txt", ".jsonl", ".spacy")
_WHAT_IS_READ = ".txt, .jsonl or .spacy (each also with .gz)"


def read_texts(
    path: Union[str, Path], nlp: Language, *, skip: int = 0
) -> Iterator[Doc]:
    """Yield the documents at `path` as Docs with the vocab of `nlp`, unannotated.

    path: a file, or a folder of files (taken in sorted order, however deep; names
        that begin with a dot are passed over). `.txt` holds a document a line, blank
        lines skipped; `.jsonl` an object with a `text` a line; `.spacy` Docs, whose
        own tokens are kept and whose annotation is dropped. Each may end in `.gz`.
        Of annotations in `.jsonl` (lines with `spans`) a text counts once, however
        many annotators it had; a line that was not accepted (its `answer` is "reject"
        or "ignore") does not count.
    skip: pass over this many documents first, without tokenizing them.

    Raises DistillError, with the file and line, for anything that cannot be read.
    """
    path = Path(path)
    count = 0
    for file in _files(path):
        if _ending(file) == ".spacy":
            for words, spaces in _own_tokens(file):
                count += 1
                if count > skip:
                    yield Doc(nlp.vocab, words=words, spaces=spaces)
        else:
            for place, text in _texts(file):
                count += 1
                if count > skip:
                    yield _tokenize(nlp, text, place)
    if not count:
        raise DistillError(f"Expected documents in {path}, found none: check the path.")


def count_texts(path: Union[str, Path]) -> int:
    """Return how many documents `read_texts` would yield. Raises as it does."""
    count = 0
    for file in _files(Path(path)):
        if _ending(file) == ".spacy":
            count += len(_doc_bin(file))
        else:
            count += sum(1 for _ in _texts(file))
    if not count:
        raise DistillError(f"Expected documents in {path}, found none: check the path.")
    return count


def has_own_tokens(path: Union[str, Path]) -> bool:
    """Return True if the documents come with tokens of their own (`.spacy`).

    Raises DistillError if a folder holds both such documents and plain text: the two
    would be tokenized differently.
    """
    own = {_ending(file) == ".spacy" for file in _files(Path(path))}
    if len(own) > 1:
        raise DistillError(
            f"Expected either text or .spacy files in {path}, found both: they would be"
            " tokenized differently, so put them in two folders."
        )
    return own.pop()


def hash_texts(path: Union[str, Path]) -> str:
    """Return one SHA-256 over the files `read_texts` would read, and their order."""
    path = Path(path)
    parts = [
        f"{file.relative_to(path).as_posix()} {sha256_file(file)}\n"
        if path.is_dir()
        else f"{_ending(file)} {sha256_file(file)}\n"
        for file in _files(path)
    ]
    return sha256_bytes("".join(parts).encode("utf-8", "surrogateescape"))


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
                f"Expected files ending in {_WHAT_IS_READ}, got {file}: convert it or"
                " move it away."
            )
    if not files:
        raise DistillError(
            f"Expected files ending in {_WHAT_IS_READ} in {path}: found none."
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
        if "spans" in record:
            digest = _digest(text)
            # One line for each annotator; the document is one all the same.
            if digest in annotated:
                continue
            annotated.add(digest)
        yield f"{file}:{number}", text


def _digest(text: str) -> bytes:
    # Short, as there may be millions; half surrogates are reported later.
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def _tokenize(nlp: Language, text: str, place: str) -> Doc:
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
    # Bytes that are no DocBin fail in many ways; all mean the same to the reader.
    except Exception as error:
        raise DistillError(
            f"Expected spaCy's DocBin format in {file}: {error}. Make it again with"
            " `spacy convert` or `DocBin.to_disk`."
        ) from error


def _own_tokens(file: Path) -> Iterator[Tuple[List[str], Optional[List[bool]]]]:
    """Yield (words, spaces) of each Doc; spaces are None where they are not known."""
    # A vocab of its own keeps the annotation's strings out of the teacher's.
    for doc in _doc_bin(file).get_docs(Vocab()):
        words = [token.text for token in doc]
        spaces = [bool(token.whitespace_) for token in doc]
        yield words, None if doc.has_unknown_spaces else spaces
