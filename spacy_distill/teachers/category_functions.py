"""A function from texts to categories as teacher."""

from typing import Any, Dict, Sequence

from spacy.tokens import Doc

from ..errors import DistillError
from ..tasks.textcat.task import TextCatTask
from .base import Prediction
from .category_scores import category_logits, check_scores, complete_scores
from .functions import Function, FunctionTeacher


class CategoryFunctionTeacher(FunctionTeacher):
    """A teacher whose text categories a Python function returns.

    Args:
        function: Takes a list of texts and returns, for each, a category, a pair
            (category, probability), a dict of probabilities by category, or a list of
            categories or pairs. For categories without a probability see
            `complete_scores`.
        labels: All categories.
        exclusive: Whether each text has exactly one category.
        lang: Language whose tokenizer splits texts.

    Raises:
        DistillError: If there are fewer than two exclusive categories, or no such
            language.
    """

    results = "the categories"
    form = "give a category, (category, probability) or {category: probability}"

    def __init__(
        self,
        function: Function,
        labels: Sequence[str],
        *,
        exclusive: bool = True,
        lang: str = "en",
    ) -> None:
        self._textcat = TextCatTask(list(dict.fromkeys(labels)), exclusive=exclusive)
        super().__init__(function, self._textcat, lang=lang)
        if exclusive and len(self._textcat.labels) < 2:
            raise DistillError(
                "Expected two or more categories that exclude each other, got"
                f" {labels[0]!r} alone: name the other one in labels, or give"
                ' task="textcat_multilabel".'
            )

    def read(self, doc: Doc, found: Any) -> Prediction:
        """Convert the categories of a Doc to logits, float32 [1, n_categories]."""
        scores = self._scores(found)
        task = self._textcat
        source = f"the teacher's function for {doc.text[:40]!r}"
        check_scores(scores, task, source=source)
        if task.exclusive and not scores:
            raise DistillError(
                f"Expected a category from {source}, got {found!r}: {self.form}."
            )
        return Prediction(category_logits(complete_scores([scores], task), task))

    def _scores(self, found: Any) -> Dict[str, float]:
        if isinstance(found, dict):
            items = list(found.items())
        elif isinstance(found, list):
            items = [one if isinstance(one, tuple) else (one, 1.0) for one in found]
        else:
            items = [found if isinstance(found, tuple) else (found, 1.0)]
        try:
            scores = {label: float(score) for label, score in items}
        except (TypeError, ValueError):
            scores = {}
        if len(scores) < len(items) or not all(isinstance(x, str) for x in scores):
            raise DistillError(
                "Expected categories from the teacher's function, got"
                f" {found!r}: {self.form}."
            )
        return scores
