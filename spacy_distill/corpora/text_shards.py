"""The documents of the shards of a run."""

from itertools import islice
from typing import Iterator, List, NamedTuple, Sequence

from spacy.language import Language
from spacy.vocab import Vocab

from ..docs import bare_doc
from .text_entries import TextEntry
from .texts import Texts


class TextShard(NamedTuple):
    """The documents of a shard, which can be sent to another process.

    Attributes:
        number: Number of the shard, from 0.
        entries: Its documents. Those with tokens of their own have no annotation.
    """

    number: int
    entries: List[TextEntry]


def read_shards(
    texts: Texts, nlp: Language, *, shard_size: int, pending: Sequence[int]
) -> Iterator[TextShard]:
    """Read the documents of shards, in one pass over the texts.

    Args:
        texts: The texts.
        nlp: Pipeline whose vocab the tokens of column files get.
        shard_size: Documents in a shard; the last one may have fewer.
        pending: Numbers of the shards, ascending.

    Yields:
        The shards. They are read when they are asked for.
    """
    entries, position = texts.entries(nlp), 0
    for number in pending:
        start = number * shard_size
        found = list(islice(entries, start - position, start - position + shard_size))
        position = start + shard_size
        # All strings of a vocab are sent along, so that each shard has its own.
        vocab = Vocab()
        yield TextShard(number, [_without_annotation(entry, vocab) for entry in found])


def _without_annotation(entry: TextEntry, vocab: Vocab) -> TextEntry:
    if isinstance(entry.content, str):
        return entry
    doc = bare_doc(entry.content, vocab)
    doc.has_unknown_spaces = entry.content.has_unknown_spaces
    return entry._replace(content=doc)
