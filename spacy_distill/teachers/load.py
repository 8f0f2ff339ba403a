"""From a name or a path to a teacher."""

from pathlib import Path
from typing import List, Optional, Union

import spacy
from spacy.language import Language

from ..errors import DistillError
from .base import Teacher
from .compact_ner import CompactNERTeacher

FACTORY = "compact_ner"


def load_teacher(
    name_or_path: Union[str, Path], *, component: Optional[str] = None
) -> Teacher:
    """Load a pipeline as teacher.

    name_or_path: an installed package or a folder, as for `spacy.load`.
    component: the component that gives the logits; by default the only one that can.

    Raises DistillError if the pipeline cannot be loaded or has no such component.
    """
    try:
        nlp = spacy.load(name_or_path)
    except (OSError, ValueError, ImportError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DistillError(
            f"Could not load the teacher {str(name_or_path)!r}: {reason}"
        ) from error
    package = Path(name_or_path)
    name = package.name if package.exists() else str(name_or_path)
    return CompactNERTeacher(nlp, _component(nlp, component), name=name)


def _component(nlp: Language, wanted: Optional[str]) -> str:
    pipes = [f"{name} ({nlp.get_pipe_meta(name).factory})" for name in nlp.pipe_names]
    listing = f"it has {', '.join(pipes)}" if pipes else "it is empty"
    fitting: List[str] = [
        name for name in nlp.pipe_names if nlp.get_pipe_meta(name).factory == FACTORY
    ]
    if wanted is not None:
        if wanted not in fitting:
            raise DistillError(
                f"Expected a component {wanted!r} of the factory {FACTORY!r} in the"
                f" teacher, but {listing}."
            )
        return wanted
    if len(fitting) != 1:
        several = "several; name one with --component" if fitting else "none"
        raise DistillError(
            f"Expected a component of the factory {FACTORY!r} in the teacher, found"
            f" {several}: {listing}."
        )
    return fitting[0]
