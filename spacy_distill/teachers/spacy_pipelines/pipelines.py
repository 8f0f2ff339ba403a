"""Any spaCy pipeline as teacher: which component teaches, and through which adapter."""

from typing import Callable, Dict, Optional, Sequence

from spacy.language import Language
from spacy.util import registry

from ...docs import load_pipeline
from ...errors import DistillError
from ...hub import shown_name
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
            "Expected a component that recognizes entities in the teacher (one of the"
            f" factories {', '.join(known)}), found none: {listing}."
        )
    trained = [n for n in fitting if nlp.get_pipe_meta(n).factory not in RULERS]
    if len(fitting) > 1 and trained != fitting[-1:]:
        raise DistillError(
            "Expected one component that recognizes entities in the teacher, found"
            f" several, {', '.join(fitting)}: name one with --component, or in a config"
            " with `component`."
        )
    return fitting[-1]


def _compact_ner(nlp: Language, component: str, *, name: str) -> Teacher:
    from .component import CompactNERTeacher

    return CompactNERTeacher(nlp, component, name=name)


def _transition(nlp: Language, component: str, *, name: str) -> Teacher:
    from .transition import TransitionTeacher

    return TransitionTeacher(nlp, component, name=name)


def _spancat(nlp: Language, component: str, *, name: str) -> Teacher:
    from .span_teachers import SpanCatTeacher

    return SpanCatTeacher(nlp, component, name=name)


def _ruler(nlp: Language, component: str, *, name: str) -> Teacher:
    from .span_teachers import RulerTeacher

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


@registry.misc("spacy_distill.SpanTeacher.v1")
def span_teacher_v1(
    name: str,
    component: Optional[str] = None,
    certainty: Optional[float] = None,
) -> Teacher:
    """A pipeline's `spancat`, `entity_ruler` or `span_ruler` as teacher.

    name: an installed package or a folder, as for `spacy.load`.
    component: name of the component; by default the only one.
    certainty: how sure a ruler's spans are; see `RulerTeacher`. A spancat has scores.

    Raises DistillError if the pipeline cannot be loaded, if it has no such component,
        for a certainty with a spancat, and as `SpanCatTeacher` and `RulerTeacher` do.
    """
    from .span_teachers import RulerTeacher, SpanCatTeacher

    nlp = load_pipeline(name)
    chosen = choose_component(nlp, component, factories=[*SPANCATS, *RULERS])
    shown = shown_name(name)
    if nlp.get_pipe_meta(chosen).factory in RULERS:
        return RulerTeacher(nlp, chosen, name=shown, certainty=certainty)
    if certainty is not None:
        raise DistillError(
            f"Expected no certainty for {chosen!r}, whose spans have scores, got"
            f" {certainty}: leave it out."
        )
    return SpanCatTeacher(nlp, chosen, name=shown)


@registry.misc("spacy_distill.TransitionTeacher.v1")
def transition_teacher_v1(
    name: str,
    component: Optional[str] = None,
    all_paths: bool = True,
    density: float = 1e-4,
) -> Teacher:
    """A pipeline's transition-based `ner` as teacher.

    name: an installed package or a folder, as for `spacy.load`.
    component: name of the `ner` or `beam_ner`; by default the only one.
    all_paths, density: see `TransitionTeacher`.

    Raises DistillError if the pipeline cannot be loaded, if it has no such component,
        and as `TransitionTeacher` does.
    """
    from .transition import TransitionTeacher

    nlp = load_pipeline(name)
    chosen = choose_component(nlp, component, factories=TRANSITION_BASED)
    return TransitionTeacher(
        nlp, chosen, name=shown_name(name), all_paths=all_paths, density=density
    )
