"""Unlabelled texts from a file or a folder, of any kind."""

from functools import cached_property
from itertools import islice
from pathlib import Path
from typing import Dict, Iterator, Optional, Sequence, Union

from spacy.language import Language
from spacy.tokens import Doc
from spacy.vocab import Vocab

from ..addresses import as_path
from ..errors import DistillError
from ..files import sha256_bytes, sha256_file
from .column_layout import find_layout, has_many_rows
from .column_rows import read_table
from .file_kinds import (
    COLUMNS,
    MARKUP,
    SPACY,
    TEXT,
    UNKNOWN,
    file_ending,
    file_kind,
    files_in,
    join_notes,
)
from .markup import MarkedDocument
from .text_entries import TextEntry, entry_doc, read_doc_bin, read_entries
from .text_files import read_beginning

_SUPPORTED = ".txt, .jsonl or .spacy (each also with .gz) or column files"
# Kinds that have tokens of their own.
_TOKENIZED = (SPACY, COLUMNS)


class FileTexts:
    """The documents of a file, or of all files in a folder.

    Files of a folder are read in sorted order, however deep; names that begin with a
    dot are skipped. Each file may be compressed (`.gz`). They are

    - `.txt`: a document on each line; blank lines are skipped
    - `.jsonl`: an object with a `text` on each line. A text with annotations (lines
      with `spans`) counts once, whatever the number of its annotators; a line that was
      not accepted (its `answer` is "reject" or "ignore") is skipped
    - `.spacy`: Docs, whose tokens are kept and whose annotation is dropped
    - column files with any other name or `.txt`, told by their content: a document for
      each sentence, with the tokens of the file
    - markup in `.txt`, told by its first heading: a document for each sentence

    Args:
        path: The file or folder, or its address, such as `s3://bucket/folder`.
        word_column: Column of the words in column files, see `read_columns`. If it is
            given, files without tags are column files, too, if their lines have the
            same number of columns.
        tag_column: Column that is not read as words, likewise.

    Attributes:
        path: The file or folder.
        notes: How files were read that have no name which says it, a line each.

    Raises:
        DistillError: If there is no such path, or if a file is of another kind. The
            methods raise it, with file and line, for anything that cannot be read.
    """

    def __init__(
        self,
        path: Union[str, Path],
        *,
        word_column: Optional[int] = None,
        tag_column: Optional[int] = None,
    ) -> None:
        self.path = as_path(path)
        self._columns = {"word_column": word_column, "tag_column": tag_column}
        self._kinds = self._find_kinds()
        self.notes: Sequence[str] = join_notes(
            (file, note)
            for file, kind in self._kinds.items()
            if (note := self._note(file, kind))
        )

    @cached_property
    def own_tokens(self) -> bool:
        """Whether the documents have tokens of their own (`.spacy`, column files).

        Raises:
            DistillError: If a folder has both such documents and plain text, which
                would be tokenized differently.
        """
        own = {kind in _TOKENIZED for kind in self._kinds.values()}
        if len(own) > 1:
            raise DistillError(
                f"Expected either text or files with tokens (.spacy, columns) in"
                f" {self.path}, found both: they would be tokenized differently, so put"
                " them in two folders."
            )
        return own.pop()

    @property
    def has_columns(self) -> bool:
        """Whether there is a column file."""
        return COLUMNS in self._kinds.values()

    @cached_property
    def hash(self) -> str:
        """SHA-256 over the files and their order."""
        is_folder = self.path.is_dir()
        parts = [
            f"{file.relative_to(self.path).as_posix()} {sha256_file(file)}\n"
            if is_folder
            else f"{file_ending(file)} {sha256_file(file)}\n"
            for file in self._kinds
        ]
        return sha256_bytes("".join(parts).encode("utf-8", "surrogateescape"))

    @cached_property
    def _number(self) -> int:
        number = 0
        for file, kind in self._kinds.items():
            if kind == SPACY:
                number += len(read_doc_bin(file))
            else:
                number += sum(1 for _ in self._read_file(file, Vocab(), {}))
        return number

    def __len__(self) -> int:
        if not self._number:
            raise self._nothing()
        return self._number

    def read(
        self, nlp: Language, start: int = 0, stop: Optional[int] = None
    ) -> Iterator[Doc]:
        """Read documents; see `Texts.read`."""
        found = False
        for number, entry in enumerate(islice(self.entries(nlp), stop)):
            found = True
            if number >= start:
                yield entry_doc(entry, nlp)
        if not found and stop != 0:
            raise self._nothing()

    def entries(self, nlp: Language) -> Iterator[TextEntry]:
        """Read documents without tokenizing them.

        Args:
            nlp: Pipeline whose vocab the tokens of column files get.

        Yields:
            The documents in order, for `entry_doc`. Their numbers go on from file to
            file.
        """
        seen: Dict[str, MarkedDocument] = {}
        before = 0
        for file in self._kinds:
            number = -1
            for entry in self._read_file(file, nlp.vocab, seen):
                number = entry.document
                yield entry._replace(document=before + number)
            before += number + 1

    def _read_file(
        self, file: Path, vocab: Vocab, seen: Dict[str, MarkedDocument]
    ) -> Iterator[TextEntry]:
        return read_entries(file, self._kinds[file], vocab, seen=seen, **self._columns)

    def _find_kinds(self) -> Dict[Path, str]:
        if not self.path.exists():
            raise DistillError(
                f"Expected a file or folder of texts at {self.path}: not there."
            )
        kinds = {file: file_kind(file) for file in files_in(self.path)}
        for file, kind in kinds.items():
            if self._is_meant_as_columns(file, kind):
                kinds[file] = COLUMNS
            elif kind == UNKNOWN:
                raise DistillError(
                    f"Expected files ending in {_SUPPORTED}, got {file}: convert it or"
                    " move it away."
                )
        if not kinds:
            raise DistillError(
                f"Expected files ending in {_SUPPORTED} in {self.path}: found none."
            )
        return kinds

    def _is_meant_as_columns(self, file: Path, kind: str) -> bool:
        """Whether a file is of columns since one was named, though it has no tags."""
        if kind not in (TEXT, UNKNOWN) or set(self._columns.values()) == {None}:
            return False
        # Other files may be those for which a column was named.
        return kind == UNKNOWN or has_many_rows(read_table(read_beginning(file)))

    def _note(self, file: Path, kind: str) -> str:
        table = read_table(read_beginning(file)) if kind == COLUMNS else None
        # Who reads an empty file tells it.
        if table is not None and table.width:
            layout = find_layout(
                table, source=str(file), needs_tags=False, **self._columns
            )
            return f"read as columns, {layout.describe(tags=False)}, tags left out"
        if kind == MARKUP:
            return "read as mark-up, a sentence each line, headings left out"
        return "read as plain text, a document each line" if kind == TEXT else ""

    def _nothing(self) -> DistillError:
        return DistillError(
            f"Expected documents in {self.path}, found none: check the path."
        )
