"""Base class of components whose labels may come from a teacher, and may grow."""

import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Dict, Iterable, Iterator, List, Optional, Set, Tuple, Union

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example, validate_examples
from spacy.vocab import Vocab
from thinc.api import Optimizer, set_dropout_rate

from ..docs import LOGITS
from ..errors import DistillError
from ..kernel import get_kernel
from ..optimizers import PipelineRef, repair_optimizer
from .calibration import Calibration
from .storage import Pipe, StoredPipe

OUTPUT_LAYER = "output_layer"
# Low enough to exclude a label. Soft labels are stored as float16, which ends at 65504.
EXCLUDED = -1e4
_NOT_CALIBRATED = (
    "The probabilities of {name!r} are no longer calibrated, since training changes"
    " them. Calibrate the pipeline afterwards: spacy-distill calibrate."
)


class LabelledPipe(StoredPipe):
    """A component that predicts labels, and learns them from gold or from a teacher.

    A subclass sets `cfg` with "labels", "untrained" and "calibration", and implements
    `_learn`, `_resize`, `_gold_labels` and `_read_calibration`. Its model has a linear
    layer at the reference `output_layer`.

    Attributes:
        cfg: What is saved beside the model. "untrained" are labels added to a trained
            model that have not been in any update.
        pipeline: Returns the pipeline that the component was created for, if any.
    """

    cfg: Dict[str, Any]
    pipeline: PipelineRef

    @property
    def labels(self) -> Tuple[str, ...]:
        """The labels, in the order that the model has them in."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> List[str]:
        """Labels as `initialize` takes them, for `spacy init labels`."""
        return list(self.cfg["labels"])

    @property
    def calibration(self) -> Optional[Calibration]:
        """The calibration of the probabilities; None for none. Training ends it."""
        return self._read_calibration(self.cfg.get("calibration"))

    @calibration.setter
    def calibration(self, calibration: Optional[Calibration]) -> None:
        self.cfg["calibration"] = None if calibration is None else calibration.to_cfg()

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """Learn from gold annotation and stored teacher logits, where present.

        Documents without tokens are skipped: there is nothing to learn from them.

        Args:
            examples: A batch of Examples.
            drop: Dropout rate.
            sgd: Optimizer; without one, gradients accumulate.
            losses: The loss is added here under the component's name.

        Returns:
            The losses.

        Raises:
            DistillError: If labels or logits do not fit the component, or if the
                model's scores are not finite.
        """
        examples = list(examples)
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        validate_examples(examples, f"{type(self).__name__}.update")
        examples = [eg for eg in examples if len(eg.predicted)]
        if not examples:
            return losses
        if self.calibration is not None:
            warnings.warn(_NOT_CALIBRATED.format(name=self.name), stacklevel=2)
            self.calibration = None
        set_dropout_rate(self.model, drop)
        loss = self._learn(examples)
        if sgd not in (None, False):
            self.finish_update(sgd)
        self._remove_from_untrained(examples)
        losses[self.name] += loss
        return losses

    def add_label(self, label: str) -> int:
        """Add a label after the others; its weights start at zero.

        A model that is trained already does not predict the label until it has learned
        from examples with it. There is a warning that says so.

        Args:
            label: The label.

        Returns:
            0 if the label is known already, else 1.

        Raises:
            DistillError: If the label is not a non-empty string.
        """
        if not self._add_label(label):
            return 0
        if self.model.get_ref(OUTPUT_LAYER).has_param("W") is True:
            self.cfg["untrained"] = [*self.cfg["untrained"], label]
            warnings.warn(
                f"{self.name!r} has the new label {label!r}, but does not predict it"
                " yet: train it on examples that have the label (nlp.update with the"
                " optimizer of nlp.resume_training, or spacy train).",
                stacklevel=2,
            )
        return 1

    def from_bytes(
        self: Pipe, bytes_data: bytes, *, exclude: Iterable[str] = ()
    ) -> Pipe:
        """Load what `to_bytes` returned."""
        with self._loading(exclude):
            return super().from_bytes(bytes_data, exclude=exclude)

    def from_disk(
        self: Pipe, path: Union[str, Path], *, exclude: Iterable[str] = ()
    ) -> Pipe:
        """Load what `to_disk` saved."""
        with self._loading(exclude):
            return super().from_disk(path, exclude=exclude)

    def _learn(self, examples: List[Example]) -> float:
        """Accumulate the gradient of a batch, and return its loss."""
        raise NotImplementedError

    def _resize(self, n_labels: int) -> None:
        """Extend the model to more labels; old ones come first and keep their weights.

        The weights of new labels are zero.
        """
        raise NotImplementedError

    def _gold_labels(self, doc: Doc) -> Set[str]:
        """Return the labels that a gold Doc has an example of."""
        raise NotImplementedError

    def _read_calibration(self, msg: Optional[Dict[str, Any]]) -> Optional[Calibration]:
        """Create the calibration that `to_cfg` returned; None for None."""
        raise NotImplementedError

    @contextmanager
    def _loading(self, exclude: Iterable[str]) -> Iterator[None]:
        # Earlier versions saved neither.
        self.cfg["untrained"] = []
        if "cfg" not in exclude:
            self.calibration = None
        yield
        nlp = self.pipeline()
        if nlp is not None:
            repair_optimizer(nlp)

    def _add_label(self, label: str) -> bool:
        if not isinstance(label, str) or not label:
            raise DistillError(
                f"Expected a label that is a non-empty string, got {label!r}."
            )
        if label in self.labels:
            return False
        self.cfg["labels"] = [*self.cfg["labels"], label]
        # Stored now: a string first seen inside a memory zone is freed with it. There
        # are no such zones before spaCy 3.8.2.
        kept = {"allow_transient": False} if hasattr(Vocab, "memory_zone") else {}
        self.vocab.strings.add(label, **kept)
        self._resize(len(self.labels))
        return True

    def _remove_from_untrained(self, examples: List[Example]) -> None:
        """Remember which labels were in an update."""
        if not self.cfg["untrained"]:
            return
        seen = set().union(*(self._gold_labels(eg.reference) for eg in examples))
        if any(LOGITS in eg.reference.user_data for eg in examples):
            seen.update(self.labels)
        self.cfg["untrained"] = [x for x in self.cfg["untrained"] if x not in seen]

    def _check_finite(self, scores: np.ndarray) -> None:
        kernel = get_kernel()
        if kernel is not None and scores.dtype == np.float32:
            is_finite = kernel.is_finite(np.ascontiguousarray(scores))
        else:
            is_finite = np.isfinite(scores).all()
        if not is_finite:
            raise DistillError(
                f"Expected finite scores from {self.name!r}, got NaN or infinity: "
                "the model is broken; train it again with a lower learning rate."
            )
