"""A function from texts to spans as teacher."""

import hashlib
import inspect
from functools import cached_property
from typing import Any, Callable, List, Sequence

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc, Span

from ..docs import blank_pipeline
from ..errors import DistillError
from ..tasks.ner.task import NERTask
from .base import DroppedSpan, Prediction, Teacher
from .probabilities import (
    favor,
    keep_spans,
    log_probabilities,
    span_columns,
    tag_probabilities,
)

_HELP = "give (start, end, label) or (start, end, label, score), by characters"


class FunctionTeacher(Teacher):
    """A teacher whose predictions a Python function returns.

    The probability of a span is its score, 1 by default. The entities decoded from the
    logits are the spans of the function, without those that overlap a surer one or do
    not consist of whole tokens.

    Args:
        function: Takes a list of texts and returns, for each, a list of spans: (start,
            end, label) or (start, end, label, score), by characters.
        labels: The labels that it returns.
        lang: Language whose tokenizer splits texts.

    Raises:
        DistillError: If there are no labels, or no such language.
    """

    def __init__(
        self,
        function: Callable[[List[str]], Sequence[Sequence[Any]]],
        labels: Sequence[str],
        *,
        lang: str = "en",
    ) -> None:
        if not labels:
            raise DistillError(
                "Expected the labels that the teacher's function predicts, got none:"
                ' give labels, e.g. labels=["PERSON", "ORG"].'
            )
        self._function = function
        self._task = NERTask(list(dict.fromkeys(labels)))
        self._nlp = blank_pipeline(lang)

    @property
    def name(self) -> str:
        """Name of the function."""
        return getattr(self._function, "__name__", type(self._function).__name__)

    @property
    def task(self) -> NERTask:
        """NER with the given labels."""
        return self._task

    @property
    def nlp(self) -> Language:
        """A blank pipeline of the language."""
        return self._nlp

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the function's name, source code and labels.

        It does not cover what the function reads from elsewhere, e.g. a model.
        """
        function: Any = self._function
        try:
            source = inspect.getsource(function)
        except (OSError, TypeError):
            source = ""
        module = getattr(function, "__module__", "")
        parts = [module, self.name, source, self._nlp.lang, *self._task.labels]
        return hashlib.sha256("\0".join(map(str, parts)).encode("utf-8")).hexdigest()

    @property
    def whole_documents(self) -> bool:
        """True: the function gets the text as it is."""
        return True

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs; see `Teacher.predict`.

        Raises:
            DistillError: If the function does not return spans for each text.
        """
        texts = [doc.text for doc in docs]
        found = self._function(list(texts))
        if not isinstance(found, (list, tuple)) or len(found) != len(docs):
            size = len(found) if hasattr(found, "__len__") else "no list"
            raise DistillError(
                f"Expected a list with the spans of each of {len(docs)} texts from the"
                f" teacher's function, got {size}: {_HELP}."
            )
        return [self._read(doc, spans) for doc, spans in zip(docs, found)]

    def _read(self, doc: Doc, found: Sequence[Any]) -> Prediction:
        spans: List[Span] = []
        scores: List[float] = []
        dropped: List[DroppedSpan] = []
        for one in found:
            try:
                start, end, label = int(one[0]), int(one[1]), str(one[2])
                score = float(one[3]) if len(one) > 3 else 1.0
            except (TypeError, ValueError, IndexError, KeyError) as error:
                raise DistillError(
                    f"Expected spans from the teacher's function, got {one!r}: {_HELP}."
                ) from error
            text = doc.text[start:end]
            span = doc.char_span(start, end, label=label)
            if span is None:
                around = doc.char_span(start, end, alignment_mode="expand")
                token = 0 if around is None else around.start
                reason = "does not begin and end where tokens do"
                dropped.append(DroppedSpan(token, text, label, reason))
            else:
                spans.append(span)
                scores.append(score)
        kept, others = keep_spans(spans, scores, self._task.labels)
        columns = self._task.columns
        probabilities = tag_probabilities(len(doc), kept, columns)
        path = span_columns(len(doc), kept, columns)
        logits = log_probabilities(favor(probabilities, path))
        return Prediction(
            np.asarray(logits, dtype=np.float32), None, tuple([*dropped, *others])
        )
