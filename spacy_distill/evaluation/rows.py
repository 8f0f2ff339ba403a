"""What is measured of a pipeline, as plain data for reports."""

from dataclasses import dataclass
from typing import Dict, List, Optional, Union

from ..tasks.ner.task import NERTask

GOLD, TEACHER = "gold", "teacher"
# The task of reports that do not name one.
NER = NERTask.name


@dataclass(frozen=True)
class ReferenceCounts:
    """What pipelines were compared with.

    Attributes:
        path: Where it is from.
        sha256: Fingerprint of the data.
        kind: See `References`.
        role: See `References`.
        documents: Number of documents.
        words: Number of tokens.
        entities: Entities by label, or documents by category.
        trimmed: Entities that began or ended with whitespace, which was cut off, or
            were nothing else.
        task: Name of the task that is scored; see `tasks.registry`.
        left_out: Documents that do not count, since they have no category.
    """

    path: str
    sha256: str
    kind: str
    role: str
    documents: int
    words: int
    entities: Dict[str, int]
    trimmed: int = 0
    task: str = NER
    left_out: int = 0

    @property
    def baseline(self) -> float:
        """F1 of always choosing the most frequent category; 0 for entities.

        Where each document has one category, it is that category's share of them.
        """
        total = sum(self.entities.values())
        if self.task == NER or not total:
            return 0.0
        return 2 * max(self.entities.values()) / (self.documents + total)


@dataclass(frozen=True)
class CalibrationBin:
    """Predictions with a probability in [low, high); the last bin includes 1.0.

    Attributes:
        low: Lower bound.
        high: Upper bound.
        entities: Number of predictions: entities, or decisions about categories.
        probability: Their mean probability.
        accuracy: Share of them that is right.
    """

    low: float
    high: float
    entities: int
    probability: float
    accuracy: float


@dataclass(frozen=True)
class TypeScore:
    """Precision, recall and F1 of an entity type or category, each in [0, 1]."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class CharacterScores:
    """Scores of single characters; see `tasks.ner.characters`.

    Attributes:
        micro: Scores of all labelled characters.
        macro: Means over the labels.
    """

    micro: TypeScore
    macro: TypeScore


@dataclass(frozen=True)
class Row:
    """Measurements of one pipeline.

    Attributes:
        name: Name of the pipeline in the report.
        components: Names of its components.
        precision: Precision of whole entities, or of categories, in [0, 1].
        recall: Recall of the same.
        f1: F1 of the same. If each document has one category, all three are the
            accuracy.
        per_type: Scores by entity type or category.
        ece: Expected calibration error; None without probabilities or gold annotation.
        calibration: Bins of the calibration error, empty ones left out.
        parameters: Trained parameters; None if unknown.
        table: Numbers that unknown words are composed from, which are not trained.
        size: Bytes on disk; None for a pipeline in memory, or if unknown.
        words_per_second: None if it was not measured.
        raw_ece: Expected calibration error without the pipeline's calibration; None if
            it has none.
        calibrated_on: Number of predicted entities, or of documents with categories,
            that its calibration was fitted on.
        cross_validated: Whether they are the same as here; `ece` and `calibration` are
            then those of a cross-validation.
        macro_f1: Mean F1 of the categories that occur in the references or in the
            predictions; None for entities.
        accuracy: Share of documents whose categories are all right; None for entities.
        documents_per_second: None for entities, or if it was not measured.
        characters: Scores of characters; None for categories, and where they were not
            asked for in a language with spaces between words.
    """

    name: str
    components: List[str]
    precision: float
    recall: float
    f1: float
    per_type: Dict[str, TypeScore]
    ece: Optional[float]
    calibration: List[CalibrationBin]
    parameters: Optional[int]
    table: int
    size: Optional[int]
    words_per_second: Optional[float] = None
    raw_ece: Optional[float] = None
    calibrated_on: int = 0
    cross_validated: bool = False
    macro_f1: Optional[float] = None
    accuracy: Optional[float] = None
    documents_per_second: Optional[float] = None
    characters: Optional[CharacterScores] = None


@dataclass(frozen=True)
class DevelopmentScores:
    """Scores on development data, by which the step of training was chosen.

    Attributes:
        references: The development data.
        scores: Scores by the name of the pipeline; some may be unknown.
    """

    references: ReferenceCounts
    scores: Dict[str, TypeScore]


@dataclass(frozen=True)
class Quantization:
    """What was done to a pipeline after it was measured.

    Attributes:
        storage: Format of the parameters.
        words: Words that each embedding table was reduced to; None for all.
        table_bits: Bits of a value in the embedding tables; None if not rounded.
        documents: Gold documents on which it was compared with the pipeline before;
            0 if it was not.
        differing: How many of them have other entities or categories than before.
        f1_before: F1 on them before; None if it was not measured.
        f1: F1 on them after; None if it was not measured.
        accuracy_before: Share of documents with the right categories before; None if
            it was not measured.
        accuracy: The same after; None if it was not measured.
    """

    storage: str
    words: Optional[int] = None
    table_bits: Optional[float] = None
    documents: int = 0
    differing: int = 0
    f1_before: Optional[float] = None
    f1: Optional[float] = None
    accuracy_before: Optional[float] = None
    accuracy: Optional[float] = None


@dataclass(frozen=True)
class TrainingFacts:
    """Data and loss of a training.

    Attributes:
        gold: Whether it had gold annotation.
        soft_labels: Whether it had soft labels.
        alpha: Weight of the task loss; the name of its schedule if it has one. None for
            another loss.
        temperature: Temperature of the distillation loss; None for another loss.
        divergence: Name of the divergence; None for another loss.
        min_confidence: Lowest probability of a pseudo label; None for another loss.
        weight_by_confidence: Whether pseudo labels are weighted; None for another loss.
        task: Name of the task that was learned.
    """

    gold: bool
    soft_labels: bool
    alpha: Union[float, str, None] = None
    temperature: Optional[float] = None
    divergence: Optional[str] = None
    min_confidence: Optional[float] = None
    weight_by_confidence: Optional[bool] = None
    task: str = NER


@dataclass(frozen=True)
class EntropyBin:
    """Words for which the teacher's entropy is in [low, high), in nats.

    The last bin includes its upper end. For categories, `words` counts documents.
    """

    low: float
    high: float
    words: int
