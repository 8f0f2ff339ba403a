"""The component `compact_textcat`: a text classifier that learns from a teacher."""

import math
import warnings
from itertools import islice
from pathlib import Path
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Tuple, Union

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model, Optimizer, set_dropout_rate
from thinc.types import Floats2d

from ...docs import LOGITS
from ...errors import DistillError
from ...losses.base import Loss, Targets
from ...losses.distillation import distillation_loss_v1
from ...optimizers import PipelineRef, repair_optimizer
from ..storage import StoredPipe
from .model import resize_output
from .scorer import THRESHOLD, textcat_score
from .targets import check_categories, find_labels, survey
from .task import TextCatTask

# Logit of a category that was added and not trained yet; finite as float16.
_IMPOSSIBLE = -3e4

DEFAULT_CONFIG = """
[model]
@architectures = "spacy_distill.TextClassifier.v1"
pooling = ["mean","max"]
dropout = 0.0
nO = null

[model.tok2vec]
@architectures = "spacy_distill.CharCNNQRNN.v1"

[loss]
@misc = "spacy_distill.DistillationLoss.v1"

[scorer]
@scorers = "spacy_distill.compact_textcat_scorer.v1"
"""


@Language.factory(
    "compact_textcat",
    assigns=["doc.cats"],
    default_config={
        **Config().from_str(DEFAULT_CONFIG),
        "exclusive": True,
        "class_weights": None,
        "storage": "float32",
    },
    default_score_weights={
        "cats_score": 1.0,
        "cats_acc": 0.0,
        "cats_macro_f": 0.0,
        "cats_micro_f": 0.0,
        "cats_ece": None,
    },
)
def make_compact_textcat(
    nlp: Language,
    name: str,
    model: Model[List[Doc], Floats2d],
    loss: Loss,
    exclusive: bool,
    class_weights: Optional[Dict[str, float]],
    scorer: Optional[Callable],
    storage: str,
) -> "CompactTextCat":
    """Create a `compact_textcat`.

    Args:
        nlp: The pipeline.
        name: Name of the component.
        model: Predicts logits [n_docs, n_categories]; see `TextClassifier.v1` and
            `NGramClassifier.v1`.
        loss: The training loss; see `DistillationLoss.v1`.
        exclusive: Whether each document has exactly one category.
        class_weights: Weight of the gold annotation and pseudo labels of each category
            in the loss; 1 for those that are left out. null: all 1.
        scorer: The scoring method.
        storage: Format of saved parameters: "float32", "float16" or "int8". Training
            and prediction compute in float32 with any of them.
    """
    component = CompactTextCat(
        nlp.vocab,
        model,
        name,
        loss=loss,
        exclusive=exclusive,
        class_weights=class_weights,
        scorer=scorer,
        storage=storage,
    )
    component.pipeline = PipelineRef(nlp)
    return component


