"""Reader for the sources of a corpus: files or folders, in any supported format."""

from dataclasses import dataclass
from pathlib import Path
from typing import (
    Collection,
    Dict,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
    Union,
    overload,
)

from spacy.language import Language

from ..docs import Trimmed
from ..errors import DistillError
from .file_kinds import COLUMNS, files_in, join_notes
from .formats import is_annotated
from .gold_files import (
    GOLD_FORMS,
    GoldOptions,
    SourceSentence,
    gold_kind,
    read_gold_file,
)
from .markup import MarkedDocument
from .text_entries import entry_doc
from .texts import FileTexts, path_texts

# Files of a folder that describe the others.
_DESCRIPTIONS = ("readme", "license", "licence", "changelog")


@dataclass(frozen=True)
class Source(Sequence[SourceSentence]):
    """The sentences of a source, and how they were read.

    Attributes:
        sentences: The sentences in order.
        own_tokens: Whether some files have tokens of their own, as `.spacy` and column
            files.
        has_columns: Whether there is a column file.
        notes: How files were read and what was left out, a line each.
        trimmed: Entities that lost whitespace.
    """

    sentences: List[SourceSentence]
    own_tokens: bool
    has_columns: bool
    notes: Tuple[str, ...] = ()
    trimmed: Trimmed = Trimmed()

    def __len__(self) -> int:
        return len(self.sentences)

    def __iter__(self) -> Iterator[SourceSentence]:
        return iter(self.sentences)

    @overload
    def __getitem__(self, index: int) -> SourceSentence: ...

    @overload
    def __getitem__(self, index: slice) -> List[SourceSentence]: ...

    def __getitem__(
        self, index: Union[int, slice]
    ) -> Union[SourceSentence, List[SourceSentence]]:
        return self.sentences[index]


def read_gold_source(
    path: Union[str, Path],
    nlp: Language,
    *,
    labels: Optional[Collection[str]] = None,
    scheme: Optional[str] = None,
    word_column: Optional[int] = None,
    tag_column: Optional[int] = None,
    strict: bool = False,
    task: Optional[str] = None,
) -> Source:
    """Read annotated sentences, one per Doc.

    Whitespace at the ends of entities is trimmed, and entities of nothing else are
    dropped.

    Args:
        path: A file, or a folder whose files are read in sorted order: markup, column
            files or annotated text in JSON or of brat, told by their content; or
            `.spacy` files. A Doc of a `.spacy` file and a text in JSON count as a
            sentence. Each may be compressed (gzip), but for brat.
        nlp: Pipeline that tokenizes text and whose vocab the Docs have.
        labels: Allowed entity labels. None allows any label.
        scheme: Tag scheme of column files, see `read_columns`.
        word_column: Column of the words in column files, see `read_columns`.
        tag_column: Column of the tags in column files, see `read_columns`.
        strict: Whether invalid spans and tags are an error, and not repaired or
            dropped, see `formats.read_annotated_gold` and `read_columns`.
        task: What is read of annotated text, see `formats.read_annotated_gold`.

    Returns:
        The sentences in order.

    Raises:
        DistillError: If the path does not exist, a file has an error or is of another
            kind, a Doc has no annotation, there are no entities or categories, or a
            label is not allowed.
    """
    path = Path(path)
    _check_exists(path)
    options = GoldOptions(labels, scheme, word_column, tag_column, strict, task)
    kinds: List[str] = []
    own_tokens = False
    sentences: List[SourceSentence] = []
    notes: List[Tuple[Path, str]] = []
    trimmed = Trimmed()
    seen: Dict[str, MarkedDocument] = {}
    # A folder of brat has two files for a text.
    for file in [path] if is_annotated(path) else files_in(path):
        if path.is_dir() and file.stem.lower() in _DESCRIPTIONS:
            notes.append((file, "not read"))
            continue
        kind = gold_kind(file, options)
        found = read_gold_file(file, kind, nlp, options=options, seen=seen)
        before = sentences[-1].document + 1 if sentences else 0
        sentences += [s._replace(document=before + s.document) for s in found.sentences]
        notes += [(file, note) for note in found.notes]
        trimmed = trimmed.add(found.trimmed)
        own_tokens = own_tokens or found.own_tokens
        kinds.append(kind)
    _check_sentences(sentences, path)
    if labels is not None:
        _check_labels(sentences, labels, path)
    return Source(
        sentences,
        own_tokens=own_tokens,
        has_columns=COLUMNS in kinds,
        notes=tuple(join_notes(notes)),
        trimmed=trimmed,
    )


def read_unlabelled_source(
    path: Union[str, Path],
    nlp: Language,
    *,
    word_column: Optional[int] = None,
    tag_column: Optional[int] = None,
) -> Source:
    """Read sentences without annotation.

    Args:
        path: Any file or folder that `path_texts` reads. Markup must have no entities.
            Annotation in other formats is discarded.
        nlp: Pipeline that tokenizes texts and whose vocab the Docs have.
        word_column: Column of the words in column files, see `read_columns`.
        tag_column: Column that is not read as words, likewise.

    Returns:
        The sentences in order.

    Raises:
        DistillError: If the path does not exist, or a file has an error or no
            sentences.
    """
    path = Path(path)
    _check_exists(path)
    texts = path_texts(path, word_column=word_column, tag_column=tag_column)
    own_tokens = texts.own_tokens
    sentences = [
        SourceSentence(entry_doc(entry, nlp), entry.document, entry.topic)
        for entry in texts.entries(nlp)
    ]
    if not sentences:
        raise DistillError(f"Expected documents in {path}, found none: check the path.")
    has_columns = isinstance(texts, FileTexts) and texts.has_columns
    return Source(sentences, own_tokens, has_columns, tuple(texts.notes))


def _check_exists(path: Path) -> None:
    if not path.exists():
        raise DistillError(
            f"Expected a file or folder of {GOLD_FORMS} at {path}, found nothing; check"
            " the path."
        )


def _check_sentences(sentences: List[SourceSentence], path: Path) -> None:
    if not sentences:
        raise DistillError(
            f"Expected annotated sentences in {path}, got none; check the path."
        )
    if not any(sentence.doc.ents or sentence.doc.cats for sentence in sentences):
        raise DistillError(
            f"Expected entities or categories in {path}, got none in {len(sentences)}"
            " sentences; annotate some, or give it as unlabelled text."
        )


def _check_labels(
    sentences: List[SourceSentence], labels: Collection[str], path: Path
) -> None:
    for number, sentence in enumerate(sentences, start=1):
        for entity in sentence.doc.ents:
            if entity.label_ not in labels:
                found = {e.label_ for s in sentences for e in s.doc.ents}
                raise DistillError(
                    f"{path}: expected one of the labels {', '.join(labels)}, got"
                    f" '{entity.label_}' for '{entity.text}' in sentence {number};"
                    f" correct it, or allow all labels of the file with --labels"
                    f" {','.join(sorted(found))}."
                )
