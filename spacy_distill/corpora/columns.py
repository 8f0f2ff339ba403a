"""Gold text a token a line, as CoNLL-2003 has it.

    -DOCSTART- -X- -X- O

    SOCCER NN I-NP O
    JAPAN NNP I-NP I-LOC

The word is the first column, the entity tag the last; a blank line ends a sentence,
and a line that starts with -DOCSTART- begins a document.
"""

import re
from pathlib import Path
from typing import Dict, List, NamedTuple, Optional, Tuple, Union

from spacy.tokens import Doc, Span
from spacy.vocab import Vocab

from ..errors import DistillError
from .tag_schemes import TaggedToken, detect_scheme, entity_bounds
from .text_files import read_utf8

_DOCUMENT_START = "-DOCSTART-"
# Not every white space: an ideographic space may be a word of the text.
_SEPARATOR = re.compile(r"[ \t]+")


class ColumnSentence(NamedTuple):
    """A sentence as a Doc, and the number of its document in the file, from 0.

    doc: the file's own tokens, a space after each but the last; tokens outside
        the entities are annotated as outside.
    """

    doc: Doc
    document: int


def read_columns(
    path: Union[str, Path], vocab: Vocab, *, scheme: Optional[str] = None
) -> List[ColumnSentence]:
    """Read a column file.

    path: UTF-8; columns apart by spaces or tabs, the same number in every line.
    scheme: "IOB1", "IOB2" or "BILUO"; None finds it out from the whole file.

    Raises DistillError, with `path:line`, for a file that cannot be read, a line with
    one column or another number of columns than the first, a tag that is none, a tag
    that cannot stand after the one before it, and a file without sentences.
    """
    rows = _read_rows(path)
    if not rows:
        raise DistillError(
            f"{path}:1: expected lines of a word, its tag and a blank line after each"
            " sentence, got no sentence; check the file."
        )
    sentences = [tokens for tokens, _ in rows]
    if scheme is None:
        scheme = detect_scheme(sentences, source=str(path))
    found = []
    for tokens, document in rows:
        words = [token.word for token in tokens]
        doc = Doc(vocab, words=words, spaces=[True] * (len(words) - 1) + [False])
        spans = [
            Span(doc, start, end, label=label)
            for start, end, label in entity_bounds(tokens, scheme, source=str(path))
        ]
        doc.set_ents(spans, default="outside")
        found.append(ColumnSentence(doc, document))
    return found


def _read_rows(path: Union[str, Path]) -> List[Tuple[List[TaggedToken], int]]:
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
            # Before the first sentence it opens document 0; later ones open the next.
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
