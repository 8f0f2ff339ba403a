"""What teachers that predict with transformers have in common."""

import hashlib
import json
from functools import cached_property
from typing import Any, Callable, Generic, List, Optional, Protocol, TypeVar

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc

from ..files import sha256_bytes
from ..tasks.textcat.task import TextCatTask
from ..tokenizer_pieces import tokenizer_pieces
from ..words import WordPieces
from .base import Teacher


class TextModel(Protocol):
    """A transformer that reads texts, long ones in windows.

    Attributes:
        tokenizer: Its tokenizer.
        window: Most word pieces of an input.
        overlap: Word pieces that adjacent windows share.
    """

    tokenizer: Any
    window: int
    overlap: int

    @property
    def embeddings(self) -> np.ndarray:
        """Input embeddings, float32 [vocab_size, width]."""

    def sizes(self, texts: List[str]) -> List[int]:
        """Return the number of word pieces of the input of each text."""


ModelT = TypeVar("ModelT", bound=TextModel)


class ModelTeacher(Teacher, Generic[ModelT]):
    """A teacher that predicts with a transformer.

    A subclass implements `task` and `predict`, and `options`.

    Args:
        model: The model.
        model_hash: Returns the hash of the model.
        nlp: A blank pipeline.
        name: Name for display.
    """

    def __init__(
        self,
        model: ModelT,
        model_hash: Callable[[], str],
        *,
        nlp: Language,
        name: str,
    ) -> None:
        self._model = model
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
        return self._model.sizes([doc.text for doc in docs])

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the model's word pieces and their input embeddings."""
        return tokenizer_pieces(self._model.tokenizer, self._model.embeddings)


class TextModelTeacher(ModelTeacher[ModelT]):
    """A teacher that classifies texts with a transformer.

    A subclass implements `predict`, and `options` if there are more.

    Args:
        model: The model.
        task: The task, with what the model chooses from as columns.
        model_hash: Returns the hash of the model.
        nlp: A blank pipeline.
        name: Name for display.
    """

    def __init__(
        self,
        model: ModelT,
        task: TextCatTask,
        model_hash: Callable[[], str],
        *,
        nlp: Language,
        name: str,
    ) -> None:
        super().__init__(model, model_hash, nlp=nlp, name=name)
        self._task = task

    @property
    def task(self) -> TextCatTask:
        """Text classification with what the model chooses from."""
        return self._task

    @property
    def options(self) -> str:
        """Task and windows."""
        return f"{self._task.name} {super().options}"


def hash_loaded(model: Any, tokenizer: Any, *configs: Any) -> str:
    """Return a SHA-256 over configs, parameters and tokenizer of a model in memory.

    It differs from `hub.hash_model`, which is that of a model's files.

    Args:
        model: A torch module.
        tokenizer: Its fast tokenizer.
        *configs: Its configs, of `transformers`.

    Returns:
        The hash in hexadecimal.
    """
    digest = hashlib.sha256()
    for config in configs:
        values = {
            key: value
            for key, value in config.to_dict().items()
            if key != "transformers_version" and not key.startswith("_")
        }
        digest.update(json.dumps(values, sort_keys=True, default=str).encode("utf-8"))
    digest.update(tokenizer.backend_tokenizer.to_str().encode("utf-8"))
    for name, tensor in sorted(model.state_dict().items()):
        digest.update(f"\n{name} {tuple(tensor.shape)} {tensor.dtype}\n".encode())
        # As float32, since numpy has no bfloat16.
        array = tensor.detach().float().cpu().contiguous().numpy()
        digest.update(array.tobytes())
    return digest.hexdigest()
