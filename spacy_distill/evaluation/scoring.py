"""What is scored of a task: the interface of entities and categories."""

from dataclasses import dataclass, replace
from typing import Dict, List, Optional, Protocol, Sequence, Tuple, Union

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..label_maps import LabelMap
from ..tasks.calibration import Calibration
from ..tasks.calibration_error import expected_calibration_error
from ..tasks.labelled import LabelledPipe
from .agreement import Agreement
from .categories import CategoryPair
from .entities import SideBySide
from .raw_outcomes import RawOutcomes
from .rows import CharacterScores, TypeScore


@dataclass(frozen=True)
class Scores:
    """Scores of one pipeline, as `Row` has them.

    Attributes:
        precision: Precision of all predictions.
        recall: Recall of all predictions.
        f1: F1 of all predictions.
        per_type: Scores by label.
        probabilities: Probability of each decision; empty without probabilities.
        correct: Whether each of them is right.
        raw_ece: See `Row`.
        calibrated_on: See `Row`.
        cross_validated: See `Row`.
        macro_f1: See `Row`.
        accuracy: See `Row`.
        characters: See `Row`.
    """

    precision: float
    recall: float
    f1: float
    per_type: Dict[str, TypeScore]
    probabilities: Sequence[float] = ()
    correct: Sequence[bool] = ()
    raw_ece: Optional[float] = None
    calibrated_on: int = 0
    cross_validated: bool = False
    macro_f1: Optional[float] = None
    accuracy: Optional[float] = None
    characters: Optional[CharacterScores] = None

    def with_calibrated(self, raw: RawOutcomes, calibration: Calibration) -> "Scores":
        """Add calibrated probabilities, and how they compare with raw ones.

        Args:
            raw: Predictions without the calibration.
            calibration: The calibration of the component.
        """
        probabilities, cross_validated = raw.calibrated(calibration)
        return replace(
            self,
            probabilities=probabilities.tolist(),
            correct=raw.correct.tolist(),
            raw_ece=expected_calibration_error(raw.raw().probabilities, raw.correct),
            calibrated_on=calibration.fitted_on,
            cross_validated=cross_validated,
        )


class Scoring(Protocol):
    """How the annotation of a task is read, compared and scored.

    Attributes:
        task: Name of the task in reports; see `tasks.registry`.
        counts_documents: Whether a prediction is about a document, so that documents
            per second are reported too.
        calibrates: The component whose probabilities can be calibrated.
    """

    task: str
    counts_documents: bool
    calibrates: str

    def find_labels(self, nlp: Language) -> Optional[List[str]]:
        """Return the labels that a pipeline can predict; None if they are unknown."""
        ...

    def prepare(
        self, docs: Sequence[Doc], label_map: LabelMap, *, source: str
    ) -> Tuple[List[Doc], Dict[str, int]]:
        """Prepare Docs with gold annotation, in place.

        Args:
            docs: Docs that have tokens.
            label_map: New labels.
            source: Where the Docs are from, for error messages.

        Returns:
            The Docs that count, and fields of `ReferenceCounts` about the changes.

        Raises:
            DistillError: If none has annotation.
        """
        ...

    def count(self, docs: Sequence[Doc]) -> Dict[str, int]:
        """Return how often each label occurs in Docs, sorted by label."""
        ...

    def predicted_labels(self, docs: Sequence[Doc]) -> List[str]:
        """Return the labels that a pipeline is seen to know by its predictions."""
        ...

    def relabel(self, doc: Doc, label_map: LabelMap, spans_key: Optional[str]) -> None:
        """Rename, merge or drop the labels of a Doc, in place."""
        ...

    def check_label_map(
        self, label_map: LabelMap, known: Optional[Sequence[str]]
    ) -> None:
        """Check a label map of the user; see `labels.check_label_map`."""
        ...

    def check_labels(
        self, name: str, labels: Sequence[str], gold: Sequence[str], label_map: LabelMap
    ) -> None:
        """Check that a pipeline's labels fit those of the gold annotation.

        Args:
            name: Name of the pipeline in the report.
            labels: Labels of the pipeline, before the map.
            gold: Labels of the gold annotation, after the map.
            label_map: The user's map of labels.

        Raises:
            DistillError: If they do not.
        """
        ...

    def score(
        self,
        nlp: Language,
        examples: List[Example],
        *,
        with_probabilities: bool,
        label_map: LabelMap,
    ) -> Scores:
        """Score predictions.

        Args:
            nlp: The pipeline.
            examples: Its predictions and their references.
            with_probabilities: Whether the references are gold annotation, which tells
                how far probabilities can be trusted.
            label_map: New labels, which the Examples already have.
        """
        ...

    def find_calibrated(self, nlp: Language) -> Optional[Tuple[str, LabelledPipe]]:
        """Find the component whose probabilities can be calibrated.

        Returns:
            Its name and the component; None if there is none.
        """
        ...

    def raw_outcomes(
        self, nlp: Language, name: str, gold: Sequence[Doc]
    ) -> RawOutcomes:
        """Predict with one component and compare with gold annotation.

        Args:
            nlp: The pipeline.
            name: Name of a component that `find_calibrated` finds.
            gold: Docs as `prepare` returned them.
        """
        ...

    def compare(
        self,
        teacher: Sequence[Doc],
        student: Sequence[Doc],
        *,
        spans_key: Optional[str] = None,
        gold: Optional[Sequence[Doc]] = None,
    ) -> Agreement:
        """Compare the predictions of two pipelines; see `compare_entities`."""
        ...

    def pair(
        self, teacher: Doc, student: Doc, *, spans_key: Optional[str]
    ) -> Union[SideBySide, CategoryPair]:
        """Combine the predictions of two pipelines for display."""
        ...
