"""The interface of teachers."""

from abc import ABC, abstractmethod
from typing import Callable, Iterator, List, NamedTuple, Optional, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ..tasks.base import Task
from ..words import WordPieces


class DroppedSpan(NamedTuple):
    """An entity that the teacher predicted and the task's rows cannot express.

    Attributes:
        token: Index of the first token that the entity touches.
        text: Text of the entity.
        label: Label of the entity.
        reason: Short explanation, e.g. "begins inside a token".
    """

    token: int
    text: str
    label: str
    reason: str


class Prediction(NamedTuple):
    """A teacher's prediction for one Doc.

    Attributes:
        logits: Scores before softmax, float32 [n_rows, n_columns]. Log-probabilities
            are logits too; see `probabilities.log_probabilities`.
        unaligned: Tokens that the teacher could not see, bool [n_tokens]: a token that
            is not whitespace and yet has no word piece (an odd character, or a position
            beyond the longest input). None if there are none.
        dropped: Entities that the logits cannot express.
    """

    logits: np.ndarray
    unaligned: Optional[np.ndarray] = None
    dropped: Tuple[DroppedSpan, ...] = ()


class Teacher(ABC):
    """Anything that predicts logits for the rows of Docs.

    A subclass implements `name`, `hash`, `nlp`, `task` and `predict`; the other methods
    have defaults. A teacher keeps no state between calls of `predict`, so that calls
    may run in any order, or in several processes.
    """

    @property
    @abstractmethod
    def name(self) -> str:
        """Name for display, e.g. `en_my_teacher` or the path it was loaded from."""

    @property
    @abstractmethod
    def hash(self) -> str:
        """Fingerprint of everything that predictions depend on.

        Stored soft labels are tied to it.
        """

    @property
    @abstractmethod
    def nlp(self) -> Language:
        """Pipeline whose tokenizer and vocab the teacher's Docs have."""

    @property
    @abstractmethod
    def task(self) -> Task:
        """The task, which names the columns of the logits."""

    @abstractmethod
    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs.

        Args:
            docs: Docs with the vocab of `nlp`, without annotation. A teacher may
                annotate them.

        Returns:
            One prediction for each Doc.
        """

    @property
    def whole_documents(self) -> bool:
        """Whether predictions depend on the full document, so it must not be split.

        Otherwise long documents are split into overlapping windows.
        """
        return False

    def check_texts(self, read: Callable[[], Iterator[Doc]]) -> None:
        """Check, before any work is done, that the teacher can predict all texts.

        Args:
            read: Returns an iterator over all Docs each time it is called.

        Raises:
            DistillError: If the teacher cannot predict some of them. The message names
                them. By default any text is accepted.
        """
        return

    def sizes(self, docs: List[Doc]) -> List[int]:
        """Return the input size of each Doc: its word pieces, or else its tokens.

        Docs of similar size are batched together, since they need the least padding.
        """
        return [len(doc) for doc in docs]

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the teacher's word pieces and their embeddings, if it has any."""
        return None
