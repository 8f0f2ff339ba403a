"""Choose the teacher of a GLiNER2 model by the task."""

from typing import Any, Mapping, Optional

from ...errors import DistillError
from ...tasks.textcat.task import EXCLUSIVE, TEXTCAT
from ..base import Teacher
from ..candidates import Candidates
from .text_teacher import gliner2_text_teacher_v1, text_teacher_of_extractor


def load_gliner2(
    source: Any,
    *,
    labels: Optional[Candidates],
    task: Optional[str],
    lang: str = "en",
) -> Teacher:
    """Load a GLiNER2 model as a teacher.

    Args:
        source: Folder or hub name of the model, or the model.
        labels: The categories, as the model reads them; or a category for each of
            these.
        task: "textcat" or "textcat_multilabel".
        lang: Language of the tokenizer.

    Raises:
        DistillError: If labels or task are missing, or if the model cannot teach.
    """
    if not labels or task not in TEXTCAT:
        raise DistillError(
            "Expected labels and a task with a GLiNER2 model, such as"
            ' labels=["sport", "travel"], task="textcat", got'
            f" labels={labels!r}, task={task!r}: give both, or write a config with"
            " spacy_distill.GLiNER2TextTeacher.v1 (docs/teachers.md)."
        )
    exclusive = task == EXCLUSIVE
    if isinstance(source, str):
        names: Any = dict(labels) if isinstance(labels, Mapping) else list(labels)
        return gliner2_text_teacher_v1(source, names, exclusive=exclusive, lang=lang)
    return text_teacher_of_extractor(source, labels, exclusive=exclusive, lang=lang)
