"""What teachers that predict with Hugging Face models have in common."""

from functools import cached_property
from typing import Callable, List, Optional

from spacy.language import Language
from spacy.tokens import Doc

from ...files import sha256_bytes
from ...tokenizer_pieces import tokenizer_pieces
from ...words import WordPieces
from ..base import Teacher
from .classifier import Classifier


class ModelTeacher(Teacher):
    """A teacher that predicts with a Hugging Face model.

    A subclass implements `task` and `predict`, and `options`.

    Args:
        classifier: The model.
        model_hash: Returns the hash of the model.
        nlp: A blank pipeline.
        name: Name for display.
    """

    def __init__(
        self,
        classifier: Classifier,
        model_hash: Callable[[], str],
        *,
        nlp: Language,
        name: str,
    ) -> None:
        self._model = classifier
        self._model_hash = model_hash
        self._nlp = nlp
        self._name = name

    @property
    def name(self) -> str:
        """Name of the folder or on the hub."""
        return self._name

    @property
    def nlp(self) -> Language:
        """A blank pipeline."""
        return self._nlp

    @property
    def options(self) -> str:
        """Whatever predictions depend on, apart from the model."""
        return f"{self._model.window} {self._model.overlap}"

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the model and the options."""
        return sha256_bytes(f"{self._model_hash()} {self.options}".encode())

    def sizes(self, docs: List[Doc]) -> List[int]:
        """Return the number of word pieces of each Doc, including special tokens.

        Args:
            docs: Docs to measure.

        Returns:
            The size of each Doc.
        """
        return [text.size for text in self._model.tokenize([doc.text for doc in docs])]

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the model's word pieces and their input embeddings."""
        return tokenizer_pieces(self._model.tokenizer, self._model.embeddings)
