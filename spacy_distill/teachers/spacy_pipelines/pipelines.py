"""Create teachers from spaCy pipelines: choose the component and its teacher class."""

from typing import Callable, Dict, Optional, Sequence

from spacy.language import Language
from spacy.util import registry

from ...docs import load_pipeline
from ...errors import DistillError
from ...hub import shown_name
from ..base import Teacher
from .component import CompactNERTeacher
from .span_teachers import RulerTeacher, SpanCatTeacher
from .textcat import CompactTextCatTeacher, TextCatTeacher
from .transition import TransitionTeacher

TRANSITION_BASED = ("ner", "beam_ner")
SPANCATS = ("spancat", "spancat_singlelabel")
TEXTCATS = ("textcat", "textcat_multilabel")
RULERS = ("entity_ruler", "future_entity_ruler", "span_ruler")

# Teacher class by the factory of the component that predicts. Each is called with
# (nlp, component, name=...).
ADAPTERS: Dict[str, Callable[..., Teacher]] = {
    "compact_ner": CompactNERTeacher,
    **dict.fromkeys(TRANSITION_BASED, TransitionTeacher),
    **dict.fromkeys(SPANCATS, SpanCatTeacher),
    **dict.fromkeys(RULERS, RulerTeacher),
    "compact_textcat": CompactTextCatTeacher,
    **dict.fromkeys(TEXTCATS, TextCatTeacher),
}


def choose_component(
    nlp: Language, wanted: Optional[str], *, factories: Optional[Sequence[str]] = None
) -> str:
    """Return the name of the component that predicts.

    Args:
        nlp: The pipeline.
        wanted: Name of the component; None for the only suitable one. Rulers are not
            counted if one trained component follows them.
        factories: Factories of suitable components; by default all in `ADAPTERS`.

    Returns:
        Name of the component.

    Raises:
        DistillError: If the wanted component is not suitable, or if none or several
            are.
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
            "Expected a component that recognizes entities or classifies texts in the"
            f" teacher (one of the factories {', '.join(known)}), found none:"
            f" {listing}."
        )
    trained = [n for n in fitting if nlp.get_pipe_meta(n).factory not in RULERS]
    if len(fitting) > 1 and trained != fitting[-1:]:
        raise DistillError(
            "Expected one component that recognizes entities or classifies texts in the"
            f" teacher, found several, {', '.join(fitting)}: name one with --component,"
            " or in a config with `component`."
        )
    return fitting[-1]


def teacher_of_pipeline(
    nlp: Language, component: Optional[str] = None, *, name: Optional[str] = None
) -> Teacher:
    """Create a teacher from a loaded pipeline.

    Args:
        nlp: The pipeline.
        component: Name of the component that predicts; by default the only suitable
            one. Its factory determines the class of the teacher.
        name: Name for display; by default the pipeline's own.

    Returns:
        The teacher.

    Raises:
        DistillError: If the pipeline has no such component.
    """
    chosen = choose_component(nlp, component)
    factory = nlp.get_pipe_meta(chosen).factory
    return ADAPTERS[factory](nlp, chosen, name=name)


@registry.misc("spacy_distill.PipelineTeacher.v1")
def pipeline_teacher_v1(name: str, component: Optional[str] = None) -> Teacher:
    """Create a teacher from a spaCy pipeline.

    Args:
        name: Installed package or folder, as for `spacy.load`.
        component: Name of the component that predicts; by default the only suitable
            one. Its factory determines the class of the teacher.

    Returns:
        The teacher.

    Raises:
        DistillError: If the pipeline cannot be loaded or has no such component.
    """
    return teacher_of_pipeline(load_pipeline(name), component, name=shown_name(name))


@registry.misc("spacy_distill.SpanTeacher.v1")
def span_teacher_v1(
    name: str,
    component: Optional[str] = None,
    certainty: Optional[float] = None,
) -> Teacher:
    """Create a teacher from a pipeline's `spancat`, `entity_ruler` or `span_ruler`.

    Args:
        name: Installed package or folder, as for `spacy.load`.
        component: Name of the component; by default the only one.
        certainty: Probability of a ruler's spans; see `RulerTeacher`. Not for a
            spancat, which has scores.

    Returns:
        The teacher.

    Raises:
        DistillError: If the pipeline cannot be loaded or has no such component, if the
            component cannot be used as a teacher, or if `certainty` is given with
            a spancat or is out of range.
    """
    nlp = load_pipeline(name)
    chosen = choose_component(nlp, component, factories=[*SPANCATS, *RULERS])
    shown = shown_name(name)
    if nlp.get_pipe_meta(chosen).factory in RULERS:
        return RulerTeacher(nlp, chosen, name=shown, certainty=certainty)
    if certainty is not None:
        raise DistillError(
            f"Expected no certainty for {chosen!r}, whose spans have scores, got"
            f" {certainty}: remove it."
        )
    return SpanCatTeacher(nlp, chosen, name=shown)


@registry.misc("spacy_distill.TransitionTeacher.v1")
def transition_teacher_v1(
    name: str,
    component: Optional[str] = None,
    all_paths: bool = True,
    density: float = 1e-4,
) -> Teacher:
    """Create a teacher from a pipeline's transition-based `ner`.

    Args:
        name: Installed package or folder, as for `spacy.load`.
        component: Name of the `ner` or `beam_ner`; by default the only one.
        all_paths: Whether to sum over all action sequences; see `TransitionTeacher`.
        density: Lowest probability of an open entity, in (0, 1).

    Returns:
        The teacher.

    Raises:
        DistillError: If the pipeline cannot be loaded or has no such component, if the
            component cannot be used as a teacher, or if `density` is out of range.
    """
    nlp = load_pipeline(name)
    chosen = choose_component(nlp, component, factories=TRANSITION_BASED)
    return TransitionTeacher(
        nlp, chosen, name=shown_name(name), all_paths=all_paths, density=density
    )
