"""The classes of layer losses: they build a torch module for two encoders.

The modules are in `layer_modules.py`, which is imported only then: torch is optional.
"""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Dict, List, Optional, Tuple

from ..errors import DistillError
from .layer_map import check_layer_map, mean_layer_map
from .layer_states import EncoderShape, LayerLoss

if TYPE_CHECKING:
    from torch import nn


@dataclass(frozen=True)
class AttentionLoss:
    """The MSE of attention scores; see `layers.attention_loss_v1`.

    Args:
        weight: Factor of the loss.
        layer_map: The teacher layer of each student layer, or None.
    """

    weight: float
    layer_map: Optional[List[int]]
    needs_attention = True

    def build(self, student: EncoderShape, teacher: EncoderShape) -> "nn.Module":
        """Create the module; see `LayerLoss`."""
        from .layer_modules import AttentionModule

        layer_map = _find_layer_map(self.layer_map, student, teacher)
        if teacher.heads % student.heads:
            raise DistillError(
                "Expected a teacher whose number of attention heads is a multiple of"
                f" the student's {student.heads}, got {teacher.heads}: change the"
                " student's heads, or leave out AttentionLoss."
            )
        return AttentionModule(
            weight=self.weight,
            layer_map=layer_map,
            heads_per_head=teacher.heads // student.heads,
        )


@dataclass(frozen=True)
class HiddenLoss:
    """The MSE of projected hidden states; see `layers.hidden_loss_v1`.

    Args:
        weight: Factor of the loss.
        layer_map: The teacher layer of each student layer, or None.
        embeddings: Compare the outputs of the embeddings, too.
    """

    weight: float
    layer_map: Optional[List[int]]
    embeddings: bool
    needs_attention = False

    def build(self, student: EncoderShape, teacher: EncoderShape) -> "nn.Module":
        """Create the module; see `LayerLoss`."""
        from .layer_modules import HiddenModule

        return HiddenModule(
            weight=self.weight,
            layer_map=_find_layer_map(self.layer_map, student, teacher),
            widths=(student.width, teacher.width),
            embeddings=self.embeddings,
        )


@dataclass(frozen=True)
class PatientLoss:
    """The distance of normalized hidden states; see `layers.patient_loss_v1`.

    Args:
        weight: Factor of the loss.
        layer_map: The teacher layer of each student layer but the last, or None.
        positions: "all" or "first".
    """

    weight: float
    layer_map: Optional[List[int]]
    positions: str
    needs_attention = False

    def build(self, student: EncoderShape, teacher: EncoderShape) -> "nn.Module":
        """Create the module; see `LayerLoss`."""
        from .layer_modules import PatientModule

        if student.layers < 2:
            raise DistillError(
                "Expected a student with at least 2 layers for PatientLoss, which"
                f" leaves out the last, got {student.layers}: use HiddenLoss."
            )
        return PatientModule(
            weight=self.weight,
            layer_map=_find_layer_map(self.layer_map, student, teacher, last=False),
            widths=(student.width, teacher.width),
            first=self.positions == "first",
        )


@dataclass(frozen=True)
class CosineLoss:
    """The cosine distance of the last hidden states; see `layers.cosine_loss_v1`.

    Args:
        weight: Factor of the loss.
    """

    weight: float
    needs_attention = False

    def build(self, student: EncoderShape, teacher: EncoderShape) -> "nn.Module":
        """Create the module; see `LayerLoss`."""
        from .layer_modules import CosineModule

        return CosineModule(weight=self.weight, widths=(student.width, teacher.width))


class LayerLosses:
    """The sum of layer losses; see `layers.layer_losses_v1`.

    Args:
        losses: The losses by name.
    """

    def __init__(self, losses: Dict[str, LayerLoss]) -> None:
        self.losses = dict(losses)
        self.needs_attention = any(loss.needs_attention for loss in losses.values())

    def build(self, student: EncoderShape, teacher: EncoderShape) -> "nn.Module":
        """Create the module; see `LayerLoss`."""
        from .layer_modules import SumModule

        return SumModule(
            {name: loss.build(student, teacher) for name, loss in self.losses.items()}
        )


def _find_layer_map(
    layer_map: Optional[List[int]],
    student: EncoderShape,
    teacher: EncoderShape,
    *,
    last: bool = True,
) -> Tuple[int, ...]:
    """The explicit or the mean map, with or without the last student layer."""
    n_student = student.layers if last else student.layers - 1
    if layer_map is None:
        return mean_layer_map(student.layers, teacher.layers)[:n_student]
    return check_layer_map(layer_map, n_student=n_student, n_teacher=teacher.layers)
