"""Load a teacher from whatever the user gives."""

from pathlib import Path
from typing import Any, Callable, Dict, List, Mapping, Optional, Sequence, Union

from spacy.language import Language
from spacy.util import registry

from ..corpora.formats.read import is_annotated
from ..errors import DistillError
from ..tasks.registry import check_task
from ..tasks.textcat.task import EXCLUSIVE, TEXTCAT
from .base import Teacher
from .ensemble import EnsembleTeacher
from .from_config import teacher_from_config
from .source_kinds import (
    describe,
    has_tasks,
    is_annotation_file,
    is_gliner2,
    is_name,
    is_pipeline,
    is_transformers_pipeline,
    uses_labels,
)

# A teacher's name or path; a pipeline; a Hugging Face pipeline object; a function from
# texts to spans; a teacher; or a list of these.
TeacherSource = Union[str, Path, Language, Teacher, Callable, Sequence[Any]]


def load_teacher(
    source: TeacherSource,
    *,
    component: Optional[str] = None,
    strict: Optional[bool] = None,
    labels: Optional[Union[Sequence[str], Mapping[str, Optional[str]]]] = None,
    task: Optional[str] = None,
    lang: str = "en",
) -> Teacher:
    """Load a teacher.

    Args:
        source: One of:

            - the name or folder of a spaCy pipeline, or a loaded `Language`;
            - the folder or hub name (`owner/model`) of a Hugging Face token classifier
              or sequence classifier, or a `transformers` pipeline with one;
            - the folder or hub name of a GLiNER2 model, or the model, with labels and a
              task;
            - a file of annotations in JSON or of brat, or a folder of them, or a file
              of columns with words and tags;
            - a config (`.cfg`) with a section [teacher];
            - a function from a list of texts to a list of spans for each, which are
              (start, end, label) or (start, end, label, score) by characters; with
              task="textcat", from a list of texts to a category for each, see
              `CategoryFunctionTeacher`;
            - a `Teacher`, which is returned as it is;
            - a list of these, whose mean probabilities are the teacher.
        component: For a spaCy pipeline, the component that predicts; by default the
            only one that can.
        strict: For a file of annotations, whether an invalid span is an error (the
            default) or left out.
        labels: For a function, the labels that it predicts. For a Hugging Face model,
            new names of its outputs; see `hugging_face_teacher_v1`. For a pipeline for
            zero-shot classification and for a GLiNER2 model, the categories; see
            `gliner2_text_teacher_v1`.
        task: For a function, what it returns: "ner" (spans, the default), "textcat"
            (exclusive categories) or "textcat_multilabel". For a file of annotations
            that has several, what is read; by default, what is there. For a GLiNER2
            model, "textcat" or "textcat_multilabel".
        lang: The language whose tokenizer splits texts, for a teacher that has none: a
            Hugging Face model, a file of annotations or a function.

    Raises:
        DistillError: If there is no such teacher, or if it cannot teach.
    """
    if labels is not None and not uses_labels(labels, source):
        raise DistillError(
            "Expected a list of labels with a function or a GLiNER2 model, or a map of"
            f" them with a Hugging Face model, got one with {describe(source)}: leave"
            " it out, or map the teacher's labels (docs/teachers.md)."
        )
    if task is not None and not has_tasks(source):
        raise DistillError(
            "Expected a task with a function, a file of annotations or a GLiNER2 model"
            f" only, got one with {describe(source)}: leave it out."
        )
    if isinstance(source, Teacher):
        return source
    if isinstance(source, (str, Path)):
        return _load_named(
            source,
            component=component,
            strict=strict,
            labels=labels,
            task=task,
            lang=lang,
        )
    if strict is not None:
        raise DistillError(
            "Expected strict with a file of annotations only, got"
            f" {describe(source)}: leave it out."
        )
    if isinstance(source, Language):
        from .spacy_pipelines.pipelines import teacher_of_pipeline

        return teacher_of_pipeline(source, component)
    if component is not None:
        raise DistillError(
            f"Expected a component with a spaCy pipeline only, got {describe(source)}:"
            " leave it out."
        )
    if is_transformers_pipeline(source):
        from .hugging_face.load import teacher_of_pipeline_object

        return teacher_of_pipeline_object(source, lang=lang, labels=labels)
    # Before functions, as torch's modules can be called.
    if is_gliner2(source):
        from .gliner2.load import load_gliner2

        return load_gliner2(source, labels=labels, task=task, lang=lang)
    if callable(source):
        return _load_function(source, tuple(labels or ()), task=task, lang=lang)
    if isinstance(source, (list, tuple)):
        members: Dict[str, Teacher] = {}
        for one in source:
            used = labels if labels is not None and uses_labels(labels, one) else None
            member = load_teacher(
                one, labels=used, task=task if has_tasks(one) else None, lang=lang
            )
            _add_member(members, str(one) if is_name(one) else member.name, member)
        return EnsembleTeacher(members)
    raise DistillError(
        "Expected a teacher as a name, a path, a pipeline, a function or a list of"
        f" these, got {describe(source)}: see docs/teachers.md."
    )


