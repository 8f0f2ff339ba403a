"""Layer losses: a student's attention and hidden states against its teacher's.

H^S_j and H^T_g(j) are hidden states, float [n_pieces, width], of student layer j and of
the teacher layer that the layer map g has for it. Layers are counted from 1. Padding is
left out, and means are over the batch.
"""

import math
from typing import Any, Dict, List, Optional

from spacy.util import registry

from ..errors import DistillError
from .layer_builders import (
    AttentionLoss,
    CosineLoss,
    HiddenLoss,
    LayerLosses,
    PatientLoss,
)
from .layer_states import LayerLoss

_POSITIONS = ("all", "first")


@registry.misc("spacy_distill.AttentionLoss.v1")
def attention_loss_v1(
    weight: float = 1.0, layer_map: Optional[List[int]] = None
) -> LayerLoss:
    """Create L = weight * mean over layers j and heads i of MSE(A^S_ij, A^T_ig(j)).

    Ye & Hernandez 2023, eq. 17; TinyBERT (Jiao et al. 2020), eq. 7. A = Q K^T /
    sqrt(d_head) are the scores before the softmax, float [n_pieces, n_pieces]. The
    papers add layers up; the mean makes the weight independent of their number.

    If the teacher has k times as many heads as the student, its scores are averaged
    over groups of k consecutive heads.

    Args:
        weight: Factor of the loss.
        layer_map: The teacher layer of each student layer; by default the mean map.

    Returns:
        The loss.

    Raises:
        DistillError: If the weight is out of range.
    """
    _check_weight(weight)
    return AttentionLoss(weight=weight, layer_map=layer_map)


@registry.misc("spacy_distill.HiddenLoss.v1")
def hidden_loss_v1(
    weight: float = 1.0,
    layer_map: Optional[List[int]] = None,
    embeddings: bool = True,
) -> LayerLoss:
    """Create L = weight * mean over layers j of MSE(H^S_j W_h, H^T_g(j)).

    Ye & Hernandez 2023, eq. 18; TinyBERT (Jiao et al. 2020), eq. 8. W_h, [width of the
    student, width of the teacher], is learned. As in the equations, all layers share
    one W_h, and it has no bias. If the widths are equal, it starts as the identity.

    Args:
        weight: Factor of the loss.
        layer_map: The teacher layer of each student layer; by default the mean map.
        embeddings: Add MSE(E^S W_e, E^T) of the outputs of the embeddings to the mean,
            as one more layer with its own W_e (TinyBERT, eq. 9).

    Returns:
        The loss.

    Raises:
        DistillError: If the weight is out of range.
    """
    _check_weight(weight)
    return HiddenLoss(weight=weight, layer_map=layer_map, embeddings=embeddings)


@registry.misc("spacy_distill.PatientLoss.v1")
def patient_loss_v1(
    weight: float = 1.0,
    layer_map: Optional[List[int]] = None,
    positions: str = "all",
) -> LayerLoss:
    """Create L = weight * mean over j, pieces of |h^S_j / |h^S_j| - h^T / |h^T||^2.

    BERT-PKD (Sun et al. 2019), eq. 7, where j is any student layer but the last, and
    h^T = h^T_g(j). A term is between 0 and 4, whatever the width is. The paper adds up
    layers and sequences instead.

    The paper's student is as wide as its teacher. For another width, h^S W takes the
    place of h^S, with one learned W for all layers, as in `HiddenLoss.v1`.

    Args:
        weight: Factor of the loss.
        layer_map: The teacher layer of each student layer but the last; by default the
            mean map, which is PKD-Skip (2, 4, 6, 8, 10 for 6 of 12 layers). PKD-Last is
            7, 8, 9, 10, 11.
        positions: "all" pieces, for tagging, or the "first" one, [CLS], as in the
            paper.

    Returns:
        The loss.

    Raises:
        DistillError: If the weight is out of range, or if positions is neither.
    """
    _check_weight(weight)
    if positions not in _POSITIONS:
        raise DistillError(
            f"Expected positions out of {', '.join(_POSITIONS)}, got {positions!r}:"
            " change the layer loss."
        )
    return PatientLoss(weight=weight, layer_map=layer_map, positions=positions)


@registry.misc("spacy_distill.CosineLoss.v1")
def cosine_loss_v1(weight: float = 1.0) -> LayerLoss:
    """Create L = weight * mean over pieces of 1 - cos(h^S, h^T), of the last layers.

    L_cos of DistilBERT (Sanh et al. 2019), section 2. For a student of another width
    than its teacher, h^S W takes the place of h^S, with a learned W.

    Args:
        weight: Factor of the loss.

    Returns:
        The loss.

    Raises:
        DistillError: If the weight is out of range.
    """
    _check_weight(weight)
    return CosineLoss(weight=weight)


@registry.misc("spacy_distill.LayerLosses.v1")
def layer_losses_v1(
    # Not Dict[str, LayerLoss]: confection checks the values before it builds them.
    losses: Dict[str, Any],
) -> LayerLoss:
    """Create the sum of layer losses, each with its own weight.

    Ye & Hernandez 2023, eq. 15, the sum over layer losses. Its module has the losses of
    the last forward pass as `parts`, numbers by name.

    Args:
        losses: The layer losses by name.

    Returns:
        The loss.

    Raises:
        DistillError: If there are none, or if one is something else.
    """
    if not losses:
        raise DistillError("Expected at least one layer loss, got none: add one.")
    for name, loss in losses.items():
        if not isinstance(loss, LayerLoss):
            raise DistillError(
                f"Expected a layer loss as {name!r}, got {type(loss).__name__}: use a"
                " registered one such as spacy_distill.HiddenLoss.v1."
            )
    return LayerLosses(losses)


def _check_weight(weight: float) -> None:
    if not 0.0 <= weight < math.inf:
        raise DistillError(
            f"Expected a finite weight of at least 0, got {weight}: change the layer"
            " loss."
        )
