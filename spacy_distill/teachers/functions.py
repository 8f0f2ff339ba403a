"""Python functions as teachers."""

import hashlib
import inspect
from abc import abstractmethod
from functools import cached_property
from typing import Any, Callable, ClassVar, List, Sequence

from spacy.language import Language
from spacy.tokens import Doc

from ..docs import blank_pipeline
from ..errors import DistillError
from ..tasks.base import Task
from .base import Prediction, Teacher

Function = Callable[[List[str]], Sequence[Any]]


class FunctionTeacher(Teacher):
    """A teacher whose predictions a Python function returns.

    A subclass implements `read` for the results of one task.

    Args:
        function: Takes a list of texts and returns a list with a result for each.
        task: The task, with the labels that the function returns.
        lang: Language whose tokenizer splits texts.

    Attributes:
        results: What the function returns for each text, for error messages.
        form: How it is to be given, likewise.

    Raises:
        DistillError: If there are no labels, or no such language.
    """

    results: ClassVar[str]
    form: ClassVar[str]

    def __init__(self, function: Function, task: Task, *, lang: str = "en") -> None:
        if not task.labels:
            raise DistillError(
                "Expected the labels that the teacher's function predicts, got none:"
                ' give labels, e.g. labels=["PERSON", "ORG"].'
            )
        self._function = function
        self._task = task
        self._nlp = blank_pipeline(lang)

    @property
    def name(self) -> str:
        """Name of the function."""
        return getattr(self._function, "__name__", type(self._function).__name__)

    @property
    def task(self) -> Task:
        """The task with the given labels."""
        return self._task

    @property
    def nlp(self) -> Language:
        """A blank pipeline of the language."""
        return self._nlp

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the function's name, source code, labels and task.

        It does not cover what the function reads from elsewhere, e.g. a model.
        """
        function: Any = self._function
        try:
            source = inspect.getsource(function)
        except (OSError, TypeError):
            source = ""
        module = getattr(function, "__module__", "")
        parts = [module, self.name, source, self._nlp.lang, *self._task.labels]
        # Without "ner", as in earlier versions.
        parts += [self._task.name] * (self._task.name != "ner")
        return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8")).hexdigest()

    @property
    def whole_documents(self) -> bool:
        """True: the function gets the text as it is."""
        return True

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs; see `Teacher.predict`.

        Raises:
            DistillError: If the function does not return a valid result for each text.
        """
        texts = [doc.text for doc in docs]
        found = self._function(list(texts))
        if not isinstance(found, (list, tuple)) or len(found) != len(docs):
            size = len(found) if hasattr(found, "__len__") else "no list"
            raise DistillError(
                f"Expected a list with {self.results} of each of {len(docs)} texts from"
                f" the teacher's function, got {size}: {self.form}."
            )
        return [self.read(doc, one) for doc, one in zip(docs, found)]

    @abstractmethod
    def read(self, doc: Doc, found: Any) -> Prediction:
        """Convert the function's result for a Doc to logits.

        Args:
            doc: The Doc.
            found: The result for its text.

        Raises:
            DistillError: If the result has another form, or labels that were not given.
        """
