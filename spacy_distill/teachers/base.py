"""What a teacher has to offer."""

from abc import ABC, abstractmethod
from typing import Callable, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ..words import WordPieces


class LostEntity(NamedTuple):
    """An entity the teacher found, or was told of, that the tokens cannot carry.

    token: index of the first token it touches. text, label: its own.
    reason: in a few words, e.g. "begins inside a token".
    """

    token: int
    text: str
    label: str
    reason: str


class Teacher(ABC):
    """Anything that gives logits over NER tags for every token of a Doc.

    name: for people, e.g. `en_my_teacher` or the path it was loaded from.
    hash: changes whenever the logits could; stored labels are tied to it.
    tags: the BILUO tag names, in the order of the logits' columns.
    nlp: the pipeline whose tokenizer and vocab the teacher's Docs have.

    A subclass writes these and `logits`; the rest has defaults.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """The name shown to people."""

    @property
    @abstractmethod
    def hash(self) -> str:
        """The fingerprint of everything the logits depend on."""

    @property
    @abstractmethod
    def tags(self) -> Tuple[str, ...]:
        """The tag names in column order."""

    @property
    @abstractmethod
    def nlp(self) -> Language:
        """The pipeline that tokenizes for this teacher."""

    @abstractmethod
    def logits(self, docs: List[Doc]) -> List[np.ndarray]:
        """Return raw logits, before softmax: float32 [n_tokens, n_tags] each.

        Log-probabilities are logits too; see `probabilities.log_probabilities`.
        """

    @property
    def whole_documents(self) -> bool:
        """Whether Docs must come whole, as what it says hangs on all of the text.

        Otherwise long ones are cut into overlapping windows.
        """
        return False

    def check_texts(self, read: Callable[[], Iterator[Doc]]) -> None:
        """Say before any work is done if the teacher cannot label some of the texts.

        read: gives all of them, from the first, as often as it is called.
        RAISES: DistillError that names them. By default any text will do.
        """
        return

    def sizes(self, docs: List[Doc]) -> List[int]:
        """Say how much input each Doc makes: its word pieces, or else its tokens.

        Docs of like size go into one batch, as they need the least padding.
        """
        return [len(doc) for doc in docs]

    def without_pieces(self, docs: List[Doc]) -> List[np.ndarray]:
        """Say which tokens the teacher was blind to: bool [n_tokens] for each Doc.

        A token is marked when it is not whitespace and yet has no word piece (an odd
        character, or a place beyond the model's longest input), so its logits are
        a guess. Called right after `logits`, with the very same Docs.
        """
        return [np.zeros(len(doc), dtype=bool) for doc in docs]

    def lost_entities(self, docs: List[Doc]) -> List[List[LostEntity]]:
        """Name the entities of each Doc that the logits could not express.

        Called right after `logits`, with the very same Docs.
        """
        return [[] for _ in docs]

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the teacher's word pieces and their vectors, if it has any."""
        return None
