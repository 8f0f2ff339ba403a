"""The component `compact_ner`: a token classifier over BILUO tags.

It is a teacher or a student, depending on its encoder.
"""

from contextlib import contextmanager
from itertools import islice
from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Set,
    Tuple,
)

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Config, Model
from thinc.types import Floats2d

from ...arrays import Parts
from ...docs import warn_trimmed
from ...losses.base import Loss
from ...losses.distillation import distillation_loss_v1
from ...optimizers import PipelineRef, repair_optimizer
from ..calibration import Calibration
from ..labelled import EXCLUDED, LabelledPipe
from .annotations import set_entities
from .calibration import BetaCalibration
from .crf import CRFTerms
from .decoding import ScoredSpan, allowed_tags, decode_entities, grammar_of
from .gold import trimmed_examples
from .lattice.forward_backward import forward_backward
from .lattice.transitions import Transitions, constrain, grammar_transitions
from .model import (
    add_crf_gradient,
    get_crf_parameters,
    resize_output,
)
from .tags import OUTSIDE
from .targets import find_labels, survey
from .task import SPANS_KEY, NERTask, compact_ner_score

DEFAULT_CONFIG = """
[model]
@architectures = "spacy_distill.TokenClassifier.v1"
output = "softmax"
output_learn_rate = 1.0
nO = null

[model.tok2vec]
@architectures = "spacy_distill.CharCNNQRNN.v1"

[loss]
@misc = "spacy_distill.DistillationLoss.v1"

[scorer]
@scorers = "spacy_distill.compact_ner_scorer.v1"
"""


@Language.factory(
    "compact_ner",
    assigns=["doc.ents", "doc.spans", "token.ent_iob", "token.ent_type"],
    default_config={
        **Config().from_str(DEFAULT_CONFIG),
        "spans_key": SPANS_KEY,
        "storage": "float32",
    },
    default_score_weights={
        "ents_f": 1.0,
        "ents_p": 0.0,
        "ents_r": 0.0,
        "ents_per_type": None,
        "ents_ece": None,
    },
)
def make_compact_ner(
    nlp: Language,
    name: str,
    model: Model[List[Doc], List[Floats2d]],
    loss: Loss,
    spans_key: Optional[str],
    scorer: Optional[Callable],
    storage: str,
) -> "CompactNER":
    """Create a `compact_ner`.

    Args:
        nlp: The pipeline.
        name: Name of the component.
        model: Predicts logits [n_tokens, n_tags] for each Doc; see
            `TokenClassifier.v1`.
        loss: The training loss; see `DistillationLoss.v1`.
        spans_key: Key of `doc.spans` for the entities with their probabilities, which
            are in `.attrs["scores"]`; null for none.
        scorer: The scoring method.
        storage: Format of saved parameters: "float32", "float16" or "int8". Training
            and prediction compute in float32 with any of them.
    """
    component = CompactNER(
        nlp.vocab,
        model,
        name,
        loss=loss,
        spans_key=spans_key,
        scorer=scorer,
        storage=storage,
    )
    component.pipeline = PipelineRef(nlp)
    return component


