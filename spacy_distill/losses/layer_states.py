"""The interface of layer losses: states of two encoders in, a scalar tensor out."""

from typing import TYPE_CHECKING, NamedTuple, Protocol, Tuple, runtime_checkable

if TYPE_CHECKING:
    import torch
    from torch import Tensor


class EncoderShape(NamedTuple):
    """The sizes of a transformer encoder.

    Attributes:
        layers: Number of layers, without the embeddings.
        width: Width of the hidden states.
        heads: Attention heads of each layer.
    """

    layers: int
    width: int
    heads: int


class LayerStates(NamedTuple):
    """What the layers of an encoder computed for a batch.

    Attributes:
        hidden: Hidden states, n_layers + 1 tensors, the output of the embeddings first;
            float [n_seqs, n_pieces, width].
        attention: Attention scores before the softmax and before masking, n_layers
            tensors; float [n_seqs, n_heads, n_pieces, n_pieces]. Empty if they were
            not requested.
        mask: Pieces that are not padding, bool [n_seqs, n_pieces].
    """

    hidden: Tuple["Tensor", ...]
    attention: Tuple["Tensor", ...]
    mask: "Tensor"


@runtime_checkable
class LayerLoss(Protocol):
    """A loss that compares the layers of a student with those of its teacher.

    Attributes:
        needs_attention: Whether the states must have attention scores.
    """

    needs_attention: bool

    def build(self, student: EncoderShape, teacher: EncoderShape) -> "torch.nn.Module":
        """Create the module that computes the loss.

        Args:
            student: Sizes of the student's encoder.
            teacher: Sizes of the teacher's encoder.

        Returns:
            A module with forward(student: LayerStates, teacher: LayerStates), which
            returns the loss as a scalar tensor. Its parameters are learned with the
            student's. No gradient reaches the teacher.

        Raises:
            DistillError: If the loss cannot compare encoders of these sizes.
        """
        ...
