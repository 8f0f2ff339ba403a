"""Reader for column files, one token per line, as CoNLL-2003, GermEval or CoNLL-U.

    -DOCSTART- -X- -X- O

    SOCCER NN I-NP O
    JAPAN NNP I-NP I-LOC

A blank line ends a sentence. The columns of words and tags are found by their content
(`column_layout`), as is the scheme of the tags (`tag_schemes`).
"""

from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple, Union

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..errors import DistillError
from .column_layout import Layout, find_layout
from .column_rows import RowSentence, read_table, split_sentences
from .column_values import is_tag
from .column_words import (
    SurfaceWords,
    surface_words,
    usual_spaces,
    without_segment_index,
)
from .tag_schemes import detect_scheme, entity_bounds
from .tagged_tokens import TaggedToken, read_tags
from .text_files import read_utf8


class ColumnSentence(NamedTuple):
    """A sentence of a column file.

    Attributes:
        doc: Doc with the words of the file. If it was read with tags, tokens outside of
            entities are annotated as outside.
        document: Index of the sentence's document in the file.
    """

    doc: Doc
    document: int


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

    Returns:
        The sentences, and how they were read.

    Raises:
        DistillError: If the file cannot be read, has no sentences, or has no or several
            columns that may be words or tags. With `path:line`, if a line has a single
            column or another number of columns than most, if a tag is malformed, or if
            it may not follow the tag before it.
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
    rows = split_sentences(
        lines, table, lambda fields: _is_token(fields, layout), source=source
    )
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
    if tags:
        notes += _set_entities(docs, words, rows, layout, scheme, source)
    sentences = [ColumnSentence(doc, s.document) for doc, s in zip(docs, rows)]
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


def _is_token(fields: List[str], layout: Layout) -> bool:
    """Whether the fields of a line that starts with `#` are a token's."""
    if layout.number is not None:
        return False
    return layout.tag is None or is_tag(fields[layout.tag])


def _doc(sentence: SurfaceWords, vocab: Vocab) -> Doc:
    spaces = sentence.spaces
    if spaces is None:
        spaces = usual_spaces(sentence.words, vocab.lang)
    return Doc(vocab, words=sentence.words, spaces=spaces)


def _set_entities(
    docs: List[Doc],
    sentences: List[SurfaceWords],
    rows: List[RowSentence],
    layout: Layout,
    scheme: Optional[str],
    source: str,
) -> List[str]:
    """Set the entities of Docs, and return notes on those that had to be changed."""
    tagged = read_tags(
        [
            [
                TaggedToken(
                    row.fields[layout.word], layout.tag_of(row.fields), row.line
                )
                for row in sentence.tokens
            ]
            for sentence in sentences
        ],
        source=source,
    )
    scheme = scheme or detect_scheme(tagged, source=source)
    cut: Dict[str, List[str]] = {"trimmed to whole words": [], "dropped": []}
    for doc, sentence, tokens in zip(docs, sentences, tagged):
        spans = []
        for start, end, label in entity_bounds(tokens, scheme, source=source):
            first, last, was_cut = sentence.whole_words(start, end)
            if was_cut:
                words = " ".join(token.word for token in tokens[start:end])
                what = "trimmed to whole words" if last else "dropped"
                cut[what].append(f"'{words}' in line {tokens[start].line}")
            if last:
                spans.append(Span(doc, first, last, label=label))
        doc.set_ents(spans, default="outside")
    notes = [f"tag scheme of the file: {scheme}"] + [
        f"{len(places)} entities that begin or end within a word {what}, first"
        f" {places[0]}"
        for what, places in cut.items()
        if places
    ]
    if layout.inner is not None:
        tags = (row.fields[layout.inner] for s in sentences for row in s.tokens)
        n_inner = sum(tag[:1].upper() in ("B", "S", "U") for tag in tags)
        notes.append(f"{n_inner} nested entities of column {layout.inner + 1} left out")
    return notes
