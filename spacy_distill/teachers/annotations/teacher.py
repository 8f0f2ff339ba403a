"""Create a teacher from a file of annotations, of spans or categories."""

from pathlib import Path
from typing import Dict, List, Optional

from spacy.util import registry

from ...corpora.file_kinds import is_column_file
from ...corpora.formats.categories import annotation_task
from ...tasks.registry import check_task
from ...tasks.textcat.task import EXCLUSIVE, TEXTCAT
from ..base import Teacher
from .categories import CategoryFileTeacher
from .spans import CERTAINTY, AnnotationsTeacher

__all__ = ["CERTAINTY", "AnnotationsTeacher", "annotations_teacher_v1"]


@registry.misc("spacy_distill.AnnotationsTeacher.v1")
def annotations_teacher_v1(
    path: Path,
    lang: str = "en",
    on_invalid: str = "strict",
    labels: Optional[List[str]] = None,
    certainty: Optional[float] = None,
    annotator_weights: Optional[Dict[str, float]] = None,
    tag_names: Optional[List[str]] = None,
    task: Optional[str] = None,
) -> Teacher:
    """Create a teacher from a file of annotations, e.g. of an LLM or from Prodigy.

    Args:
        path: A file in JSON, CSV or of brat, or a folder, or a column file; see
            `files.read_annotations` and `formats.categories`. Annotations of the same
            text are votes of different annotators.
        lang: Language of the tokenizer.
        on_invalid: "strict" to reject files with invalid spans, or with spans whose own
            text is elsewhere. "skip" to leave invalid spans out and report them as
            dropped; the annotator then abstains on the tokens of the span. Spans whose
            own text occurs once nearby are moved to it. Categories are always strict.
        labels: Labels that spans or categories may have, in this order. By default all
            labels that occur.
        certainty: Weight of a single vote against a uniform prior, in (0, 1]; see
            `votes.vote_probabilities`. By default 0.99 for spans and 1 for categories,
            whose probabilities are then the shares of the votes.
        annotator_weights: Weight of each annotator by name; 1 by default.
        tag_names: Names of tags that are numbers ("ner_tags"), in the order of the
            numbers. By default they are read from a file beside the rows.
        task: "ner", "textcat" or "textcat_multilabel". By default spans or categories,
            whichever the file has; categories are exclusive unless a text has several.

    Returns:
        The teacher.

    Raises:
        DistillError: If the file cannot be read or is invalid, or if an option is
            invalid.
    """
    check_task(task)
    path = Path(path)
    has_columns = task not in TEXTCAT and is_column_file(path)
    if path.exists() and not has_columns and annotation_task(path, task) == EXCLUSIVE:
        return CategoryFileTeacher(
            path,
            lang=lang,
            labels=labels,
            certainty=certainty,
            annotator_weights=annotator_weights,
            task=task,
        )
    return AnnotationsTeacher(
        path,
        lang=lang,
        on_invalid=on_invalid,
        labels=labels,
        certainty=certainty,
        annotator_weights=annotator_weights,
        tag_names=tag_names,
    )
