"""The contract between a token classifier and what it learns from."""

from dataclasses import dataclass, field
from typing import Dict, Optional, Protocol, Sequence, runtime_checkable

import numpy as np

from ..tasks.ner.lattice.transitions import Transitions
from ..tasks.ner.tags import TagGrammar


@dataclass
class Prediction:
    """What the model put out for a batch, sentences one after the other.

    logits: float32 [n_tokens, n_tags]. lengths: tokens of each Doc.
    grammar: the tags' BILUO constraints.
    transitions: grammar-constrained scores of a CRF; None for a softmax.
    """

    logits: np.ndarray
    lengths: Sequence[int]
    grammar: TagGrammar
    transitions: Optional[Transitions] = None


@dataclass
class Targets:
    """What the batch should have been, aligned with `Prediction.logits`.

    gold: int64 [n_tokens], the tag's column, or -1 where there is no annotation.
    teacher: float32 [n_tokens, n_tags], the teacher's logits; rows without any are 0.
    has_teacher: bool [n_tokens].
    """

    gold: np.ndarray
    teacher: np.ndarray
    has_teacher: np.ndarray


@dataclass
class LossResult:
    """The loss, its parts by name, and its derivatives.

    d_logits: float32 [n_tokens, n_tags]. d_transitions: None for a softmax.
    """

    loss: float
    d_logits: np.ndarray
    d_transitions: Optional[Transitions] = None
    parts: Dict[str, float] = field(default_factory=dict)


@runtime_checkable
class Loss(Protocol):
    """Anything that the `loss` block of a `compact_ner` may name."""

    def __call__(self, prediction: Prediction, targets: Targets) -> LossResult:
        """Compare a batch with its targets. Called once an update."""
        ...
