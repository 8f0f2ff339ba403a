"""How long to train: the one place where steps follow from the amount of data.

The rules are those of docs/few_labels.md.
"""

import math
from dataclasses import dataclass
from typing import Any, Dict, Mapping, Optional

from spacy.language import DEFAULT_CONFIG

# A teacher of few labels makes more errors, and a student that trains long copies them.
FEW_LABELS = 300
FEW_PASSES, PASSES = 9.0, 18.0
TEACHER_PASSES = 20.0
# Least and most steps.
_STUDENT_STEPS, _TEACHER_STEPS = (1_500, 20_000), (400, 2_500)
# A teacher is slow to evaluate.
_STUDENT_EVALUATIONS, _TEACHER_EVALUATIONS = 10, 4
_STUDENT_WARMUP, _TEACHER_WARMUP = 100, 50
# Longer documents, in words, go into smaller batches, with about as many words.
_LONG_DOCUMENT, _USUAL_DOCUMENT = 32, 25
_SMALLEST_BATCH = 4
# Of the default student, forward and backward, on one core of a server processor.
_WORDS_PER_SECOND = 10_000

# Where the numbers go in a config.
_MAX_STEPS = "training.max_steps"
_EVAL_FREQUENCY = "training.eval_frequency"
_WARMUP_STEPS = "training.optimizer.learn_rate.warmup_steps"
_BATCH_SIZE = "training.batcher.size"


@dataclass(frozen=True)
class Amount:
    """How much there is to learn from.

    Attributes:
        gold: Gold documents.
        soft: Soft-labelled documents that are not held out.
        words: Words of all of them.
    """

    gold: int
    soft: int
    words: int

    @property
    def documents(self) -> int:
        """All documents."""
        return self.gold + self.soft


@dataclass(frozen=True)
class Schedule:
    """The schedule of a training.

    Attributes:
        steps: Steps in all.
        passes: Passes over the documents that they make.
        eval_frequency: Steps between evaluations; the last step is evaluated.
        warmup_steps: Steps until the learning rate is highest.
        batch_size: Documents in a batch.
        seconds: Estimated time of training; None if unknown.
    """

    steps: int
    passes: float
    eval_frequency: int
    warmup_steps: int
    batch_size: int
    seconds: Optional[float]

    def settings(self) -> Dict[str, int]:
        """Return the schedule as settings of a config, by dotted name."""
        return {
            _MAX_STEPS: self.steps,
            _EVAL_FREQUENCY: self.eval_frequency,
            _WARMUP_STEPS: self.warmup_steps,
            _BATCH_SIZE: self.batch_size,
        }

    def describe(self) -> str:
        """Describe the schedule in one line."""
        line = (
            f"{self.steps:,} steps of {self.batch_size} documents"
            f" ({self.passes:.1f} passes), evaluated every {self.eval_frequency:,}"
        )
        if self.seconds is None:
            return line
        return f"{line}; about {max(1, round(self.seconds / 60))} min on one core"


def student_schedule(
    amount: Amount,
    *,
    passes: Optional[float],
    batch_size: int,
    is_transformer: bool = False,
) -> Schedule:
    """Return the schedule of a student.

    Args:
        amount: How much there is to learn from.
        passes: Passes over the documents; None for 9 with up to 300 gold documents and
            18 otherwise, but at least 1,500 steps and at most 20,000, or one pass.
        batch_size: Documents in a batch, unless they are long.
        is_transformer: Whether the student is a transformer, the speed of which depends
            on its size, so that the time is not estimated.
    """
    words = amount.words / max(amount.documents, 1)
    if words > _LONG_DOCUMENT:
        batch_size = max(
            min(_SMALLEST_BATCH, batch_size),
            round(batch_size * _USUAL_DOCUMENT / words),
        )
    if passes is None:
        few = 0 < amount.gold <= FEW_LABELS
        rule = FEW_PASSES if few else PASSES
        least, most = _STUDENT_STEPS
        one_pass = amount.documents / batch_size
        steps = min(max(rule * one_pass, least), max(most, one_pass))
    else:
        steps = passes * amount.documents / batch_size
    return _schedule(
        steps,
        amount,
        batch_size,
        _STUDENT_EVALUATIONS,
        _STUDENT_WARMUP,
        words_per_second=None if is_transformer else _WORDS_PER_SECOND,
    )


