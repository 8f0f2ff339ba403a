"""Optimizers of saved pipelines: a schedule and a repair, so that they can be updated.

`nlp.update`, `nlp.resume_training`, `nlp.create_optimizer` and `nlp.initialize` resolve
[training.optimizer] without the rest of the config, so that variables of other sections
stay text there.
"""

import weakref
from typing import Any, Callable, Iterable, Optional, Tuple, Union

from spacy.language import Language
from spacy.util import registry
from thinc.api import constant, warmup_linear

from .errors import DistillError

_SCHEDULE = "spacy_distill.warmup_linear.v1"
_THINC_SCHEDULE = "warmup_linear.v1"


@registry.schedules(_SCHEDULE)
def warmup_linear_v1(
    initial_rate: float, warmup_steps: int, total_steps: Union[int, str]
) -> Iterable[float]:
    """Create Thinc's `warmup_linear.v1`, or a constant rate outside of `spacy train`.

    In `spacy train` the learning rate rises in a straight line for `warmup_steps` steps
    and falls to 0 at `total_steps`. In a loop of `nlp.update` the number of steps is
    unknown, and a rate that rises from 0 with each `optimizer.step_schedules()` would
    teach nothing where nobody calls that. So the rate is then `initial_rate`.

    Args:
        initial_rate: The highest rate.
        warmup_steps: Steps until the rate is highest.
        total_steps: Steps in all. A variable, such as ${training.max_steps}, that was
            not filled in means that the section was resolved outside of `spacy train`.

    Returns:
        An endless series of rates.

    Raises:
        DistillError: If `total_steps` is text that is no variable.
    """
    if not isinstance(total_steps, str):
        return warmup_linear(initial_rate, warmup_steps, total_steps)
    if not _has_variable(total_steps):
        raise DistillError(
            f"Expected a number as total_steps, got {total_steps!r}: set [training]"
            " max_steps to a number."
        )
    return constant(initial_rate)


def repair_optimizer(nlp: Language) -> None:
    """Rewrite [training.optimizer] of a pipeline so that it resolves by itself.

    Configs of version 0.1.0 have Thinc's schedule there, with a variable as
    `total_steps`. It becomes `spacy_distill.warmup_linear.v1`, which takes variables
    and gives the same rates in `spacy train`. Other variables are replaced by their
    values.

    Args:
        nlp: The pipeline, whose config is changed in place if necessary.
    """
    config = nlp.config
    training = config.get("training", {})
    if _resolves(training.get("optimizer")):
        return
    filled = config.interpolate()["training"]["optimizer"]
    training["optimizer"] = _repaired(training["optimizer"], filled)


def without_own_schedules(section: Any) -> Any:
    """Return [training.optimizer] with constant rates in place of this package's.

    Args:
        section: The section, or a part of it.
    """
    if not isinstance(section, dict):
        return section
    if section.get("@schedules") == _SCHEDULE:
        return section["initial_rate"]
    return {name: without_own_schedules(value) for name, value in section.items()}


class PipelineRef:
    """Weak reference to the pipeline that a component belongs to.

    A copied or pickled component belongs to none.

    Args:
        nlp: The pipeline.
    """

    def __init__(self, nlp: Optional[Language] = None) -> None:
        self._ref: Callable[[], Optional[Language]] = lambda: None
        if nlp is not None:
            self._ref = weakref.ref(nlp)

    def __call__(self) -> Optional[Language]:
        """Return the pipeline; None if it is gone."""
        return self._ref()

    def __reduce__(self) -> Tuple[Any, ...]:
        return PipelineRef, ()


def _has_variable(value: Any) -> bool:
    return "${" in str(value)


def _resolves(section: Any) -> bool:
    """Return whether all values are known without other sections."""
    if not isinstance(section, dict):
        return not _has_variable(section)
    takes_variables = section.get("@schedules") == _SCHEDULE
    return all(
        _resolves(value) or (takes_variables and name == "total_steps")
        for name, value in section.items()
    )


def _repaired(section: Any, filled: Any) -> Any:
    if not isinstance(section, dict):
        return filled
    out = {name: _repaired(section[name], filled[name]) for name in section}
    if section.get("@schedules") in (_SCHEDULE, _THINC_SCHEDULE):
        total = section.get("total_steps")
        if _has_variable(total):
            out.update({"@schedules": _SCHEDULE, "total_steps": total})
    return out
