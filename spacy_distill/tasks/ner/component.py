"""The component `compact_ner`: a token classifier over BILUO tags that serves as
teacher or student, depending on its encoder."""

from typing import (
    Any,
    Callable,
    Dict,
    Iterable,
    Iterator,
    List,
    Optional,
    Sequence,
    Tuple,
)

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example, validate_examples, validate_get_examples
from spacy.vocab import Vocab
from thinc.api import Model, Optimizer, set_dropout_rate
from thinc.types import Floats2d

from ...arrays import Parts
from ...docs import LOGITS, TAGS
from ...errors import DistillError
from ...losses.base import Loss, LossResult, Prediction, Targets
from ...losses.distillation import distillation_loss_v1
from ..storage import StoredPipe
from .annotations import set_entities
from .decoding import ScoredSpan, allowed_tags, score_spans
from .lattice.decode import decode
from .lattice.forward_backward import forward_backward
from .lattice.transitions import Transitions, constrain, grammar_transitions
from .model import add_crf_gradient, get_crf_parameters, resize_output
from .scorer import compact_ner_score
from .tags import TagGrammar, biluo_tags, tag_grammar
from .targets import find_labels, get_targets


class CompactNER(StoredPipe):
    """Named entities by token classification.

    Tags follow the BILUO scheme. Decoding yields whole entities only, none that
    starts or ends on white space, and keeps entities that are already set.
    """

    def __init__(
        self,
        vocab: Vocab,
        model: Model[List[Doc], List[Floats2d]],
        name: str = "ner",
        *,
        loss: Optional[Loss] = None,
        spans_key: Optional[str] = "ner",
        scorer: Optional[Callable] = compact_ner_score,
        storage: str = "float32",
    ) -> None:
        self.vocab = vocab
        self.model = model
        self.name = name
        self.loss = loss if loss is not None else distillation_loss_v1()
        self.scorer = scorer
        self.storage = storage
        self.cfg: Dict[str, Any] = {"labels": [], "spans_key": spans_key}
        self._grammar: Tuple[Tuple[str, ...], TagGrammar] = ((), tag_grammar(("O",)))
        self._lattice: Tuple[Any, Optional[Transitions]] = (None, None)

    @property
    def labels(self) -> Tuple[str, ...]:
        """Entity labels, in the order of the tags."""
        return tuple(self.cfg["labels"])

    @property
    def label_data(self) -> List[str]:
        """What `initialize` takes as `labels`."""
        return list(self.cfg["labels"])

    @property
    def tags(self) -> Tuple[str, ...]:
        """BILUO tags in the order of the logits' columns."""
        return biluo_tags(self.cfg["labels"])

    @property
    def spans_key(self) -> Optional[str]:
        """Where scored entities go in `doc.spans`; None for nowhere."""
        key: Optional[str] = self.cfg["spans_key"]
        return key

    @property
    def grammar(self) -> TagGrammar:
        """The BILUO constraints over `tags`."""
        if self._grammar[0] != self.labels:
            self._grammar = (self.labels, tag_grammar(self.tags))
        return self._grammar[1]

    @property
    def is_distillable(self) -> bool:
        """Whether the component can learn from a teacher's logits."""
        return True

    # Prediction

    def predict(self, docs: Iterable[Doc]) -> List[List[ScoredSpan]]:
        """Entities of each Doc, with probabilities. The Docs are not modified.

        RAISES: DistillError if the model's scores are not finite.
        """
        docs = list(docs)
        # An encoder that meets no token at all has nothing to infer shapes from.
        filled = [doc for doc in docs if len(doc)]
        if not filled or not self.labels:
            return [[] for _ in docs]
        logits = self._concatenate(self.model.predict(filled))
        self._check_finite(logits)
        lengths = [len(doc) for doc in filled]
        names = self.tags
        allowed = allowed_tags(filled, names)
        transitions, is_crf = self._transitions()
        tags = decode(
            logits,
            lengths,
            grammar=self.grammar,
            transitions=transitions,
            is_crf=is_crf,
            allowed=allowed,
        )
        spans = score_spans(
            logits,
            lengths,
            tags,
            names=names,
            transitions=transitions,
            is_crf=is_crf,
            allowed=allowed,
        )
        if len(filled) == len(docs):
            return spans
        rest = iter(spans)
        return [next(rest) if len(doc) else [] for doc in docs]

    def set_annotations(
        self, docs: Iterable[Doc], scores: Sequence[Sequence[ScoredSpan]]
    ) -> None:
        """Write entities to `doc.ents` and, scored, to `doc.spans[spans_key]`.

        scores: what `predict` returned for these Docs.
        """
        spans_key = self.spans_key
        for doc, spans in zip(docs, scores):
            set_entities(doc, spans, spans_key)

    def get_logits(self, docs: Iterable[Doc]) -> List[np.ndarray]:
        """Logits of each Doc, float32 [n_tokens, n_tags]: the model's own, or the
        log-posteriors of its CRF, whose emissions alone would say nothing."""
        docs = list(docs)
        filled = [doc for doc in docs if len(doc)]
        out: Iterator[np.ndarray] = iter(())
        if filled:
            logits = self._concatenate(self.model.predict(filled))
            lengths = [len(doc) for doc in filled]
            transitions, is_crf = self._transitions()
            if is_crf:
                emissions = constrain(logits, None)
                result = forward_backward(emissions, lengths, transitions)
                # float16, the storage format, ends at 65504.
                logits = np.maximum(result.log_marginals(), -1e4).astype(np.float32)
            out = iter(np.split(logits, np.cumsum(lengths)[:-1]))
        n_tags = len(self.tags)
        return [
            next(out) if len(doc) else np.zeros((0, n_tags), dtype=np.float32)
            for doc in docs
        ]

    # Training

    def update(
        self,
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """Learn from gold annotation and stored teacher logits, where present.

        losses: gets the loss added under the component's name.
        RAISES: DistillError if labels or logits do not fit (see `get_targets`), or if
            the model's scores are not finite.
        """
        examples = list(examples)
        losses = {} if losses is None else losses
        losses.setdefault(self.name, 0.0)
        validate_examples(examples, "CompactNER.update")
        examples = [eg for eg in examples if len(eg.predicted)]
        if not examples:
            return losses
        set_dropout_rate(self.model, drop)
        docs = [eg.predicted for eg in examples]
        scores, backprop = self.model.begin_update(docs)
        result = self._compare(get_targets(examples, self.tags), scores)
        if result.d_transitions is not None:
            add_crf_gradient(self.model, result.d_transitions)
        backprop(self._split(result.d_logits, scores))
        if sgd not in (None, False):
            self.finish_update(sgd)
        losses[self.name] += result.loss
        return losses

    def get_loss(
        self, examples: Iterable[Example], scores: List[Floats2d]
    ) -> Tuple[float, List[Floats2d]]:
        """The loss of a batch and its derivative by the scores."""
        examples = list(examples)
        validate_examples(examples, "CompactNER.get_loss")
        result = self._compare(get_targets(examples, self.tags), scores)
        return result.loss, self._split(result.d_logits, scores)

    def get_teacher_student_loss(
        self, teacher_scores: List[Floats2d], student_scores: List[Floats2d]
    ) -> Tuple[float, List[Floats2d]]:
        """The loss of student scores against a teacher's, without gold labels, and
        its derivative by the student's scores. Columns must be the same tags."""
        teacher = self._concatenate(teacher_scores)
        targets = Targets(
            gold=np.full(len(teacher), -1, dtype=np.int64),
            teacher=teacher,
            has_teacher=np.ones(len(teacher), dtype=bool),
        )
        result = self._compare(targets, student_scores)
        return result.loss, self._split(result.d_logits, student_scores)

    def distill(
        self,
        teacher_pipe: "CompactNER",
        examples: Iterable[Example],
        *,
        drop: float = 0.0,
        sgd: Optional[Optimizer] = None,
        losses: Optional[Dict[str, float]] = None,
    ) -> Dict[str, float]:
        """Learn from a teacher that runs beside the student. The teacher reads
        `eg.reference`, which its upstream components must have seen; the student
        reads `eg.predicted`. Stored soft labels are cheaper: see `annotate`."""
        examples = list(examples)
        logits = teacher_pipe.get_logits([eg.reference for eg in examples])
        for eg, array in zip(examples, logits):
            eg.reference.user_data[LOGITS] = array
            eg.reference.user_data[TAGS] = teacher_pipe.tags
        try:
            return self.update(examples, drop=drop, sgd=sgd, losses=losses)
        finally:
            for eg in examples:
                del eg.reference.user_data[LOGITS], eg.reference.user_data[TAGS]

    def initialize(
        self,
        get_examples: Callable[[], Iterable[Example]],
        *,
        nlp: Optional[Language] = None,
        labels: Optional[Sequence[str]] = None,
    ) -> None:
        """Set the labels and initialize the model.

        labels: entity labels in column order. Without them: those of the
            teacher's logits where Examples carry any, else those of the gold
            entities, sorted. Labels that were added before come first.
        RAISES: DistillError if there are no labels, or if an Example has a label
            that is not among those given or the teacher's.
        """
        validate_get_examples(get_examples, "CompactNER.initialize")
        for label in find_labels(get_examples, labels, self.labels):
            self.add_label(label)
        sample = _sample_docs(get_examples)
        tags = [self.model.ops.alloc2f(len(doc), len(self.tags)) for doc in sample]
        self.model.initialize(X=sample, Y=tags)

    def add_label(self, label: str) -> int:
        """Add a label behind the others; its tags start with zero weights.

        RETURNS: 0 if the label is known, else 1.
        RAISES: DistillError if the label is not a non-empty string.
        """
        if not isinstance(label, str) or not label:
            raise DistillError(
                f"Expected a label that is a non-empty string, got {label!r}."
            )
        if label in self.labels:
            return 0
        self.cfg["labels"] = [*self.cfg["labels"], label]
        # Stored now: a string first seen inside a memory zone would not outlive it.
        self.vocab.strings.add(label, allow_transient=False)  # type: ignore[call-arg]
        resize_output(self.model, len(self.tags))
        return 1

    # Helpers

    def _compare(self, targets: Targets, scores: List[Floats2d]) -> LossResult:
        transitions, is_crf = self._transitions()
        logits = self._concatenate(scores)
        self._check_finite(logits)
        return self.loss(
            Prediction(
                logits=logits,
                lengths=[len(score) for score in scores],
                grammar=self.grammar,
                transitions=transitions if is_crf else None,
            ),
            targets,
        )

    def _transitions(self) -> Tuple[Transitions, bool]:
        """Between the tags, made anew when labels or parameters are others, and
        whether they are learned."""
        learned = get_crf_parameters(self.model)
        values = None if learned is None else [part.tobytes() for part in learned]
        key = (self.labels, values)
        known, transitions = self._lattice
        if transitions is None or known != key:
            for part in learned or ():
                self._check_finite(part)
            transitions = grammar_transitions(self.grammar, learned)
            self._lattice = (key, transitions)
        return transitions, learned is not None

    def _concatenate(self, scores: Sequence[Floats2d]) -> np.ndarray:
        if isinstance(scores, Parts):
            return scores.whole
        to_numpy = self.model.ops.to_numpy
        return np.concatenate([to_numpy(score) for score in scores])

    def _split(self, d_logits: np.ndarray, scores: List[Floats2d]) -> List[Floats2d]:
        bounds = np.cumsum([len(score) for score in scores])[:-1]
        parts: List[Any] = np.split(d_logits, bounds)
        return [self.model.ops.asarray2f(part) for part in parts]

    def _check_finite(self, scores: np.ndarray) -> None:
        if not np.isfinite(scores).all():
            raise DistillError(
                f"Expected finite scores from {self.name!r}, got NaN or infinity: "
                "the model is broken; train it again with a lower learning rate."
            )


def _sample_docs(
    get_examples: Callable[[], Iterable[Example]], size: int = 10
) -> List[Doc]:
    """A few Docs with tokens, enough to infer shapes."""
    docs: List[Doc] = []
    for eg in get_examples():
        if len(eg.predicted):
            docs.append(eg.predicted)
        if len(docs) == size:
            break
    return docs