def teacher_schedule(
    amount: Amount, *, passes: Optional[float], batch_size: int
) -> Schedule:
    """Return the schedule of a transformer that is fine-tuned.

    Args:
        amount: How much there is to learn from.
        passes: Passes over the gold documents; None for 20, but at least 400 steps and
            at most 2,500.
        batch_size: Documents in a batch.
    """
    if passes is None:
        least, most = _TEACHER_STEPS
        steps = TEACHER_PASSES * amount.documents / batch_size
        steps = min(max(steps, least), most)
    else:
        steps = passes * amount.documents / batch_size
    return _schedule(steps, amount, batch_size, _TEACHER_EVALUATIONS, _TEACHER_WARMUP)


def least_passes(documents: int, batch_size: int) -> float:
    """Return the passes of a teacher over documents that a student has labelled.

    Args:
        documents: Number of documents.
        batch_size: Documents in a batch.

    Returns:
        One, or as many as make the least steps of a teacher.
    """
    return max(1.0, _TEACHER_STEPS[0] * batch_size / max(documents, 1))


def _schedule(
    steps: float,
    amount: Amount,
    batch_size: int,
    evaluations: int,
    warmup: int,
    words_per_second: Optional[float] = None,
) -> Schedule:
    every = max(1, math.ceil(steps / evaluations))
    # A multiple, so that the last step is evaluated too.
    whole = every * math.ceil(steps / every)
    passes = whole * batch_size / max(amount.documents, 1)
    seconds = None
    if words_per_second is not None:
        seconds = passes * amount.words / words_per_second
    return Schedule(
        steps=whole,
        passes=passes,
        eval_frequency=every,
        warmup_steps=min(warmup, max(1, whole // 8)),
        batch_size=batch_size,
        seconds=seconds,
    )


def without_overridden(
    settings: Mapping[str, Any], overrides: Mapping[str, Any]
) -> Dict[str, Any]:
    """Return the settings of a schedule that the user did not override.

    If only the number of steps is overridden, the others follow from it.

    Args:
        settings: Settings of a schedule.
        overrides: Settings of the user, both by dotted name.
    """
    out = dict(settings)
    steps = overrides.get(_MAX_STEPS)
    if isinstance(steps, int) and steps > 0:
        evaluations = round(settings[_MAX_STEPS] / settings[_EVAL_FREQUENCY])
        out[_EVAL_FREQUENCY] = _even_frequency(steps, max(evaluations, 1))
        out[_WARMUP_STEPS] = min(settings[_WARMUP_STEPS], max(1, steps // 8))
    return {name: value for name, value in out.items() if name not in overrides}


def evaluation_at_end(training: Mapping[str, Any], documents: int) -> Optional[int]:
    """Return an `eval_frequency` with which the end of a training is evaluated.

    spaCy evaluates the first step, which has learned nothing, and then each
    `eval_frequency` steps. Of a shorter training it would keep the first step.

    Args:
        training: The section [training], with its variables filled in.
        documents: Documents in a pass.

    Returns:
        The frequency; None if the given one will do, or if the end is unknown.
    """
    training = {**DEFAULT_CONFIG["training"], **training}
    # Steps count from 0, and spaCy makes one more than max_steps.
    ends = [training["max_steps"]] if training["max_steps"] else []
    size = training["batcher"].get("size")
    if training["max_epochs"] > 0 and isinstance(size, int):
        ends.append(training["max_epochs"] * math.ceil(documents / size) - 1)
    if not ends or min(ends) >= training["eval_frequency"]:
        return None
    return max(1, min(ends))


def _even_frequency(steps: int, evaluations: int) -> int:
    """Return a frequency of about so many evaluations, the last of them at the end.

    Where no such frequency divides the steps, less than `evaluations` steps follow the
    last one.
    """
    most = math.ceil(steps / evaluations)
    even = (every for every in range(most, most // 2, -1) if steps % every == 0)
    return next(even, max(1, steps // evaluations))
