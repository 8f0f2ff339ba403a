"""Any spaCy pipeline as teacher: which component teaches, and through which adapter."""

from pathlib import Path
from typing import Any, Callable, Dict, Optional

import spacy
from spacy.language import Language
from spacy.util import registry

from ..errors import DistillError
from .base import Teacher


@registry.misc("spacy_distill.PipelineTeacher.v1")
def pipeline_teacher_v1(name: str, component: Optional[str] = None) -> Teacher:
    """A spaCy pipeline as teacher, through the adapter for its component's factory.

    name: an installed package or a folder, as for `spacy.load`.
    component: the component that gives the logits; by default the only one that can.

    Raises DistillError if the pipeline cannot be loaded or has no such component.
    """
    nlp = load_pipeline(name)
    package = Path(name)
    shown = package.name if package.exists() else name
    chosen = choose_component(nlp, component)
    factory = nlp.get_pipe_meta(chosen).factory
    return ADAPTERS[factory](nlp, chosen, name=shown)


def load_pipeline(name: str) -> Language:
    """Load a pipeline. Raises DistillError if that does not work."""
    try:
        return spacy.load(name)
    except (OSError, ValueError, ImportError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DistillError(f"Could not load the teacher {name!r}: {reason}") from error


def choose_component(nlp: Language, wanted: Optional[str]) -> str:
    """Return the component that teaches: the one wanted, or the only one that can.

    Raises DistillError if that one cannot, if none can, or if several can.
    """
    pipes = [f"{name} ({nlp.get_pipe_meta(name).factory})" for name in nlp.pipe_names]
    listing = f"it has {', '.join(pipes)}" if pipes else "it is empty"
    fitting = [
        name for name in nlp.pipe_names if nlp.get_pipe_meta(name).factory in ADAPTERS
    ]
    factories = ", ".join(sorted(ADAPTERS))
    if wanted is not None:
        if wanted not in fitting:
            raise DistillError(
                f"Expected a component {wanted!r} of one of the factories {factories} in"
                f" the teacher, but {listing}."
            )
        return wanted
    if len(fitting) != 1:
        several = "several; name one with --component" if fitting else "none"
        raise DistillError(
            f"Expected a component of one of the factories {factories} in the teacher,"
            f" found {several}: {listing}."
        )
    return fitting[0]


def _compact_ner(nlp: Language, component: str, *, name: str) -> Teacher:
    from .compact_ner import CompactNERTeacher

    return CompactNERTeacher(nlp, component, name=name)


# By the factory of the component that gives the logits: (nlp, component, *, name).
ADAPTERS: Dict[str, Callable[..., Any]] = {"compact_ner": _compact_ner}
