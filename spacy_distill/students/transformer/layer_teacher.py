"""A teacher's layers in the training of a transformer student."""

from typing import Any, Dict, Iterator, List, NamedTuple, Optional, Union

import numpy as np

from ...errors import DistillError
from ...losses.layer_states import LayerLoss
from ...losses.weight import Weight
from ..lexicon.interaction import WORD_IDS, check_reads_alone
from .module import check_length, n_positions
from .reading import Batch
from .source import Encoder
from .states import encoder_shape, read_states


class Compared(NamedTuple):
    """A batch that both encoders have read.

    Attributes:
        output: The student's hidden states of the last layer, float [n_windows, length,
            width].
        loss: The weighted layer losses, a scalar tensor.
    """

    output: Any
    loss: Any


class LayerTeacher:
    """Compares a student's layers with those of a teacher that reads the same pieces.

    Args:
        teacher: The teacher.
        student: The student's module.
        tokenizer: The student's `tokenizers.Tokenizer`. Its pieces must be the
            teacher's, but not all of them.
        is_case_aware: Whether the student has word shapes as `token_type_ids`.
        loss: The layer losses.
        theta: Their weight, or an endless schedule of weights.
        bfloat16: Whether the teacher multiplies matrices in bfloat16.

    Raises:
        DistillError: If the teacher cannot read what the student reads, or if the loss
            cannot compare them.

    Attributes:
        module: The torch module of the losses, whose parameters are learned.
        theta: Their weight.
    """

    def __init__(
        self,
        teacher: Encoder,
        student: Any,
        *,
        tokenizer: Any,
        is_case_aware: bool,
        loss: LayerLoss,
        theta: Union[float, Iterator[float]],
        bfloat16: bool = False,
    ) -> None:
        import torch

        check_reads_alone(teacher.model)
        self._piece_ids = torch.from_numpy(_map_pieces(tokenizer, teacher.tokenizer))
        if teacher.is_case_aware and not is_case_aware:
            raise DistillError(
                "Expected a student that is shown capitals, as its teacher is, got one"
                " that is not: set case = true in [components]."
            )
        check_length(
            teacher.model.config, n_positions(student.config), source="the teacher"
        )
        self._teacher = teacher
        self.theta = Weight(theta)
        self._bfloat16 = bfloat16
        self._needs_attention = loss.needs_attention
        self.module = loss.build(encoder_shape(student), encoder_shape(teacher.model))

    def next_theta(self) -> float:
        """Return the weight of the layer losses in the next update.

        Raises:
            DistillError: If it is not in [0, 1].
        """
        theta = self.theta.take()
        if theta is None or not 0.0 <= theta <= 1.0:
            raise DistillError(
                f"Expected theta in [0, 1] at every update, got {theta}: change it in"
                " [initialize.after_init]."
            )
        return float(theta)

    def compare(self, student: Any, batch: Batch, weight: float) -> Compared:
        """Let both encoders read a batch, and compare their layers.

        Args:
            student: The student's module.
            batch: The batch.
            weight: Factor of the loss.
        """
        import torch

        device = next(student.parameters()).device
        self._teacher.model.to(device)
        self.module.to(device)
        own = {
            name: torch.from_numpy(array).to(device)
            for name, array in batch.inputs.items()
        }
        inputs = {**own, "input_ids": self._piece_ids.to(device)[own["input_ids"]]}
        inputs.pop(WORD_IDS, None)
        if not self._teacher.is_case_aware:
            del inputs["token_type_ids"]
        autocast = torch.autocast(
            device.type, dtype=torch.bfloat16, enabled=self._bfloat16
        )
        with torch.no_grad(), autocast:
            target = read_states(
                self._teacher.model, inputs, attention=self._needs_attention
            )
        states = read_states(student, own, attention=self._needs_attention)
        return Compared(states.hidden[-1], weight * self.module(states, target))


def _map_pieces(student: Any, teacher: Any) -> np.ndarray:
    """Return the teacher's id of each of the student's pieces, int64 [n_pieces]."""
    vocab: Dict[str, int] = teacher.get_vocab(with_added_tokens=True)
    own: Dict[str, int] = student.get_vocab(with_added_tokens=True)
    unknown: List[str] = [piece for piece in own if piece not in vocab]
    if unknown or _normalize(student) != _normalize(teacher):
        named = f", which lacks {unknown[0]!r}" if unknown else ""
        raise DistillError(
            "Expected a teacher with the student's tokenizer, got another"
            f" one{named}: start the student from this teacher, or from an encoder that"
            " was distilled from it."
        )
    out = np.zeros(1 + max(own.values(), default=-1), dtype=np.int64)
    for piece, id_ in own.items():
        out[id_] = vocab[piece]
    return out


def _normalize(tokenizer: Any) -> Optional[str]:
    normalizer = tokenizer.normalizer
    return None if normalizer is None else normalizer.normalize_str("Ab É ﬁ")
