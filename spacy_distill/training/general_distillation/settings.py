"""The config of general distillation."""

from dataclasses import dataclass, fields
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Dict, List, Mapping, Optional, Type, TypeVar

from spacy.util import registry

from ...errors import DistillError
from ...losses.layer_states import LayerLoss
from ...students.transformer.module import Shape
from ..config import config_errors, read_config

STARTS = ("source", "random")


@dataclass(frozen=True)
class EncoderSettings(Shape):
    """Section [encoder]: the student, its sizes and its start.

    Attributes:
        start: "source" copies embeddings and layers of the teacher, whose width, heads
            and feed-forward width must be the student's; "random" copies nothing.
        source_layers: With "source", the teacher's layers to copy, counted from 1;
            null for every k-th one.
    """

    start: str
    source_layers: Optional[List[int]]


@dataclass(frozen=True)
class LoopSettings:
    """Section [training]: the training loop.

    Attributes:
        seed: Determines random weights, dropout and the order of texts.
        batch_size: Windows of word pieces in a batch.
        max_steps: Number of updates.
        checkpoint_frequency: Updates from one checkpoint to the next.
        learn_rate: The highest learning rate of AdamW. It rises from 0 in a straight
            line, and falls to 0 at the end.
        warmup_steps: Updates until it is highest.
        weight_decay: Weight decay of AdamW.
        grad_clip: Largest norm of the gradient.
        bfloat16: Multiply matrices in bfloat16; weights stay float32.
    """

    seed: int
    batch_size: int
    max_steps: int
    checkpoint_frequency: int
    learn_rate: float
    warmup_steps: int
    weight_decay: float
    grad_clip: float
    bfloat16: bool


@dataclass(frozen=True)
class GeneralSettings:
    """A config of general distillation.

    Attributes:
        encoder: The student.
        training: The training loop.
        loss: The layer losses.
        text: The config as text, variables filled in.
    """

    encoder: EncoderSettings
    training: LoopSettings
    loss: LayerLoss
    text: str


def read_settings(path: Path, overrides: Mapping[str, Any]) -> GeneralSettings:
    """Read a config.

    Args:
        path: The config; see `configs/encoder.cfg`.
        overrides: Settings by dotted name.

    Raises:
        DistillError: If a setting is missing, unknown or out of range.
    """
    config = read_config(path, overrides)
    for name in sorted({"encoder", "training", "loss"} - set(config)):
        raise DistillError(
            f"Expected the sections [encoder], [loss] and [training] in {path}, got no"
            f" [{name}]: start from spacy-distill init-config --name encoder."
        )
    encoder = _make(EncoderSettings, config["encoder"], "encoder")
    training = _make(LoopSettings, config["training"], "training")
    _check(encoder, training)
    with config_errors(path):
        loss = registry.resolve({"loss": config["loss"]})["loss"]
    if not isinstance(loss, LayerLoss):
        raise DistillError(
            f"Expected a layer loss in [loss] of {path}, got"
            f" {config['loss'].get('@misc', 'none')}: use spacy_distill.LayerLosses.v1."
        )
    return GeneralSettings(encoder, training, loss, config.to_str())


Section = TypeVar("Section", EncoderSettings, LoopSettings)
_TYPES: Dict[Any, Any] = {
    int: (int, "a whole number"),
    float: ((int, float), "a number"),
    bool: (bool, "true or false"),
    str: (str, "text"),
}


def _make(kind: Type[Section], block: Mapping[str, Any], section: str) -> Section:
    known = {field.name: field.type for field in fields(kind)}
    for name in block:
        if name not in known:
            close = get_close_matches(name, known, n=1)
            raise DistillError(
                f"Expected a setting of [{section}], got {name}, which nothing reads:"
                f" {f'did you mean {close[0]}?' if close else 'leave it out.'}"
            )
    for name, expected in known.items():
        if name not in block:
            raise DistillError(
                f"Expected {name} in [{section}], got none: add it, as in"
                " spacy-distill init-config --name encoder."
            )
        value = block[name]
        if expected in _TYPES:
            types, described = _TYPES[expected]
            fits = isinstance(value, types) and isinstance(value, bool) == (
                expected is bool
            )
        else:
            described = "a list of whole numbers, or null"
            fits = value is None or (
                isinstance(value, list) and all(type(x) is int for x in value)
            )
        if not fits:
            raise DistillError(
                f"Expected {section}.{name} to be {described}, got {value!r}: change"
                " it."
            )
    return kind(**block)


def _check(encoder: EncoderSettings, training: LoopSettings) -> None:
    least = {
        "encoder.layers": (encoder.layers, 1),
        "encoder.width": (encoder.width, 1),
        "encoder.feed_forward_width": (encoder.feed_forward_width, 1),
        "encoder.heads": (encoder.heads, 1),
        # Special tokens, and a piece.
        "encoder.max_length": (encoder.max_length, 3),
        "training.batch_size": (training.batch_size, 1),
        "training.max_steps": (training.max_steps, 1),
        "training.checkpoint_frequency": (training.checkpoint_frequency, 1),
        "training.warmup_steps": (training.warmup_steps, 0),
        "training.weight_decay": (training.weight_decay, 0),
    }
    for name, (value, minimum) in least.items():
        if not value >= minimum:
            raise DistillError(
                f"Expected {name} of at least {minimum}, got {value}: change it."
            )
    for name, number in (
        ("training.learn_rate", training.learn_rate),
        ("training.grad_clip", training.grad_clip),
    ):
        if not 0.0 < number < float("inf"):
            raise DistillError(
                f"Expected a finite {name} above 0, got {number}: change it."
            )
    if encoder.width % encoder.heads:
        raise DistillError(
            f"Expected encoder.width to be a multiple of encoder.heads, got"
            f" {encoder.width} and {encoder.heads}: change one of them."
        )
    if encoder.start not in STARTS:
        raise DistillError(
            f"Expected encoder.start out of {', '.join(STARTS)}, got"
            f" {encoder.start!r}: change it."
        )
    if encoder.start == "random" and encoder.source_layers is not None:
        raise DistillError(
            'Expected encoder.source_layers with start = "source" only, got'
            f" {encoder.source_layers}: leave it out, or change start."
        )
