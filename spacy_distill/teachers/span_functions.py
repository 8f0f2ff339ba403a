"""A function from texts to spans as teacher."""

from typing import Any, List, Sequence

import numpy as np
from spacy.tokens import Doc, Span

from ..errors import DistillError
from ..tasks.ner.task import NERTask
from .base import DroppedSpan, Prediction
from .functions import Function, FunctionTeacher
from .probabilities import (
    favor,
    keep_spans,
    log_probabilities,
    span_columns,
    tag_probabilities,
)


class SpanFunctionTeacher(FunctionTeacher):
    """A teacher whose entities a Python function returns.

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

    results = "the spans"
    form = "give (start, end, label) or (start, end, label, score), by characters"

    def __init__(
        self, function: Function, labels: Sequence[str], *, lang: str = "en"
    ) -> None:
        super().__init__(function, NERTask(list(dict.fromkeys(labels))), lang=lang)

    def read(self, doc: Doc, found: Sequence[Any]) -> Prediction:
        """Convert the spans of a Doc to log-probabilities of tags."""
        spans: List[Span] = []
        scores: List[float] = []
        dropped: List[DroppedSpan] = []
        for one in found:
            try:
                start, end, label = int(one[0]), int(one[1]), str(one[2])
                score = float(one[3]) if len(one) > 3 else 1.0
            except (TypeError, ValueError, IndexError, KeyError) as error:
                raise DistillError(
                    f"Expected spans from the teacher's function, got {one!r}:"
                    f" {self.form}."
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
        kept, others = keep_spans(spans, scores, self.task.labels)
        columns = self.task.columns
        probabilities = tag_probabilities(len(doc), kept, columns)
        path = span_columns(len(doc), kept, columns)
        logits = log_probabilities(favor(probabilities, path))
        return Prediction(
            np.asarray(logits, dtype=np.float32), None, tuple([*dropped, *others])
        )
