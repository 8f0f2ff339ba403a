"""A document as augmentation sees it: its words, entities and sentences."""

from functools import cached_property
from typing import List, Optional, Tuple

from spacy.pipeline import Sentencizer
from spacy.tokens import Doc, Token

from ...docs import bare_doc

# `Token.ent_iob` of tokens within an entity, and of its first one.
_INSIDE, _BEGIN = 1, 3


class Passage:
    """A Doc, and what augmentation may change in it.

    *Words* are all tokens but punctuation and whitespace, and all tokens of entities.
    *Free* words may be masked and replaced. Not free are words of entities, and
    words written together (`do` and `n't`, `it` and `'s`) in scripts that have
    capitals. Other scripts may have no spaces at all.

    Args:
        doc: The Doc. Its sentences are used if it has any, else a copy of it is split
            after `.`, `!` and `?`.
        entities: A Doc with the same tokens, whose entities are kept whole; by default
            `doc`.

    Attributes:
        doc: The Doc.
        words: Indices of words.
        free: Indices of free words.
    """

    def __init__(self, doc: Doc, entities: Optional[Doc] = None) -> None:
        self.doc = doc
        iob = [token.ent_iob for token in (doc if entities is None else entities)]
        self._inside = [value == _INSIDE for value in iob]
        in_entity = [value in (_INSIDE, _BEGIN) for value in iob]
        plain = [not (token.is_punct or token.is_space) for token in doc]
        self.words = [i for i in range(len(doc)) if plain[i] or in_entity[i]]
        self.free = [
            i
            for i in self.words
            if not in_entity[i] and not self._is_part(doc[i], plain)
        ]

    def cuts_entity(self, border: int) -> bool:
        """Whether a border between tokens is within an entity.

        Args:
            border: Index of the token after the border; the number of tokens for the
                end.
        """
        return border < len(self._inside) and self._inside[border]

    @cached_property
    def sentences(self) -> List[Tuple[int, int]]:
        """First token of each sentence, and the one after its last.

        Sentences that an entity connects are one. Those without words are part of one
        that has some.
        """
        doc = self.doc
        if not doc.has_annotation("SENT_START"):
            doc = Sentencizer()(bare_doc(doc))
        starts: List[int] = []
        words = set(self.words)
        begun = False
        for sent in doc.sents:
            has_words = not words.isdisjoint(range(sent.start, sent.end))
            if not starts or (begun and has_words and not self.cuts_entity(sent.start)):
                starts.append(sent.start)
            begun = begun or has_words
        return list(zip(starts, [*starts[1:], len(doc)]))

    @staticmethod
    def _is_part(token: Token, plain: List[bool]) -> bool:
        """Whether a token is written together with another, in a script with case."""
        if token.lower_ == token.text.upper():
            return False
        i, doc = token.i, token.doc
        before = i > 0 and plain[i - 1] and not doc[i - 1].whitespace_
        after = i + 1 < len(doc) and plain[i + 1] and not token.whitespace_
        return before or after
