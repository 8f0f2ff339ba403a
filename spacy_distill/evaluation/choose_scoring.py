"""Decide what is scored: entities or categories."""

from typing import Any, Callable, Iterable, Mapping, Optional

from spacy.language import Language
from spacy.pipeline.textcat_multilabel import MultiLabel_TextCategorizer
from spacy.tokens import Doc

from ..errors import DistillError
from ..tasks.base import Task
from ..tasks.textcat.component import CompactTextCat
from ..tasks.textcat.task import TextCatTask
from ..teachers.pipe import find_teacher
from .category_scoring import CategoryScoring
from .entity_scoring import EntityScoring
from .scoring import Scoring


def scoring_of_task(task: Task) -> Scoring:
    """Return what is scored of a task.

    Args:
        task: Task of a teacher or of soft labels.
    """
    if isinstance(task, TextCatTask):
        return CategoryScoring(exclusive=task.exclusive)
    return EntityScoring()


def scoring_of_pipeline(nlp: Language) -> Scoring:
    """Return what is scored of a pipeline: entities, unless it only classifies."""
    exclusive = _find_exclusive(nlp)
    if exclusive is None or _finds_entities(nlp):
        return EntityScoring()
    return CategoryScoring(exclusive=exclusive)


def choose_scoring(
    pipelines: Mapping[str, Language], read_gold: Callable[[], Iterable[Doc]]
) -> Scoring:
    """Return what is scored of pipelines that are compared.

    Categories are exclusive if they are for all pipelines.

    Args:
        pipelines: The pipelines, by name.
        read_gold: Reads the gold Docs. They decide if all pipelines do both.

    Raises:
        DistillError: If some classify texts and others do not.
    """
    exclusive = {name: _find_exclusive(nlp) for name, nlp in pipelines.items()}
    classifiers = [name for name, found in exclusive.items() if found is not None]
    if not classifiers:
        return EntityScoring()
    both = all(map(_finds_entities, pipelines.values()))
    others = [name for name in pipelines if name not in classifiers]
    if both and (others or not _has_categories_only(read_gold())):
        return EntityScoring()
    if others:
        raise DistillError(
            "Expected pipelines that do the same, got text classification by"
            f" {', '.join(classifiers)} and none by {', '.join(others)}: evaluate them"
            " apart."
        )
    return CategoryScoring(exclusive=all(exclusive.values()))


def is_exclusive(pipe: Any) -> bool:
    """Return whether a text classifier chooses exactly one category.

    Args:
        pipe: A component that sets `doc.cats`. One of the user's own is taken to do so.
    """
    if isinstance(pipe, CompactTextCat):
        return pipe.exclusive
    return not isinstance(pipe, MultiLabel_TextCategorizer)


def _find_exclusive(nlp: Language) -> Optional[bool]:
    """Return whether a pipeline's categories are exclusive; None without any."""
    teacher = find_teacher(nlp)
    if teacher is not None:
        task = teacher.task
        return task.exclusive if isinstance(task, TextCatTask) else None
    found = None
    for name, pipe in nlp.pipeline:
        if "doc.cats" in nlp.get_pipe_meta(name).assigns:
            found = is_exclusive(pipe) and found is not False
    return found


def _finds_entities(nlp: Language) -> bool:
    teacher = find_teacher(nlp)
    if teacher is not None:
        return not isinstance(teacher.task, TextCatTask)
    return any("doc.ents" in nlp.get_pipe_meta(n).assigns for n in nlp.pipe_names)


def _has_categories_only(docs: Iterable[Doc]) -> bool:
    categories = False
    for doc in docs:
        if doc.ents:
            return False
        categories = categories or bool(doc.cats)
    return categories