class CompactNER(LabelledPipe):
    """Named entity recognition by token classification.

    Tags follow the BILUO scheme. Decoding gives whole entities only, none that starts
    or ends with whitespace, and keeps entities that are set already. Whitespace at the
    ends of gold entities is trimmed in training and scoring.

    Args:
        vocab: The shared vocab.
        model: Predicts logits [n_tokens, n_tags] for each Doc.
        name: Name of the component.
        loss: The training loss; by default `distillation_loss_v1()`.
        spans_key: Key of `doc.spans` for scored entities; None for none.
        scorer: The scoring method.
        storage: Format of saved parameters; see `StoredPipe`.

    Attributes:
        pipeline: Returns the pipeline that the component was created for, if any.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], List[Floats2d]],
        name: str = "ner",
        *,
        loss: Optional[Loss] = None,
        spans_key: Optional[str] = SPANS_KEY,
        scorer: Optional[Callable] = compact_ner_score,
        storage: str = "float32",
    ) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.loss = loss if loss is not None else distillation_loss_v1()
        self.scorer = scorer
        self.storage = storage
        self.pipeline = PipelineRef()
        self.cfg: Dict[str, Any] = {
            "labels": [],
            # Labels added to a trained model that have not been in any update.
            "untrained": [],
            "spans_key": spans_key,
            "calibration": None,
        }
        self._is_trimming_told = False
        self._task = NERTask(())
        self._crf: Tuple[Any, Optional[Transitions]] = (None, None)

    @property
    def task(self) -> NERTask:
        """The task with the component's labels."""
        if self._task.labels != self.labels:
            self._task = NERTask(self.labels)
        return self._task

    @property
    def tags(self) -> Tuple[str, ...]:
        """BILUO tags in the order of the logits' columns."""
        return self.task.columns

    @property
    def spans_key(self) -> Optional[str]:
        """Key of scored entities in `doc.spans`; None for none."""
        key: Optional[str] = self.cfg["spans_key"]
        return key

    def predict(self, docs: Iterable[Doc]) -> List[List[ScoredSpan]]:
        """Predict the entities of Docs, without modifying them.

        Returns:
            The entities of each Doc with their probabilities.

        Raises:
            DistillError: If the model's scores are not finite.
        """
        docs = list(docs)
        # An encoder cannot infer shapes without any token.
        filled = [doc for doc in docs if len(doc)]
        if not filled or not self.labels:
            return [[] for _ in docs]
        logits = self._predict_logits(filled)
        self._check_finite(logits)
        spans = decode_entities(
            logits,
            [len(doc) for doc in filled],
            self.tags,
            crf=self._crf_transitions(),
            allowed=allowed_tags(filled, self.tags),
            calibration=self.calibration,
        )
        if len(filled) == len(docs):
            return spans
        rest = iter(spans)
        return [next(rest) if len(doc) else [] for doc in docs]

    def set_annotations(
        self, docs: Iterable[Doc], scores: Sequence[Sequence[ScoredSpan]]
    ) -> None:
        """Set `doc.ents` and, with probabilities, `doc.spans[spans_key]`.

        Args:
            docs: The Docs to annotate.
            scores: What `predict` returned for them.
        """
        spans_key = self.spans_key
        for doc, spans in zip(docs, scores):
            set_entities(doc, spans, spans_key)

    def get_logits(self, docs: Iterable[Doc]) -> List[np.ndarray]:
        """Return the logits of Docs, as a teacher's.

        Args:
            docs: The Docs.

        Returns:
            float32 [n_tokens, n_tags] for each Doc: the model's own, or the log
            posteriors of its CRF, whose emissions alone are no prediction.
        """
        docs = list(docs)
        filled = [doc for doc in docs if len(doc)]
        out: Iterator[np.ndarray] = iter(())
        if filled:
            logits = self._predict_logits(filled)
            lengths = [len(doc) for doc in filled]
            crf = self._crf_transitions()
            if crf is not None:
                result = forward_backward(constrain(logits, None), lengths, crf)
                posterior = np.maximum(result.log_marginals(), EXCLUDED)
                logits = posterior.astype(np.float32)
            out = iter(np.split(logits, np.cumsum(lengths)[:-1]))
        n_tags = len(self.tags)
        return [
            next(out) if len(doc) else np.zeros((0, n_tags), dtype=np.float32)
            for doc in docs
        ]

    def get_loss(
        self, examples: Iterable[Example], scores: List[Floats2d]
    ) -> Tuple[float, List[Floats2d]]:
        """Return the loss of a batch and its derivative by the scores.

        Args:
            examples: A batch of Examples.
            scores: The model's output for their predicted Docs.
        """
        examples = list(examples)
        validate_examples(examples, "CompactNER.get_loss")
        loss, d_scores, _ = self._compare(examples, scores)
        return loss, d_scores

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[Sequence[str]] = None,
    ) -> None:
        """Set the labels and initialize the model.

        The number of gold entities that start or end with whitespace, and are trimmed
        in training, is logged.

        Args:
            get_examples: Returns the training data.
            nlp: The pipeline.
            labels: Entity labels in column order. By default those of the teacher's
                logits if Examples have any, else those of the gold entities, sorted.
                Labels that were added before come first.

        Raises:
            DistillError: If there are no labels, or if an Example has a label that is
                not among those given or the teacher's.
        """
        validate_get_examples(get_examples, "CompactNER.initialize")
        if nlp is not None:
            repair_optimizer(nlp)
        self.calibration = None
        found = survey(get_examples())
        warn_trimmed(found.trimmed, "the training data")
        self._is_trimming_told = found.trimmed.total > 0
        for label in find_labels(found, labels, self.labels):
            self._add_label(label)
        self.cfg["untrained"] = []
        sample = _sample_docs(get_examples)
        tags = [self.model.ops.alloc2f(len(doc), len(self.tags)) for doc in sample]
        self.model.initialize(X=sample, Y=tags)

    @contextmanager
    def _loading(self, exclude: Iterable[str]) -> Iterator[None]:
        # It stays that of the config.
        spans_key = self.spans_key
        with super()._loading(exclude):
            yield
        self.cfg["spans_key"] = spans_key

    def _learn(self, examples: List[Example]) -> float:
        if not self._is_trimming_told:
            _, trimmed = trimmed_examples(examples)
            warn_trimmed(trimmed, "the training data (one batch of it)")
            self._is_trimming_told = trimmed.total > 0
        scores, backprop = self.model.begin_update([eg.predicted for eg in examples])
        loss, d_scores, d_crf = self._compare(examples, scores)
        if d_crf is not None:
            add_crf_gradient(self.model, d_crf)
        backprop(d_scores)
        return loss

    def _resize(self, n_labels: int) -> None:
        resize_output(self.model, len(self.tags))

    def _read_calibration(self, msg: Optional[Dict[str, Any]]) -> Optional[Calibration]:
        return BetaCalibration.from_cfg(msg)

    def _gold_labels(self, doc: Doc) -> Set[str]:
        return {ent.label_ for ent in doc.ents}

    def _predict_logits(self, docs: List[Doc]) -> np.ndarray:
        """Return logits, concatenated; tags of untrained labels are impossible."""
        logits = self._concatenate(self.model.predict(docs))
        untrained = set(self.cfg["untrained"])
        if not untrained:
            return logits
        columns = [tag != OUTSIDE and tag[2:] in untrained for tag in self.tags]
        masked: np.ndarray = np.where(columns, np.float32(EXCLUDED), logits)
        return masked

    def _compare(
        self, examples: Sequence[Example], scores: List[Floats2d]
    ) -> Tuple[float, List[Floats2d], Optional[Transitions]]:
        """Loss, and its derivatives by scores and CRF transitions (None: no CRF)."""
        targets = self.task.targets(examples)
        logits = self._concatenate(scores)
        self._check_finite(logits)
        transitions = self._crf_transitions()
        lengths = [len(score) for score in scores]
        terms = None
        if transitions is not None:
            terms = CRFTerms(logits, lengths, transitions)
        result = self.loss(logits, targets, terms)
        parts: List[Any] = np.split(result.d_scores, np.cumsum(lengths)[:-1])
        d_scores = [self.model.ops.asarray2f(part) for part in parts]
        return result.loss, d_scores, None if terms is None else terms.d_transitions

    def _crf_transitions(self) -> Optional[Transitions]:
        """Transitions of the CRF, cached until labels or parameters change."""
        learned = get_crf_parameters(self.model)
        if learned is None:
            return None
        key = (self.labels, [part.tobytes() for part in learned])
        known, transitions = self._crf
        if transitions is None or known != key:
            for part in learned:
                self._check_finite(part)
            transitions = grammar_transitions(grammar_of(self.tags), learned)
            self._crf = (key, transitions)
        return transitions

    def _concatenate(self, scores: Sequence[Floats2d]) -> np.ndarray:
        if isinstance(scores, Parts):
            return scores.whole
        to_numpy = self.model.ops.to_numpy
        return np.concatenate([to_numpy(score) for score in scores])


def _sample_docs(
    get_examples: Callable[[], Iterable[Example]], size: int = 10
) -> List[Doc]:
    """A few Docs with tokens, enough to infer shapes."""
    docs = (eg.predicted for eg in get_examples())
    return list(islice((doc for doc in docs if len(doc)), size))
