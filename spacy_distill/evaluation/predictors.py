"""The pipelines that are evaluated: students, and teachers of any kind."""

from pathlib import Path
from typing import Optional, Union

from spacy.language import Language
from spacy.tokens import Doc

from ..docs import load_pipeline
from ..tasks.ner.component import CompactNER
from ..tasks.ner.task import SPANS_KEY
from ..teachers.base import Teacher
from ..teachers.load import is_pipeline, load_teacher
from ..teachers.pipe import find_teacher, teacher_pipeline
from ..teachers.spacy_pipelines.component import ComponentTeacher
from ..teachers.spacy_pipelines.pipelines import ADAPTERS

Predictor = Union[str, Path, Language, Teacher]


def load_predictor(source: Predictor) -> Language:
    """Load anything that predicts entities or categories as a pipeline.

    A pipeline whose entities are not in `doc.ents`, such as one with a spancat, is
    loaded as a teacher.

    Args:
        source: A pipeline, a teacher, or what `load_pipeline` or `load_teacher` take.

    Raises:
        DistillError: If it cannot be loaded.
    """
    if isinstance(source, Teacher):
        return teacher_pipeline(source)
    if isinstance(source, Language):
        nlp = source
    elif is_pipeline(source):
        nlp = load_pipeline(source)
    else:
        return teacher_pipeline(load_teacher(source))
    metas = [nlp.get_pipe_meta(name) for name in nlp.pipe_names]
    predicts = any({"doc.ents", "doc.cats"} & set(meta.assigns) for meta in metas)
    can_teach = any(meta.factory in ADAPTERS for meta in metas)
    if can_teach and not predicts:
        return teacher_pipeline(load_teacher(source))
    return nlp


def describe_source(source: Predictor) -> str:
    """Return where a pipeline was loaded from, for display."""
    if isinstance(source, Teacher):
        return source.name
    if isinstance(source, Language):
        return "in memory" if source.path is None else str(source.path)
    return str(source)


def unannotated(nlp: Language, doc: Doc) -> Doc:
    """Create a Doc with the text of another.

    Args:
        nlp: Its tokenizer splits the text, unless the spaces between the tokens are
            unknown.
        doc: The other Doc.
    """
    if doc.has_unknown_spaces:
        return Doc(nlp.vocab, words=[token.text for token in doc])
    return nlp.make_doc(doc.text)


def find_sized(nlp: Language) -> Optional[Language]:
    """Return the pipeline whose parameters and files count as those of `nlp`.

    Returns:
        The pipeline itself, or the one that a teacher is a component of; None for other
        teachers.
    """
    teacher = find_teacher(nlp)
    if teacher is None:
        return nlp
    return teacher.nlp if isinstance(teacher, ComponentTeacher) else None


def find_spans_key(nlp: Language) -> Optional[str]:
    """Return the key of scored entities in `doc.spans`.

    Returns:
        The key; None if no component predicts probabilities.
    """
    if find_teacher(nlp) is not None:
        return SPANS_KEY
    for _, pipe in nlp.pipeline:
        if isinstance(pipe, CompactNER) and pipe.spans_key is not None:
            return pipe.spans_key
    return None
