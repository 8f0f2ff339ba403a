"""Choose the teacher of a Hugging Face model by its architecture."""

from typing import Any, Mapping, Optional, Sequence, Union

from ...errors import DistillError
from ...hub import read_config
from ..base import Teacher
from .teacher import hugging_face_teacher_v1, teacher_of_token_pipeline
from .text_teacher import hugging_face_text_teacher_v1, teacher_of_text_pipeline
from .zero_shot import teacher_of_zero_shot_pipeline

_SEQUENCES = "ForSequenceClassification"
# Tasks of `transformers` pipelines.
_TOKEN_TASKS = ("token-classification", "ner")
_TEXT_TASKS = ("text-classification", "sentiment-analysis")
_ZERO_SHOT = "zero-shot-classification"


def load_hugging_face(
    name: str,
    *,
    lang: str = "en",
    labels: Optional[Mapping[str, Optional[str]]] = None,
) -> Teacher:
    """Load a Hugging Face model as a teacher.

    Args:
        name: Folder or hub name of a token classifier or a sequence classifier.
        lang: Language of the tokenizer.
        labels: New names of the model's outputs.

    Raises:
        DistillError: If there is no such model, or if it cannot teach.
    """
    kinds = read_config(name).get("architectures") or []
    is_text = any(str(kind).endswith(_SEQUENCES) for kind in kinds)
    make = hugging_face_text_teacher_v1 if is_text else hugging_face_teacher_v1
    return make(name, lang=lang, labels=None if labels is None else dict(labels))


def teacher_of_pipeline_object(
    pipeline: Any,
    *,
    lang: str = "en",
    labels: Optional[Union[Sequence[str], Mapping[str, Optional[str]]]] = None,
) -> Teacher:
    """Create a teacher from a loaded `transformers` pipeline.

    Args:
        pipeline: A pipeline for token or text classification.
        lang: Language of the tokenizer.
        labels: New names of the model's outputs; the categories of a pipeline for
            zero-shot classification. A list is not used by others.

    Raises:
        DistillError: If the pipeline has another task, or if it cannot teach.
    """
    task = getattr(pipeline, "task", None)
    if task == _ZERO_SHOT:
        return teacher_of_zero_shot_pipeline(pipeline, labels or (), lang=lang)
    names = dict(labels) if isinstance(labels, Mapping) else None
    if task in _TOKEN_TASKS:
        return teacher_of_token_pipeline(pipeline, lang=lang, labels=names)
    if task in _TEXT_TASKS:
        return teacher_of_text_pipeline(pipeline, lang=lang, labels=names)
    raise DistillError(
        "Expected a transformers pipeline for token-classification or"
        f" text-classification, got one for {task}: create it with"
        " pipeline('token-classification', ...)."
    )
