"""The pipelines that a report is about."""

from pathlib import Path
from typing import Optional, Union

from spacy.language import Language

from ..docs import load_pipeline
from ..tasks.ner.component import CompactNER
from ..teachers.load import is_pipeline, load_teacher
from ..teachers.pipe import find_teacher, teacher_pipeline
from ..teachers.spacy_pipelines.component import ComponentTeacher
from ..teachers.spacy_pipelines.pipelines import ADAPTERS


def load_predictor(source: Union[str, Path]) -> Language:
    """Load whatever predicts entities: a pipeline, or any teacher as one.

    source: what `load_pipeline` or `teachers.load.load_teacher` takes. A pipeline whose
        entities are not in `doc.ents`, such as one with a spancat, comes as a teacher.
    RAISES: DistillError if it cannot be loaded.
    """
    if not is_pipeline(source):
        return teacher_pipeline(load_teacher(source))
    nlp = load_pipeline(source)
    metas = [nlp.get_pipe_meta(name) for name in nlp.pipe_names]
    sets_entities = any("doc.ents" in meta.assigns for meta in metas)
    can_teach = any(meta.factory in ADAPTERS for meta in metas)
    if can_teach and not sets_entities:
        return teacher_pipeline(load_teacher(source))
    return nlp


def find_sized(nlp: Language) -> Optional[Language]:
    """The pipeline whose parameters and files those of `nlp` are: itself, or the one
    that a teacher is a component of; None for other teachers."""
    teacher = find_teacher(nlp)
    if teacher is None:
        return nlp
    return teacher.nlp if isinstance(teacher, ComponentTeacher) else None


def find_spans_key(nlp: Language) -> Optional[str]:
    """Where the pipeline puts entities with their probabilities, in `doc.spans`;
    None if it has no component that gives probabilities."""
    for _, pipe in nlp.pipeline:
        if isinstance(pipe, CompactNER) and pipe.spans_key is not None:
            return pipe.spans_key
    return None