@registry.misc("spacy_distill.EnsembleTeacher.v1")
def ensemble_teacher_v1(
    # Not Dict[str, Teacher]: confection checks the values before it builds them.
    members: Optional[Dict[str, Any]] = None,
    paths: Optional[List[str]] = None,
    weights: Optional[Dict[str, float]] = None,
    task: Optional[str] = None,
) -> Teacher:
    """Create a teacher that predicts the weighted mean of others' probabilities.

    The first member's tokenizer and order of labels are used.

    Args:
        members: Teachers by names of your choice.
        paths: Further members, as on the command line, e.g. the seeds of one config:
            ["work/seed0/model-best", "work/seed1/model-best"]. Their paths are their
            names.
        weights: By the members' names; equal by default. They are normalized.
        task: What is read of files of annotations among `paths`; see `load_teacher`.

    Raises:
        DistillError: If there is no member, if their labels differ, or if the weights
            do not fit.
    """
    members = dict(members or {})
    for path in paths or []:
        _add_member(members, path, None)
        own_task = task if has_tasks(path) else None
        members[path] = load_teacher(path, task=own_task)
    return EnsembleTeacher(members, weights=weights)


def _load_named(
    source: Union[str, Path],
    *,
    component: Optional[str],
    strict: Optional[bool],
    labels: Optional[Union[Sequence[str], Mapping[str, Optional[str]]]],
    task: Optional[str],
    lang: str,
) -> Teacher:
    # Modules are imported when they are needed: the libraries they need are slow.
    name, path = str(source), Path(source)
    is_annotations = is_annotation_file(path)
    if strict is not None and not is_annotations:
        raise DistillError(
            "Expected --strict or --skip with a file of annotations only, got"
            f" {name!r}: leave it out, or in a config set on_invalid."
        )
    if name.endswith(".cfg") or is_annotations:
        if component is not None:
            raise DistillError(
                f"Expected --component with a spaCy pipeline only, got {name!r}: leave"
                " it out."
            )
        if not (path.is_file() or is_annotated(path)):
            raise DistillError(f"Expected a file {name}, got nothing there.")
        if name.endswith(".cfg"):
            return teacher_from_config(path)
        from .annotations.teacher import annotations_teacher_v1

        on_invalid = "skip" if strict is False else "strict"
        return annotations_teacher_v1(path, lang=lang, on_invalid=on_invalid, task=task)
    if is_gliner2(source):
        from .gliner2.load import load_gliner2

        return load_gliner2(name, labels=labels, task=task, lang=lang)
    if not is_pipeline(source):
        from .hugging_face.load import load_hugging_face

        return load_hugging_face(name, lang=lang, labels=_as_map(labels))
    from .spacy_pipelines.pipelines import pipeline_teacher_v1

    return pipeline_teacher_v1(name, component=component)


def _load_function(
    function: Callable, labels: Sequence[str], *, task: Optional[str], lang: str
) -> Teacher:
    from .category_functions import CategoryFunctionTeacher
    from .span_functions import SpanFunctionTeacher

    check_task(task)
    if task in TEXTCAT:
        exclusive = task == EXCLUSIVE
        return CategoryFunctionTeacher(function, labels, exclusive=exclusive, lang=lang)
    return SpanFunctionTeacher(function, labels, lang=lang)


def _as_map(labels: Any) -> Optional[Dict[str, Optional[str]]]:
    # A list of labels belongs to a function in the same ensemble.
    return dict(labels) if isinstance(labels, Mapping) else None


def _add_member(members: Dict[str, Any], name: str, member: Optional[Teacher]) -> None:
    if name in members:
        raise DistillError(
            f"Expected members that differ, got {name!r} twice: give it a weight."
        )
    members[name] = member
