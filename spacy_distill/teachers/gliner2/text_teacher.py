"""GLiNER2 teachers of text classification, which need only names of categories."""

import json
from dataclasses import replace
from functools import partial
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Union

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import registry

from ...docs import blank_pipeline
from ...errors import DistillError
from ...hub import locate, shown_name
from ...tasks.textcat.task import TextCatTask
from ...words import WordPieces
from ..base import Prediction, Teacher
from ..candidates import Candidates, check_candidates, with_categories
from ..category_scores import category_logits
from ..model_teacher import TextModelTeacher
from .model import GLiNER2Model, hash_files, load_extractor

TASK_NAME = "category"


@registry.misc("spacy_distill.GLiNER2TextTeacher.v1")
def gliner2_text_teacher_v1(
    name: str,
    # Not Candidates: confection would take a dict for a sequence.
    labels: Union[Dict[str, str], List[str]],
    task_name: str = TASK_NAME,
    descriptions: Optional[Dict[str, str]] = None,
    exclusive: bool = True,
    lang: str = "en",
    window: Optional[int] = None,
    overlap: Optional[int] = None,
) -> Teacher:
    """Create a text classifier from a GLiNER2 model (Zaratiana et al. 2025).

    Args:
        name: Folder of the model, or its name on the Hugging Face hub.
        labels: The categories, as the model reads them; or a category for each of
            these.
        task_name: What the categories are, such as "sentiment"; the model reads it.
        descriptions: A description of each of the labels, which the model reads too.
        exclusive: Whether each text has exactly one category: probabilities are a
            softmax over the categories. Otherwise each is a sigmoid of its own.
        lang: Language of the tokenizer.
        window: Most word pieces of an input, labels included; by default the model's
            maximum.
        overlap: Word pieces that adjacent windows share; by default an eighth of the
            window.

    Returns:
        The teacher.

    Raises:
        DistillError: If GLiNER2 is not installed, if there is no such model, if there
            are too few categories, or if an option is out of range.
    """
    nlp = blank_pipeline(lang)
    names = _check_options(labels, task_name, descriptions, exclusive=exclusive)
    located = locate(name)
    extractor = load_extractor(located, source=name)
    schema = _make_schema(
        extractor, names, task_name, descriptions or {}, exclusive=exclusive
    )
    teacher = GLiNER2TextTeacher(
        GLiNER2Model(extractor, schema, source=name, window=window, overlap=overlap),
        TextCatTask(names, exclusive=exclusive),
        partial(hash_files, located),
        task_name=task_name,
        descriptions=descriptions,
        nlp=nlp,
        name=shown_name(name),
    )
    return with_categories(teacher, labels)


def text_teacher_of_extractor(
    extractor: Any, labels: Candidates, *, exclusive: bool = True, lang: str = "en"
) -> Teacher:
    """Create a text classifier from a loaded GLiNER2 model.

    Args:
        extractor: The model.
        labels: The categories; see `gliner2_text_teacher_v1`.
        exclusive: Whether each text has exactly one category.
        lang: Language of the tokenizer.

    Returns:
        The teacher.

    Raises:
        DistillError: As `gliner2_text_teacher_v1`.
    """
    names = _check_options(labels, TASK_NAME, None, exclusive=exclusive)
    source = getattr(extractor, "name_or_path", "") or type(extractor).__name__
    schema = _make_schema(extractor, names, TASK_NAME, {}, exclusive=exclusive)
    model = GLiNER2Model(extractor, schema, source=source)
    teacher = GLiNER2TextTeacher(
        model,
        TextCatTask(names, exclusive=exclusive),
        model.hash_contents,
        task_name=TASK_NAME,
        nlp=blank_pipeline(lang),
        name=shown_name(source),
    )
    return with_categories(teacher, labels)


class GLiNER2TextTeacher(TextModelTeacher[GLiNER2Model]):
    """A teacher that classifies texts; see `gliner2_text_teacher_v1`.

    Args:
        model: The model, whose schema is a classification.
        task: The task, with the names that the model reads as columns.
        model_hash: Returns the hash of the model.
        task_name: Name of the classification in the schema.
        descriptions: Descriptions in the schema, by name.
        nlp: A blank pipeline.
        name: Name for display.
    """

    def __init__(
        self,
        model: GLiNER2Model,
        task: TextCatTask,
        model_hash: Callable[[], str],
        *,
        task_name: str,
        descriptions: Optional[Dict[str, str]] = None,
        nlp: Language,
        name: str,
    ) -> None:
        super().__init__(model, task, model_hash, nlp=nlp, name=name)
        self._task_name = task_name
        self._descriptions = descriptions

    @property
    def options(self) -> str:
        """Task, windows and schema."""
        # Not sorted, since predictions depend on the order of the labels.
        schema = [self._task_name, self._task.labels, self._descriptions]
        return f"{super().options} {json.dumps(schema)}"

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs.

        Args:
            docs: Docs to predict. They are not modified.

        Returns:
            Logits of GLiNER2's probabilities, float32 [1, n_categories]. Of a text that
            is longer than the model's maximum, the mean of its windows' probabilities.
        """
        texts = [self._model.split(doc.text) for doc in docs]
        found = iter(self._model.run([part for parts in texts for part in parts]))
        return [
            Prediction(
                self._task.merge(
                    [part.words for part in parts],
                    [self._logits(next(found)) for _ in parts],
                )
            )
            for parts in texts
        ]

    def word_pieces(self) -> Optional[WordPieces]:
        """Return the word pieces of the encoder and their input embeddings."""
        pieces = super().word_pieces()
        # GLiNER2 reads texts in lower case, whatever its tokenizer does.
        return None if pieces is None else replace(pieces, lowercase=True)

    def _logits(self, results: Dict[str, Any]) -> np.ndarray:
        scores = dict(results[self._task_name])
        probabilities = np.array([[scores[label] for label in self._task.labels]])
        return category_logits(probabilities, self._task)


def _check_options(
    labels: Candidates,
    task_name: str,
    descriptions: Optional[Mapping[str, str]],
    *,
    exclusive: bool,
) -> List[str]:
    """Return the names that the model reads."""
    names = check_candidates(labels, exclusive=exclusive)
    if not task_name.strip():
        raise DistillError(
            "Expected a task_name that says what the categories are, got none: change"
            f" it, e.g. to {TASK_NAME!r}."
        )
    if descriptions is not None and set(descriptions) != set(names):
        raise DistillError(
            "Expected a description of each label, or none at all, got descriptions of"
            f" {', '.join(descriptions) or 'none'} with the labels {', '.join(names)}:"
            " correct them."
        )
    return names


def _make_schema(
    extractor: Any,
    names: Sequence[str],
    task_name: str,
    descriptions: Mapping[str, str],
    *,
    exclusive: bool,
) -> Any:
    return extractor.create_schema().classification(
        task_name,
        {name: descriptions[name] for name in names} if descriptions else list(names),
        # With these, GLiNER2 gives the probabilities of all labels.
        multi_label=True,
        cls_threshold=0.0,
        class_act="softmax" if exclusive else "sigmoid",
    )
