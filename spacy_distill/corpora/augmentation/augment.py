"""Augment unlabelled texts, from a source to a file."""

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from typing import BinaryIO, Iterable, Iterator, Optional, Set, Union

from spacy.language import Language
from spacy.tokens import Doc
from tqdm.auto import tqdm

from ...docs import blank_pipeline
from ...errors import DistillError
from ...files import check_new_file, open_atomically
from ...tokenizer_pieces import transformer_pieces
from ...words import WordPieces
from ..text_entries import text_digest
from ..texts import FileTexts, Texts, TextSource, as_texts
from .operations import make_variant
from .passage import Passage
from .replacements import Replacements, find_replacements
from .settings import Augmentation

_SUFFIX = ".jsonl"


@dataclass(frozen=True)
class Augmented:
    """Numbers of texts that were read and written.

    Attributes:
        documents: Texts that were read.
        originals: Texts that were written as they are.
        augmented: New texts that were written.
        duplicates: Texts that were not written, since they were there already: new ones
            that did not change, and texts that are repeated in the source.
        empty: Texts that were not written, since they had no word, or no other than
            masked ones.
    """

    documents: int
    originals: int
    augmented: int
    duplicates: int
    empty: int


def augment(
    texts: TextSource,
    output: Union[str, Path],
    *,
    settings: Optional[Augmentation] = None,
    nlp: Optional[Language] = None,
    transformer: Optional[str] = None,
    seed: int = 0,
    progress: bool = True,
) -> Augmented:
    """Write unlabelled texts, and new ones made of them, for a teacher to label.

    The file has JSON lines with a `text`, in the order of the texts, each followed by
    what is made of it. The same texts, settings, pipeline and seed give the same bytes.

    The texts are read twice if words are replaced by others of the texts, to count them
    first. They are not kept in memory. What grows is a table of different words (and
    spaCy's own), and about 100 bytes for each text written, to recognize duplicates.

    Args:
        texts: A path, or strings or Docs; see `corpora.texts.as_texts`.
        output: File to write to (`.jsonl`), which must not exist. Documents with tokens
            of their own are written as text, too.
        settings: How the texts are augmented; None for the defaults.
        nlp: Pipeline with a tagger, or with vectors, to replace words. Its entities are
            neither changed nor cut, and its sentences are used. None for a blank
            English one, with which `replace_rate` must be 0 without a transformer.
        transformer: Folder, installed package or hub name of a transformer. Words are
            replaced by words of the texts with similar word pieces. It is not run.
        seed: Random seed. The new texts of a text depend on it and on the number of the
            text.
        progress: Show progress bars.

    Returns:
        How many texts were read and written.

    Raises:
        DistillError: If the output exists or is among the texts, if there are no texts
            or one cannot be read, if the pipeline cannot be used to replace words, if
            the transformer cannot be loaded or no words are to be replaced with it, or
            if there is nothing to write.
    """
    output = Path(output)
    check_output(output, texts)
    source = as_texts(texts)
    settings = Augmentation() if settings is None else settings
    if transformer is not None and not settings.replace_rate:
        raise DistillError(
            "Expected a replace_rate above 0 with the transformer"
            f" {str(transformer)!r}, which serves to replace words, got 0: raise it, or"
            " leave the transformer out."
        )
    nlp = blank_pipeline("en") if nlp is None else nlp
    replacements = None
    if settings.replace_rate:
        pieces = None if transformer is None else transformer_pieces(transformer)
        replacements = _find_replacements(source, nlp, pieces, progress=progress)
    docs = _bar(source, _read(source, nlp), "Augmenting", progress)
    with open_atomically(output) as file:
        writer = _Writer(file)
        n_docs = originals = 0
        for number, doc in enumerate(docs):
            n_docs += 1
            originals += writer.write_original(doc, write=settings.originals)
            passage = Passage(doc)
            # Seeded by a string, which does not depend on Python's hash seed.
            rng = Random(f"{seed} {number}")
            for _ in range(settings.rounds if passage.words else 0):
                variant = make_variant(passage, settings, replacements, rng)
                writer.write(None if variant is None else variant.text)
        if not writer.written:
            raise DistillError(
                f"Expected texts that can be augmented, got {n_docs:,} of which nothing"
                " new can be made: raise the rates, or give longer texts."
            )
    return Augmented(
        documents=n_docs,
        originals=originals,
        augmented=writer.written - originals,
        duplicates=writer.duplicates,
        empty=writer.empty,
    )


def check_output(output: Path, texts: TextSource) -> None:
    """Check that augmented texts can be written, before work.

    Args:
        output: The file.
        texts: What is augmented.

    Raises:
        DistillError: If the file's name does not end in `.jsonl`, if it exists, if
            it is in the folder of the texts, or if the system does not let write there.
    """
    if output.suffix != _SUFFIX:
        raise DistillError(
            f"Expected a file to write to that ends in {_SUFFIX}, got {output}: name it"
            f" {output.with_suffix(_SUFFIX)}."
        )
    check_new_file(output)
    path = texts.path if isinstance(texts, FileTexts) else texts
    if isinstance(path, (str, Path)):
        folder = Path(path).resolve()
        # It would be read as another text of the folder, from then on.
        if folder in output.resolve().parents:
            raise DistillError(
                f"Expected a file to write to outside of the folder of texts, got"
                f" {output} in {path}: choose another folder."
            )


class _Writer:
    """Writes texts that are new, and counts the others."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._seen: Set[bytes] = set()
        self.written = self.duplicates = self.empty = 0

    def write_original(self, doc: Doc, *, write: bool) -> bool:
        """Write the text of a document, or only take note of it."""
        return self.write(None if doc.text.isspace() else doc.text, write=write)

    def write(self, text: Optional[str], *, write: bool = True) -> bool:
        """Write a text, and return whether it was new."""
        if not text:
            self.empty += 1
            return False
        digest = text_digest(text)
        if digest in self._seen:
            self.duplicates += write
            return False
        self._seen.add(digest)
        if write:
            line = json.dumps({"text": text}, ensure_ascii=False)
            self._file.write(f"{line}\n".encode())
            self.written += 1
        return write


def _read(
    texts: Texts, nlp: Language, *, batch_size: Optional[int] = None
) -> Iterator[Doc]:
    return nlp.pipe(texts.read(nlp), batch_size=batch_size)


def _bar(
    texts: Texts, docs: Iterator[Doc], description: str, show: bool
) -> Iterable[Doc]:
    return tqdm(
        docs,
        # Counting them may mean to read a file.
        total=len(texts) if show else None,
        desc=description,
        unit="doc",
        dynamic_ncols=True,
        disable=not show,
    )


def _find_replacements(
    texts: Texts, nlp: Language, pieces: Optional[WordPieces], *, progress: bool
) -> Optional[Replacements]:
    """Return what words are replaced by; None if no text has free words."""
    docs = _read(texts, nlp, batch_size=1)
    first = next((doc for doc in docs if Passage(doc).free), None)
    if first is None:
        return None
    replacements = find_replacements(first, nlp, pieces)
    if replacements.needs_texts:
        for doc in _bar(texts, _read(texts, nlp), "Counting words", progress):
            replacements.add(Passage(doc))
    return replacements
