"""Sentences from any of the forms that a corpus comes in."""

from pathlib import Path
from typing import Collection, Iterable, List, NamedTuple, Optional, Union

from spacy.language import Language
from spacy.tokens import Doc

from ..docs import bare_doc, read_gold
from ..errors import DistillError
from .columns import read_columns
from .markup_files import marked_doc, read_markup
from .texts import read_texts


class SourceSentence(NamedTuple):
    """A sentence as a Doc, and where it stood.

    doc: with its entities if the source is gold.
    document: the number of its document in the source, from 0.
    topic: "register/topic" in mark-up; None in the other forms.
    """

    doc: Doc
    document: int
    topic: Optional[str]

    @property
    def register(self) -> Optional[str]:
        """The register, in mark-up."""
        return self.topic.partition("/")[0] if self.topic else None


def is_markup(path: Union[str, Path]) -> bool:
    """Say whether a source is mark-up: a folder, or a `.txt` file."""
    path = Path(path)
    return path.is_dir() or path.suffix == ".txt"


def read_gold_source(
    path: Union[str, Path],
    nlp: Language,
    *,
    labels: Optional[Collection[str]] = None,
    scheme: Optional[str] = None,
) -> List[SourceSentence]:
    """Read annotated sentences, one a Doc.

    path: a mark-up folder or `.txt` file, tokenized by `nlp`; a `.spacy` file, each
        Doc of which counts as a sentence; or else a column file.
    labels: the entity labels that may occur; None allows all.
    scheme: of a column file's tags, see `read_columns`.

    Raises DistillError for a missing path, a fault in a file, a Doc without
    annotation, an entity with another label, or when there is no sentence at all.
    """
    path = _existing(path)
    if is_markup(path):
        return _read_markup(path, nlp, labels)
    if path.suffix == ".spacy":
        sentences = _each_its_own_document(read_gold(path, nlp.vocab))
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
    """Read sentences without annotation, from the same forms as `read_gold_source`
    and from `.jsonl` files with a `text` in each line.

    Mark-up must be without entities. The annotation of the other forms is dropped.

    Raises DistillError for a missing path, a fault in a file, or no sentence at all.
    """
    path = _existing(path)
    if path.suffix in (".spacy", ".jsonl") and not is_markup(path):
        return _each_its_own_document(read_texts(path, nlp))
    if is_markup(path):
        sentences = _read_markup(path, nlp, ())
    else:
        sentences = read_gold_source(path, nlp, scheme=scheme)
    return [s._replace(doc=bare_doc(s.doc, s.doc.vocab)) for s in sentences]


def _existing(path: Union[str, Path]) -> Path:
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


def _each_its_own_document(docs: Iterable[Doc]) -> List[SourceSentence]:
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
