"""Choose the teacher of a Hugging Face model by its architecture."""

import json
from typing import Any, List, Mapping, Optional, Sequence, Union

from ...errors import DistillError
from ...hub import CONFIG, locate
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
    is_text = any(kind.endswith(_SEQUENCES) for kind in _architectures(name))
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


def _architectures(name: str) -> List[str]:
    path = locate(name).folder / CONFIG
    try:
        config = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        # Whoever loads the model tells what is wrong with it.
        return []
    found = config.get("architectures") if isinstance(config, dict) else None
    return [kind for kind in found or [] if isinstance(kind, str)]
