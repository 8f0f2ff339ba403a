"""Text classifiers of spaCy pipelines as teachers."""

from typing import Any, List, Optional

import numpy as np
from spacy.language import Language
from spacy.pipeline.textcat import TextCategorizer
from spacy.pipeline.textcat_multilabel import MultiLabel_TextCategorizer
from spacy.tokens import Doc

from ...errors import DistillError
from ...tasks.textcat.component import CompactTextCat
from ...tasks.textcat.task import TextCatTask
from ..base import Prediction
from ..category_scores import category_logits
from .component import ComponentTeacher


class TextCatTeacher(ComponentTeacher):
    """A teacher that predicts with a `textcat` or `textcat_multilabel`.

    The component's scores are probabilities, and their logarithms or log-odds are the
    logits. Probabilities below 0.0001, and of several categories above 0.9999, become
    these.

    Args:
        nlp: The pipeline.
        component: Name of the component.
        name: Name for display; by default the pipeline's own.

    Raises:
        DistillError: If there is no such component, if it has fewer than two exclusive
            categories, or if it listens to a component that does not run before it.
    """

    def __init__(
        self, nlp: Language, component: str, *, name: Optional[str] = None
    ) -> None:
        super().__init__(nlp, component, name=name)
        self._check_type(TextCategorizer, "a textcat or textcat_multilabel")
        pipe: Any = self._component_pipe
        exclusive = not isinstance(pipe, MultiLabel_TextCategorizer)
        if len(pipe.labels) < 1 + exclusive:
            raise DistillError(
                f"Expected a trained teacher, but its component {component!r} has"
                f" {len(pipe.labels)} categories: train it first."
            )
        self._task = TextCatTask(pipe.labels, exclusive=exclusive)

    @property
    def task(self) -> TextCatTask:
        """The task with the component's categories."""
        return self._task

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs; see `Teacher.predict`.

        Returns:
            Logits, float32 [1, n_categories].
        """
        upstream = self._run_upstream(docs)
        filled = [doc for doc in upstream.docs if len(doc)]
        scores: Any = iter(())
        if filled:
            model = self._component_pipe.model
            scores = iter(model.ops.to_numpy(self._component_pipe.predict(filled)))
        blank = np.zeros((1, len(self._task.columns)), dtype=np.float32)
        return [
            Prediction(
                category_logits(next(scores)[None], self._task) if len(doc) else blank,
                mask,
            )
            for doc, mask in zip(upstream.docs, upstream.unaligned)
        ]


class CompactTextCatTeacher(ComponentTeacher):
    """A teacher that predicts with a `compact_textcat`.

    Args:
        nlp: The pipeline.
        component: Name of the component.
        name: Name for display; by default the pipeline's own.

    Raises:
        DistillError: If there is no such component, if it has no categories, or if it
            listens to a component that does not run before it.
    """

    def __init__(
        self, nlp: Language, component: str, *, name: Optional[str] = None
    ) -> None:
        super().__init__(nlp, component, name=name)
        self._check_type(CompactTextCat, "a compact_textcat")
        self._pipe: CompactTextCat = self._component_pipe
        if not self._pipe.labels:
            raise DistillError(
                f"Expected a trained teacher, but its component {component!r} has no"
                " categories: train it first."
            )

    @property
    def task(self) -> TextCatTask:
        """Task of the component."""
        return self._pipe.task

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs; see `Teacher.predict`.

        Returns:
            Logits of the component, float32 [1, n_categories].
        """
        upstream = self._run_upstream(docs)
        logits = self._pipe.get_logits(upstream.docs)
        return [Prediction(*both) for both in zip(logits, upstream.unaligned)]