class CompactTextCat(StoredPipe):
    """Text classification, learned from gold categories and a teacher's logits.

    Args:
        vocab: The shared vocab.
        model: Predicts logits [n_docs, n_categories].
        name: Name of the component.
        loss: The training loss; by default `distillation_loss_v1()`.
        exclusive: Whether each document has exactly one category.
        class_weights: Weight of each category in the loss; see `make_compact_textcat`.
        scorer: The scoring method.
        storage: Format of saved parameters; see `StoredPipe`.

    Attributes:
        pipeline: Returns the pipeline that the component was created for, if any.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], Floats2d],
        name: str = "textcat",
        *,
        loss: Optional[Loss] = None,
        exclusive: bool = True,
        class_weights: Optional[Dict[str, float]] = None,
        scorer: Optional[Callable] = textcat_score,
        storage: str = "float32",
    ) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.loss = loss if loss is not None else distillation_loss_v1()
        self.class_weights = dict(class_weights or {})
        if not all(0.0 <= x < math.inf for x in self.class_weights.values()):
            raise DistillError(
                "Expected finite class weights of 0 or more, got"
                f" {self.class_weights}: change [components.{name}.class_weights]."
            )
        self.scorer = scorer
        self.storage = storage
        self.pipeline = PipelineRef()
        self.cfg: Dict[str, Any] = {
            "labels": [],
            "exclusive": exclusive,
            # Categories added after the initialization that have not been in any
            # update; None before it.
            "untrained": None,
        }
        self._task = TextCatTask((), exclusive=exclusive)

    @property
    def labels(self) -> Tuple[str, ...]:
        """The categories, in the order of the logits' columns."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> List[str]:
        """Categories as `initialize` takes them, for `spacy init labels`."""
        return list(self.cfg["labels"])

    @property
    def exclusive(self) -> bool:
        """Whether each document has exactly one category."""
        return bool(self.cfg["exclusive"])

    @property
    def task(self) -> TextCatTask:
        """The task with the component's categories."""
        task = self._task
        if (task.labels, task.exclusive) != (self.labels, self.exclusive):
            task = self._task = TextCatTask(self.labels, exclusive=self.exclusive)
        return task

    def predict(self, docs: Iterable[Doc]) -> np.ndarray:
        """Predict the probabilities of the categories, without modifying the Docs.

        Returns:
            float32 [n_docs, n_categories].

        Raises:
            DistillError: If the model's scores are not finite.
        """
        logits = self._logits(list(docs))
        self._check_finite(logits)
        probabilities: np.ndarray = np.exp(self.task.log_probabilities(logits))
        return probabilities

    def set_annotations(self, docs: Iterable[Doc], scores: np.ndarray) -> None:
        """Set `doc.cats`. Categories that other components have set are kept.

        Args:
            docs: The Docs to annotate.
            scores: What `predict` returned for them.
        """
        labels = self.labels
        for doc, row in zip(docs, scores.tolist()):
            for label, value in zip(labels, row):
                doc.cats[label] = value

    def get_logits(self, docs: Iterable[Doc]) -> List[np.ndarray]:
        """Return the logits of Docs, as a teacher's.

        Returns:
            float32 [1, n_categories] for each Doc.
        """
        return list(self._logits(list(docs))[:, None])

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """Learn from gold categories and stored teacher logits, where present.

        Args:
            examples: A batch of Examples.
            drop: Dropout rate.
            sgd: Optimizer; without one, gradients accumulate.
            losses: The loss is added here under the component's name.

        Returns:
            The losses.

        Raises:
            DistillError: If categories or logits do not fit (see `get_targets`).
        """
        examples = list(examples)
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        validate_examples(examples, "CompactTextCat.update")
        # A document without tokens has nothing to learn from.
        examples = [eg for eg in examples if len(eg.predicted)]
        if not examples:
            return losses
        set_dropout_rate(self.model, drop)
        scores, backprop = self.model.begin_update([eg.predicted for eg in examples])
        loss, d_scores = self.get_loss(examples, scores)
        backprop(d_scores)
        if sgd not in (None, False):
            self.finish_update(sgd)
        if self.cfg["untrained"]:
            self._remove_from_untrained(examples)
        losses[self.name] += loss
        return losses

    def get_loss(
        self, examples: Iterable[Example], scores: Floats2d
    ) -> Tuple[float, Floats2d]:
        """Return the loss of a batch and its derivative by the scores.

        Args:
            examples: A batch of Examples.
            scores: The model's output for their predicted Docs.

        Raises:
            DistillError: If categories or logits do not fit (see `get_targets`), or if
                the scores are not finite.
        """
        examples = list(examples)
        targets = self.task.targets(examples)
        targets.weights = self._row_weights(targets)
        logits: Any = self.model.ops.to_numpy(scores)
        self._check_finite(logits)
        d_scores: Any
        if self.exclusive:
            result = self.loss(logits, targets)
            d_scores = result.d_scores
            return result.loss, self.model.ops.asarray2f(d_scores)
        # The rows of the targets are pairs of Doc and category: see `get_targets`.
        flat = logits.ravel()
        pairs = np.stack([np.zeros_like(flat), flat], axis=1)
        result = self.loss(pairs, targets)
        d_scores = result.d_scores[:, 1].reshape(logits.shape)
        return result.loss, self.model.ops.asarray2f(d_scores)

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[Sequence[str]] = None,
    ) -> None:
        """Set the categories and initialize the model.

        Args:
            get_examples: Returns the training data.
            nlp: The pipeline.
            labels: The categories in column order. By default those of the teacher's
                logits if Examples have any, else those of the gold annotation, sorted.
                Categories that were added before come first.

        Raises:
            DistillError: If there are no categories, or one alone that excludes others,
                if an Example has one that is not among those given or the teacher's, or
                if all documents are empty.
        """
        validate_get_examples(get_examples, "CompactTextCat.initialize")
        if nlp is not None:
            repair_optimizer(nlp)
        for label in find_labels(survey(get_examples()), labels, self.labels):
            self._add_label(label)
        check_categories(self.labels, exclusive=self.exclusive)
        unknown = sorted(set(self.class_weights) - set(self.labels))
        if unknown:
            raise DistillError(
                f"Expected class weights of {', '.join(self.labels)}, got some of"
                f" {', '.join(unknown)}: change [components.{self.name}.class_weights]."
            )
        docs = (eg.predicted for eg in get_examples())
        sample = list(islice((doc for doc in docs if len(doc)), 10))
        if not sample:
            raise DistillError(
                "Expected documents with words in the training data, got empty ones"
                " alone: check [corpora.train]."
            )
        self.cfg["untrained"] = []
        Y: Any = self.model.ops.alloc2f(len(sample), len(self.labels))
        self.model.initialize(X=sample, Y=Y)

    def add_label(self, label: str) -> int:
        """Add a category after the others; its weights start at zero.

        A model that is trained already does not predict the category until it has
        learned from examples with it. There is a warning that says so.

        Args:
            label: The category.

        Returns:
            0 if it is known already, else 1.

        Raises:
            DistillError: If it is not a non-empty string.
        """
        if not self._add_label(label):
            return 0
        if self.cfg["untrained"] is not None:
            self.cfg["untrained"] = [*self.cfg["untrained"], label]
            warnings.warn(
                f"{self.name!r} has the new category {label!r}, but does not predict it"
                " yet: train it on documents that have it (nlp.update with the"
                " optimizer of nlp.resume_training, or spacy train).",
                stacklevel=2,
            )
        return 1

    def from_bytes(
        self, bytes_data: bytes, *, exclude: Iterable[str] = ()
    ) -> "CompactTextCat":
        """Load what `to_bytes` returned."""
        super().from_bytes(bytes_data, exclude=exclude)
        self._repair()
        return self

    def from_disk(
        self, path: Union[str, Path], *, exclude: Iterable[str] = ()
    ) -> "CompactTextCat":
        """Load what `to_disk` saved."""
        super().from_disk(path, exclude=exclude)
        self._repair()
        return self

    def _repair(self) -> None:
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
        # Stored now: a string first seen inside a memory zone is freed with it.
        kept = {"allow_transient": False} if hasattr(Vocab, "memory_zone") else {}
        self.vocab.strings.add(label, **kept)
        resize_output(self.model, len(self.labels))
        return True

    def _remove_from_untrained(self, examples: Sequence[Example]) -> None:
        """Remember which categories were in an update."""
        seen = {
            label
            for eg in examples
            for label, value in eg.reference.cats.items()
            if value >= THRESHOLD
        }
        if any(LOGITS in eg.reference.user_data for eg in examples):
            seen.update(self.labels)
        self.cfg["untrained"] = [x for x in self.cfg["untrained"] if x not in seen]

    def _row_weights(self, targets: Targets) -> Optional[np.ndarray]:
        """Weight of each row by its category; None if all are 1."""
        if not self.class_weights:
            return None
        weights = np.array(
            [self.class_weights.get(label, 1.0) for label in self.labels]
        )
        if not self.exclusive:
            return np.tile(weights, len(targets.gold) // len(weights))
        labels = np.where(targets.pseudo >= 0, targets.pseudo, targets.gold)
        out: np.ndarray = np.where(labels >= 0, weights[labels], 1.0)
        return out

    def _check_finite(self, logits: np.ndarray) -> None:
        if not np.isfinite(logits).all():
            raise DistillError(
                f"Expected finite scores from {self.name!r}, got NaN or infinity: the"
                " model is broken; train it again with a lower learning rate."
            )

    def _logits(self, docs: List[Doc]) -> np.ndarray:
        if not docs or not self.labels:
            return np.zeros((len(docs), len(self.labels)), dtype=np.float32)
        logits: np.ndarray = self.model.ops.to_numpy(self.model.predict(docs))
        untrained = self.cfg["untrained"]
        if untrained:
            columns = [label in untrained for label in self.labels]
            logits = np.where(columns, np.float32(_IMPOSSIBLE), logits)
        return logits
