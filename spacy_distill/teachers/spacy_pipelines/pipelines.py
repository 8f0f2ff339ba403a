"""Any spaCy pipeline as teacher: which component teaches, and through which adapter."""

from pathlib import Path
from typing import Callable, Dict, Optional, Sequence, Union

import spacy
from spacy.language import Language
from spacy.util import registry

from ...errors import DistillError
from ..base import Teacher


@registry.misc("spacy_distill.PipelineTeacher.v1")
def pipeline_teacher_v1(name: str, component: Optional[str] = None) -> Teacher:
    """A spaCy pipeline as teacher, through the adapter for its component's factory.

    name: an installed package or a folder, as for `spacy.load`.
    component: the component that gives the logits; by default the only one that can.

    Raises DistillError if the pipeline cannot be loaded or has no such component.
    """
    nlp = load_pipeline(name)
    chosen = choose_component(nlp, component)
    factory = nlp.get_pipe_meta(chosen).factory
    return ADAPTERS[factory](nlp, chosen, name=shown_name(name))


def shown_name(name: str) -> str:
    """Return what people are shown of a pipeline's name: of a path, its last part."""
    package = Path(name)
    return package.name if package.exists() else name


def load_pipeline(name: Union[str, Path]) -> Language:
    """Load an installed pipeline, or one in a folder.

    Raises DistillError if it cannot be loaded.
    """
    try:
        return spacy.load(name)
    except (OSError, ValueError, ImportError, KeyError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise DistillError(
            f"Expected a pipeline, installed or in a folder, at {str(name)!r}: {reason}"
        ) from error


def choose_component(
    nlp: Language, wanted: Optional[str], *, factories: Optional[Sequence[str]] = None
) -> str:
    """Return the component that teaches: the one wanted, or the only one that can.

    A ruler gives way to the one trained component that runs behind it.

    factories: those that can teach; by default all with an adapter.

    Raises DistillError if the one wanted cannot, if none can, or if several can.
    """
    known = sorted(ADAPTERS if factories is None else factories)
    pipes = [f"{name} ({nlp.get_pipe_meta(name).factory})" for name in nlp.pipe_names]
    listing = f"it has {', '.join(pipes)}" if pipes else "it is empty"
    fitting = [
        name for name in nlp.pipe_names if nlp.get_pipe_meta(name).factory in known
    ]
    if wanted is not None:
        if wanted not in fitting:
            raise DistillError(
                f"Expected a component {wanted!r} of one of the factories"
                f" {', '.join(known)} in the teacher, but {listing}."
            )
        return wanted
    if not fitting:
        raise DistillError(
            "Expected a component that recognises entities in the teacher (one of the"
            f" factories {', '.join(known)}), found none: {listing}."
        )
    trained = [n for n in fitting if nlp.get_pipe_meta(n).factory not in RULERS]
    if len(fitting) > 1 and trained != fitting[-1:]:
        raise DistillError(
            "Expected one component that recognises entities in the teacher, found"
            f" several, {', '.join(fitting)}: name one with --component, or in a config"
            " with `component`."
        )
    return fitting[-1]


def _compact_ner(nlp: Language, component: str, *, name: str) -> Teacher:
    from .compact_ner import CompactNERTeacher

    return CompactNERTeacher(nlp, component, name=name)


def _transition(nlp: Language, component: str, *, name: str) -> Teacher:
    from .transition import TransitionTeacher

    return TransitionTeacher(nlp, component, name=name)


def _spancat(nlp: Language, component: str, *, name: str) -> Teacher:
    from .spancat import SpanCatTeacher

    return SpanCatTeacher(nlp, component, name=name)


def _ruler(nlp: Language, component: str, *, name: str) -> Teacher:
    from .rulers import RulerTeacher

    return RulerTeacher(nlp, component, name=name)


TRANSITION_BASED = ("ner", "beam_ner")
SPANCATS = ("spancat", "spancat_singlelabel")
RULERS = ("entity_ruler", "future_entity_ruler", "span_ruler")

# By the factory of the component that gives the logits: (nlp, component, *, name).
ADAPTERS: Dict[str, Callable[..., Teacher]] = {
    "compact_ner": _compact_ner,
    **dict.fromkeys(TRANSITION_BASED, _transition),
    **dict.fromkeys(SPANCATS, _spancat),
    **dict.fromkeys(RULERS, _ruler),
}
