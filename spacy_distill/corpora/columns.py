"""Reader for column files, one token per line, as CoNLL-2003, GermEval or CoNLL-U.

    -DOCSTART- -X- -X- O

    SOCCER NN I-NP O
    JAPAN NNP I-NP I-LOC

A blank line ends a sentence. The columns of words and tags are found by their content
(`column_layout`), as is the scheme of the tags (`tag_schemes`).
"""

from pathlib import Path
from typing import Callable, List, NamedTuple, Optional, Tuple, Union

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..errors import DistillError
from ..languages import puts_spaces
from .column_entities import read_column_entities
from .column_layout import Layout, find_layout
from .column_rows import Table, read_table, split_sentences
from .column_values import is_tag
from .column_words import (
    SurfaceWords,
    lack_spaces,
    surface_words,
    usual_spaces,
    without_segment_index,
)
from .text_files import read_utf8


class ColumnSentence(NamedTuple):
    """A sentence of a column file.

    Attributes:
        doc: Doc with the words of the file. If it was read with tags, tokens outside of
            entities are annotated as outside.
        document: Index of the sentence's document in the file.
        line: Line number of its first token, from 1.
    """

    doc: Doc
    document: int
    line: int


class ColumnFile(NamedTuple):
    """A column file that was read.

    Attributes:
        sentences: The sentences in file order.
        notes: Which columns were read, and what was left out or changed, a line each.
    """

    sentences: List[ColumnSentence]
    notes: Tuple[str, ...]


def read_columns(
    path: Union[str, Path],
    vocab: Vocab,
    *,
    scheme: Optional[str] = None,
    word_column: Optional[int] = None,
    tag_column: Optional[int] = None,
    tags: bool = True,
    strict: bool = False,
) -> ColumnFile:
    """Read a column file.

    Args:
        path: UTF-8 file, which may be compressed (gzip). Columns are separated by
            spaces or tabs, and all lines have the same number of them.
        vocab: Vocab of the Docs. Words are joined without spaces if its language is
            written so, and the file does not say where spaces are.
        scheme: Tag scheme: "IOB1", "IOB2" or "BILUO", or another name of one. None
            detects it from the whole file.
        word_column: Column of the words, from 1, or from -1 for the last. None finds
            it.
        tag_column: Column of the entity tags, likewise.
        tags: Whether tags are read. Without, Docs have no annotation.
        strict: Whether a tag that may not follow the one before it is an error. By
            default it is repaired, see `repair_tags`.

    Returns:
        The sentences, and how they were read.

    Raises:
        DistillError: If the file cannot be read, has no sentences, or has no or several
            columns that may be words or tags. With `path:line`, if a line has a single
            column or another number of columns than most, if a tag is malformed, or, if
            strict, if it may not follow the tag before it.
    """
    source = str(path)
    lines = read_utf8(path).split("\n")
    table = read_table(lines)
    # Words alone are enough if they are asked for.
    only_words = word_column is not None and not tags
    _check_width(lines, table.width, source, least=1 if only_words else 2)
    layout = find_layout(
        table,
        source=source,
        word_column=word_column,
        tag_column=tag_column,
        needs_tags=tags,
    )
    rows = split_sentences(lines, table, _token_test(table, layout), source=source)
    words = [surface_words(sentence, layout, source=source) for sentence in rows]
    notes = [layout.describe(tags=tags)]
    characters = without_segment_index([sentence.words for sentence in words])
    if characters:
        notes.append(
            f"characters without the index in their word: '{characters[0][0]}' of"
            f" '{words[0].words[0]}'"
        )
        words = [w._replace(words=c) for w, c in zip(words, characters)]
    docs = [_doc(sentence, vocab) for sentence in words]
    unknown = [sentence.words for sentence in words if sentence.spaces is None]
    if puts_spaces(vocab.lang) and lack_spaces(unknown):
        notes.append(
            f"put spaces between Chinese or Japanese characters, as in {vocab.lang!r}:"
            " give the language of the text"
        )
    if tags:
        entities = read_column_entities(
            words, layout, scheme=scheme, source=source, strict=strict
        )
        for doc, bounds in zip(docs, entities.bounds):
            doc.set_ents([Span(doc, *b) for b in bounds], default="outside")
        notes = [f"{notes[0]} ({entities.scheme})", *notes[1:], *entities.notes]
    sentences = [
        ColumnSentence(doc, sentence.document, sentence.rows[0].line)
        for doc, sentence in zip(docs, rows)
    ]
    return ColumnFile(sentences, tuple(notes))


def _check_width(lines: List[str], width: int, source: str, *, least: int) -> None:
    if width >= least:
        return
    if width == 0:
        raise DistillError(
            f"{source}:1: expected lines of a word, its tag and a blank line after each"
            " sentence, got no sentence; check the file."
        )
    number = next(i for i, line in enumerate(lines, start=1) if line.strip())
    raise DistillError(
        f"{source}:{number}: expected 2 or more columns, separated by spaces or tabs,"
        f" got 1 in '{lines[number - 1].strip()[:40]}'; check the file."
    )


def _token_test(table: Table, layout: Layout) -> Callable[[List[str]], bool]:
    """Return a test of whether the fields of a line that starts with `#` are a token's.

    The word `#` has a tag; comments of as many fields have something else there.
    """
    if layout.number is not None or layout.tag is None:
        return lambda fields: layout.number is None
    tag = layout.tag
    tags = {row.fields[tag] for rows in table.rows for row in rows}
    return lambda fields: fields[tag] in tags or is_tag(fields[tag])


def _doc(sentence: SurfaceWords, vocab: Vocab) -> Doc:
    spaces = sentence.spaces
    if spaces is None:
        spaces = usual_spaces(sentence.words, vocab.lang)
    return Doc(vocab, words=sentence.words, spaces=spaces)
