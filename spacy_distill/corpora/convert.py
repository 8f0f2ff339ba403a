"""Convert gold annotation of any format to a `.spacy` file."""

from pathlib import Path
from typing import Optional, Union

from spacy.language import Language
from spacy.tokens import DocBin

from ..errors import DistillError
from ..files import write_atomically
from ..tasks.registry import check_task
from .sources import Source, read_gold_source


def convert_gold(
    path: Union[str, Path],
    output: Union[str, Path],
    nlp: Language,
    *,
    scheme: Optional[str] = None,
    word_column: Optional[int] = None,
    tag_column: Optional[int] = None,
    strict: bool = False,
    task: Optional[str] = None,
) -> Source:
    """Read gold annotation and write it as a `.spacy` file, with any labels.

    Args:
        path: Gold annotation, see `read_gold_source`.
        output: File to write to (`.spacy`).
        nlp: Pipeline that tokenizes text.
        scheme: Tag scheme of column files, see `read_columns`. None detects it.
        word_column: Column of the words in column files, likewise.
        tag_column: Column of the tags in column files, likewise.
        strict: Whether invalid spans and tags are an error, and not repaired or
            dropped.
        task: What is read of a file with spans and categories: "ner", "textcat" or
            "textcat_multilabel".

    Returns:
        The sentences, and how they were read.

    Raises:
        DistillError: If the annotation cannot be read or has neither
            entities nor categories, if settings
            of column files are given for another format, or if the output's name does
            not end in `.spacy`.
    """
    check_task(task)
    output = Path(output)
    if output.suffix != ".spacy":
        raise DistillError(
            f"Expected a file to write to that ends in .spacy, got {output}: name it"
            f" {output.with_suffix('.spacy')}."
        )
    source = read_gold_source(
        path,
        nlp,
        scheme=scheme,
        word_column=word_column,
        tag_column=tag_column,
        strict=strict,
        task=task,
    )
    if not source.has_columns and (scheme or word_column or tag_column):
        raise DistillError(
            "Expected --scheme, --word-column and --tag-column with a column file only,"
            f" got them with {path}, which is none: leave them out."
        )
    docs = [sentence.doc for sentence in source.sentences]
    write_atomically(output, DocBin(docs=docs).to_bytes())
    return source
