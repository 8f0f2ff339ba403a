"""The torch modules of layer losses.

torch is optional, so this file is imported only when a loss is built.

Hidden states are compared on the pieces that are not padding, attention scores on the
pairs of such pieces. Means are over all of them in the batch, so padding changes
neither the loss nor its gradient.
"""

from typing import Dict, Iterator, Optional, Sequence, Tuple

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from ..errors import DistillError
from .layer_states import LayerStates


class AttentionModule(nn.Module):
    """See `layers.attention_loss_v1`.

    Args:
        weight: Factor of the loss.
        layer_map: The teacher layer of each student layer, counted from 1.
        heads_per_head: Teacher heads that are averaged for one head of the student.
    """

    def __init__(
        self, *, weight: float, layer_map: Sequence[int], heads_per_head: int
    ) -> None:
        super().__init__()
        self.weight = weight
        self.layer_map = tuple(layer_map)
        self.heads_per_head = heads_per_head

    def forward(self, student: LayerStates, teacher: LayerStates) -> Tensor:
        """Return the loss, a scalar."""
        mask = _shared_mask(student, teacher)
        if not student.attention or not teacher.attention:
            raise DistillError(
                "Expected states with attention scores, got none: read them with"
                " attention=True."
            )
        # [n_seqs, 1, n_pieces, n_pieces]
        pairs = (mask[:, :, None] & mask[:, None, :])[:, None]
        losses = []
        for own, number in zip(student.attention, self.layer_map):
            heads = teacher.attention[number - 1].detach()
            heads = heads.unflatten(1, (-1, self.heads_per_head)).mean(dim=2)
            squares = (own - heads).masked_fill(~pairs, 0.0).square()
            n_scores = (pairs.sum() * squares.shape[1]).clamp(min=1)
            losses.append(squares.sum() / n_scores)
        return self.weight * torch.stack(losses).mean()


class HiddenModule(nn.Module):
    """See `layers.hidden_loss_v1`.

    Args:
        weight: Factor of the loss.
        layer_map: The teacher layer of each student layer, counted from 1.
        widths: Width of the student and of the teacher.
        embeddings: Compare the outputs of the embeddings, too.
    """

    def __init__(
        self,
        *,
        weight: float,
        layer_map: Sequence[int],
        widths: Tuple[int, int],
        embeddings: bool,
    ) -> None:
        super().__init__()
        self.weight = weight
        self.layer_map = tuple(layer_map)
        self.projection = _make_projection(*widths)
        self.embedding_projection = _make_projection(*widths) if embeddings else None

    def forward(self, student: LayerStates, teacher: LayerStates) -> Tensor:
        """Return the loss, a scalar."""
        losses = [
            _mean((self.projection(own) - target).square())
            for own, target in _layers(student, teacher, self.layer_map)
        ]
        if self.embedding_projection is not None:
            own, target = _real_pieces(student, teacher, 0, 0)
            difference = self.embedding_projection(own) - target
            losses.append(_mean(difference.square()))
        return self.weight * torch.stack(losses).mean()


class PatientModule(nn.Module):
    """See `layers.patient_loss_v1`.

    Args:
        weight: Factor of the loss.
        layer_map: The teacher layer of each student layer but the last.
        widths: Width of the student and of the teacher.
        first: Compare the first piece of each sequence only.
    """

    def __init__(
        self,
        *,
        weight: float,
        layer_map: Sequence[int],
        widths: Tuple[int, int],
        first: bool,
    ) -> None:
        super().__init__()
        self.weight = weight
        self.layer_map = tuple(layer_map)
        self.projection = _make_projection_if_needed(*widths)
        self.first = first

    def forward(self, student: LayerStates, teacher: LayerStates) -> Tensor:
        """Return the loss, a scalar."""
        if self.first:
            mask = _shared_mask(student, teacher)
            # The first piece that is not padding, on whichever side padding is.
            mask = mask & (mask.cumsum(dim=1) == 1)
            student, teacher = (s._replace(mask=mask) for s in (student, teacher))
        losses = []
        for own, target in _layers(student, teacher, self.layer_map):
            difference = F.normalize(self.projection(own), dim=-1) - F.normalize(
                target, dim=-1
            )
            losses.append(_mean(difference.square().sum(dim=-1)))
        return self.weight * torch.stack(losses).mean()


class CosineModule(nn.Module):
    """See `layers.cosine_loss_v1`.

    Args:
        weight: Factor of the loss.
        widths: Width of the student and of the teacher.
    """

    def __init__(self, *, weight: float, widths: Tuple[int, int]) -> None:
        super().__init__()
        self.weight = weight
        self.projection = _make_projection_if_needed(*widths)

    def forward(self, student: LayerStates, teacher: LayerStates) -> Tensor:
        """Return the loss, a scalar."""
        own, target = _real_pieces(student, teacher, -1, -1)
        cosines = F.cosine_similarity(self.projection(own), target, dim=-1)
        return self.weight * _mean(1.0 - cosines)


class SumModule(nn.Module):
    """See `layers.layer_losses_v1`.

    Args:
        losses: The module of each loss, by name.
    """

    def __init__(self, losses: Dict[str, nn.Module]) -> None:
        super().__init__()
        self.names = tuple(losses)
        # Not a ModuleDict: names such as "keys" or "type" are errors there.
        self.losses = nn.ModuleList(losses.values())
        self._last: Optional[Tensor] = None

    def forward(self, student: LayerStates, teacher: LayerStates) -> Tensor:
        """Return the sum, a scalar."""
        losses = torch.stack([loss(student, teacher) for loss in self.losses])
        self._last = losses.detach()
        return losses.sum()

    @property
    def parts(self) -> Dict[str, float]:
        """The losses of the last forward pass by name, weighted; empty before it.

        Reading it waits for the device, the forward pass does not.
        """
        values = [] if self._last is None else self._last.tolist()
        return dict(zip(self.names, values))


def _shared_mask(student: LayerStates, teacher: LayerStates) -> Tensor:
    """Check that both have the same pieces, and return their mask."""
    if not torch.equal(student.mask, teacher.mask):
        raise DistillError(
            "Expected states of the same word pieces, got"
            f" {_describe(student)} of the student and {_describe(teacher)} of the"
            " teacher: use one tokenizer for both."
        )
    return student.mask


def _describe(states: LayerStates) -> str:
    return f"{int(states.mask.sum())} pieces in {tuple(states.mask.shape)}"


def _real_pieces(
    student: LayerStates, teacher: LayerStates, own: int, target: int
) -> Tuple[Tensor, Tensor]:
    """Hidden states of one layer each without padding, [n_real, width]."""
    mask = _shared_mask(student, teacher)
    return student.hidden[own][mask], teacher.hidden[target][mask].detach()


def _layers(
    student: LayerStates, teacher: LayerStates, layer_map: Sequence[int]
) -> Iterator[Tuple[Tensor, Tensor]]:
    for own, target in enumerate(layer_map, start=1):
        yield _real_pieces(student, teacher, own, target)


def _mean(values: Tensor) -> Tensor:
    """The mean, or 0 of nothing: a batch may be empty."""
    return values.sum() / max(values.numel(), 1)


def _make_projection(own: int, target: int) -> nn.Linear:
    """The learned matrix W [own, target], without a bias as in the equations."""
    projection = nn.Linear(own, target, bias=False)
    if own == target:
        # A student that starts from the teacher's layers starts near its states.
        nn.init.eye_(projection.weight)
    return projection


def _make_projection_if_needed(own: int, target: int) -> nn.Module:
    return nn.Identity() if own == target else _make_projection(own, target)
