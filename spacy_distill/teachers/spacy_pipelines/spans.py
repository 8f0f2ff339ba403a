"""Any pipeline that labels spans, by a model or by rules, as teacher."""

from typing import Optional

from spacy.util import registry

from ...errors import DistillError
from ..base import Teacher
from .pipelines import RULERS, SPANCATS, choose_component, load_pipeline, shown_name


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
    from .rulers import RulerTeacher
    from .spancat import SpanCatTeacher

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
