"""The component `compact_textcat`: a text classifier that learns from a teacher."""

import math
from itertools import islice
from typing import Any, Callable, Dict, Iterable, List, Optional, Sequence, Set, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats2d

from ...errors import DistillError
from ...losses.base import Loss, Targets
from ...losses.distillation import distillation_loss_v1
from ...optimizers import PipelineRef, repair_optimizer
from ..calibration import Calibration
from ..labelled import EXCLUDED, LabelledPipe
from .calibration import TemperatureScaling
from .model import resize_output
from .scorer import THRESHOLD, textcat_score
from .targets import as_pairs, check_categories, find_labels, survey
from .task import TextCatTask

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


class CompactTextCat(LabelledPipe):
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
            "untrained": [],
            "calibration": None,
        }
        self._task = TextCatTask((), exclusive=exclusive)

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
        calibration = self.calibration
        if calibration is not None:
            logits = calibration.apply(logits)
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
        """Return the logits of Docs, as a teacher's. They are not calibrated.

        Returns:
            float32 [1, n_categories] for each Doc.

        Raises:
            DistillError: If the model's scores are not finite.
        """
        logits = self._logits(list(docs))
        self._check_finite(logits)
        return list(logits[:, None])

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
        result = self.loss(as_pairs(logits), targets)
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
        self.calibration = None
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

    def _learn(self, examples: List[Example]) -> float:
        scores, backprop = self.model.begin_update([eg.predicted for eg in examples])
        loss, d_scores = self.get_loss(examples, scores)
        backprop(d_scores)
        return loss

    def _resize(self, n_labels: int) -> None:
        resize_output(self.model, n_labels)

    def _read_calibration(self, msg: Optional[Dict[str, Any]]) -> Optional[Calibration]:
        return TemperatureScaling.from_cfg(msg)

    def _gold_labels(self, doc: Doc) -> Set[str]:
        return {label for label, value in doc.cats.items() if value >= THRESHOLD}

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

    def _logits(self, docs: List[Doc]) -> np.ndarray:
        if not docs or not self.labels:
            return np.zeros((len(docs), len(self.labels)), dtype=np.float32)
        logits: np.ndarray = self.model.ops.to_numpy(self.model.predict(docs))
        untrained = self.cfg["untrained"]
        if untrained:
            columns = [label in untrained for label in self.labels]
            logits = np.where(columns, np.float32(EXCLUDED), logits)
        return logits
