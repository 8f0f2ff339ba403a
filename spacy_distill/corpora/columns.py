"""Reader for column files, one token per line, as in CoNLL-2003.

    -DOCSTART- -X- -X- O

    SOCCER NN I-NP O
    JAPAN NNP I-NP I-LOC

The first column is the word and the last one its entity tag. A blank line ends a
sentence. A line that starts with -DOCSTART- begins a document.
"""

import re
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple, Union

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..errors import DistillError
from .tag_schemes import TaggedToken, read_entities
from .text_files import read_utf8

_DOCUMENT_START = "-DOCSTART-"
# Only spaces and tabs: an ideographic space can be a token of the text.
_SEPARATOR = re.compile(r"[ \t]+")


class ColumnSentence(NamedTuple):
    """A sentence of a column file.

    Attributes:
        doc: Doc with the tokens of the file and a space after each but the last. Tokens
            outside of entities are annotated as outside.
        document: Index of the sentence's document in the file.
    """

    doc: Doc
    document: int


def read_columns(
    path: Union[str, Path], vocab: Vocab, *, scheme: Optional[str] = None
) -> List[ColumnSentence]:
    """Read a column file.

    Args:
        path: UTF-8 file. Columns are separated by spaces or tabs, and all lines have
            the same number of them.
        vocab: Vocab of the Docs.
        scheme: Tag scheme: "IOB1", "IOB2" or "BILUO", or another name of one. None
            detects it from the whole file.

    Returns:
        The sentences in file order.

    Raises:
        DistillError: If the file cannot be read or has no sentences. With `path:line`,
            if a line has a single column or another number of columns than the first,
            if a tag is malformed, or if it may not follow the tag before it.
    """
    rows = _read_rows(path)
    if not rows:
        raise DistillError(
            f"{path}:1: expected lines of a word, its tag and a blank line after each"
            " sentence, got no sentence; check the file."
        )
    entities = read_entities(
        [tokens for tokens, _ in rows], scheme=scheme, source=str(path)
    )
    found = []
    for (tokens, document), bounds in zip(rows, entities):
        words = [token.word for token in tokens]
        doc = Doc(vocab, words=words, spaces=[True] * (len(words) - 1) + [False])
        spans = [Span(doc, start, end, label=label) for start, end, label in bounds]
        doc.set_ents(spans, default="outside")
        found.append(ColumnSentence(doc, document))
    return found


def _read_rows(path: Union[str, Path]) -> List[Tuple[List[TaggedToken], int]]:
    """Return the tokens of each sentence and the index of its document."""
    rows: List[Tuple[List[TaggedToken], int]] = []
    tokens: List[TaggedToken] = []
    widths: Dict[int, int] = {}
    document = 0
    for number, line in enumerate(read_utf8(path).split("\n") + [""], start=1):
        columns = _SEPARATOR.split(line.strip(" \t")) if line.strip() else []
        starts_document = columns[:1] == [_DOCUMENT_START]
        if not columns or starts_document:
            if tokens:
                rows.append((tokens, document))
                tokens = []
            # The marker before the first sentence belongs to document 0.
            if starts_document and rows:
                document += 1
            continue
        widths.setdefault(len(columns), number)
        if len(columns) < 2 or len(widths) > 1:
            wanted = next(iter(widths)) if len(widths) > 1 else "2 or more"
            raise DistillError(
                f"{path}:{number}: expected {wanted} columns, the word first and the"
                f" tag last, got {len(columns)} in '{line.strip()[:40]}'; correct it."
            )
        tokens.append(TaggedToken(columns[0], columns[-1], number))
    return rows
