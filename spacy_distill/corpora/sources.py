"""Reader for the source files of a corpus, in any supported format."""

from pathlib import Path
from typing import Collection, Iterable, List, NamedTuple, Optional, Union

from spacy.language import Language
from spacy.tokens import Doc

from ..docs import bare_doc, read_gold
from ..errors import DistillError
from .columns import read_columns
from .formats import is_annotated, read_annotated
from .markup_files import marked_doc, read_markup
from .texts import read_texts


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


def is_markup(path: Union[str, Path]) -> bool:
    """Whether a source is markup: a folder, or a `.txt` file.

    Args:
        path: File or folder.

    Returns:
        True for markup.
    """
    path = Path(path)
    return path.is_dir() or path.suffix == ".txt"


def read_gold_source(
    path: Union[str, Path],
    nlp: Language,
    *,
    labels: Optional[Collection[str]] = None,
    scheme: Optional[str] = None,
    strict: bool = False,
) -> List[SourceSentence]:
    """Read annotated sentences, one per Doc.

    Args:
        path: Annotated text in JSON or of brat, recognized by its content (see
            `formats.is_annotated`); a markup folder or `.txt` file; a `.spacy` file; or
            a column file, for any other name. A Doc of a `.spacy` file and a text in
            JSON count as a sentence.
        nlp: Pipeline that tokenizes markup and whose vocab the Docs have.
        labels: Allowed entity labels. None allows any label.
        scheme: Tag scheme of a column file, see `read_columns`.
        strict: Whether invalid spans in JSON or of brat are an error, see
            `formats.read_annotated`.

    Returns:
        The sentences in order.

    Raises:
        DistillError: If the path does not exist, a file has an error or no sentences, a
            Doc has no entity annotation, or a label is not allowed.
    """
    path = _existing_path(path)
    if is_annotated(path):
        sentences = [
            SourceSentence(doc, document, None)
            for doc, document in read_annotated(path, nlp, strict=strict)
        ]
    elif is_markup(path):
        return _read_markup(path, nlp, labels)
    elif path.suffix == ".spacy":
        sentences = _one_document_per_doc(read_gold(path, nlp.vocab))
        for number, sentence in enumerate(sentences, start=1):
            if not sentence.doc.has_annotation("ENT_IOB"):
                raise DistillError(
                    f"{path}: expected entity annotation in every Doc, got none in Doc"
                    f" {number}; annotate it, or use the file as unlabelled text."
                )
    else:
        sentences = [
            SourceSentence(doc, document, None)
            for doc, document in read_columns(path, nlp.vocab, scheme=scheme)
        ]
    if labels is not None:
        _check_labels(sentences, labels, path)
    return sentences


def read_unlabelled_source(
    path: Union[str, Path], nlp: Language, *, scheme: Optional[str] = None
) -> List[SourceSentence]:
    """Read sentences without annotation.

    Args:
        path: A source in any format of `read_gold_source`, or a `.jsonl` file with a
            `text` in each line, annotated or not. Markup must have no entities.
            Annotation in other formats is discarded.
        nlp: Pipeline that tokenizes texts and whose vocab the Docs have.
        scheme: Tag scheme of a column file, see `read_columns`.

    Returns:
        The sentences in order.

    Raises:
        DistillError: If the path does not exist, or a file has an error or no
            sentences.
    """
    path = _existing_path(path)
    if is_annotated(path) or (
        path.suffix in (".spacy", ".jsonl") and not is_markup(path)
    ):
        return _one_document_per_doc(read_texts(path, nlp))
    if is_markup(path):
        sentences = _read_markup(path, nlp, ())
    else:
        sentences = read_gold_source(path, nlp, scheme=scheme)
    return [s._replace(doc=bare_doc(s.doc, s.doc.vocab)) for s in sentences]


def _existing_path(path: Union[str, Path]) -> Path:
    path = Path(path)
    if not path.exists():
        raise DistillError(
            f"Expected a mark-up folder, a .spacy file or a column file at {path},"
            " found nothing; check the path."
        )
    return path


def _read_markup(
    path: Path, nlp: Language, labels: Optional[Collection[str]]
) -> List[SourceSentence]:
    return [
        SourceSentence(
            marked_doc(sentence, nlp, source=document.source), number, document.name
        )
        for number, document in enumerate(read_markup(path, labels=labels))
        for sentence in document.sentences
    ]


def _one_document_per_doc(docs: Iterable[Doc]) -> List[SourceSentence]:
    return [SourceSentence(doc, number, None) for number, doc in enumerate(docs)]


def _check_labels(
    sentences: List[SourceSentence], labels: Collection[str], path: Path
) -> None:
    for number, sentence in enumerate(sentences, start=1):
        for entity in sentence.doc.ents:
            if entity.label_ not in labels:
                raise DistillError(
                    f"{path}: expected one of the labels {', '.join(labels)}, got"
                    f" '{entity.label_}' for '{entity.text}' in sentence {number};"
                    " correct it or allow the label."
                )
