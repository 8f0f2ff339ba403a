"""Words of a report that depend on the task."""

from dataclasses import dataclass
from typing import Dict, Mapping, Tuple

from ..errors import DistillError
from ..evaluation.rows import NER, ReferenceCounts
from ..tasks.textcat.task import EXCLUSIVE, MULTILABEL


@dataclass(frozen=True)
class Wording:
    """Words for what is scored.

    Attributes:
        score: The main score, within a sentence.
        short_score: The same as the header of a narrow table.
        agreement: Agreement with a teacher, as the main score.
        agreement_note: How agreement is measured.
        agreement_header: Headers of the scores of agreement.
        same: What documents have in common with the teacher's.
        one: What is predicted.
        many: The same, plural.
        joins: What comes between the number of words and that of labels or entities.
        by_type: What scores are by, in a heading; short.
        by_label: The same.
        share: Caption of the number of each label.
        by_share: Accessible title of that chart.
        decisions: What has a probability, plural.
        fitted_on: What a calibration is fitted on, plural.
        calibrated: First sentence about a plot of the calibration.
        is_right: What the vertical axis of that plot is.
        right: How a decision turns out.
        right_header: The same as the header of a column.
        unit: What has a distribution of the teacher.
        best: Which of its labels a teacher's are.
        field: What a text is read to.
        counts_labels: Whether there are as many as labels, or as found in texts.
    """

    score: str
    short_score: str
    agreement: str
    agreement_note: str
    agreement_header: Tuple[str, ...]
    same: str
    one: str
    many: str
    joins: str
    by_type: str
    by_label: str
    share: str
    by_share: str
    decisions: str
    fitted_on: str
    calibrated: str
    is_right: str
    right: str
    right_header: str
    unit: str
    best: str
    counts_labels: bool

    @property
    def main_score(self) -> str:
        """The main score as a heading."""
        return capitalize(self.score)

    def total(self, counts: Mapping[str, int]) -> int:
        """Return the number of entities or categories."""
        return len(counts) if self.counts_labels else sum(counts.values())

    def list_labels(self, counts: Mapping[str, int]) -> str:
        """Return the number of each label, separated by commas."""
        return ", ".join(f"{count:,} {label}" for label, count in counts.items())

    def list_counts(self, counts: Mapping[str, int]) -> str:
        """Return the number of entities or categories, and of each label."""
        listed = self.list_labels(counts)
        return f"{self.total(counts):,} {self.many} ({listed})"

    def describe_data(self, references: ReferenceCounts) -> str:
        """Describe documents, words and annotation of references."""
        return (
            f"{references.documents:,} documents with {references.words:,} words"
            f" {self.joins} {self.total(references.entities):,} {self.many}"
        )


def capitalize(text: str) -> str:
    """Return a text with a capital at its beginning; the rest stays as it is."""
    return f"{text[:1].upper()}{text[1:]}"


ENTITIES = Wording(
    score="F1",
    short_score="F1",
    agreement="Agreement (F1)",
    agreement_note="F1",
    agreement_header=("F1", "Precision", "Recall"),
    same="same entities",
    one="entity",
    many="entities",
    joins="and",
    by_type="by type",
    by_label="by entity type",
    share="Share of the entity types",
    by_share="Entities by type",
    decisions="entities",
    fitted_on="predicted entities",
    calibrated="Found entities in ten bins by their probability.",
    is_right="share that is right",
    right="right",
    right_header="Correct",
    unit="word",
    best="its best label for each word",
    counts_labels=False,
)
_CATEGORIES = Wording(
    score="accuracy",
    short_score="Acc",
    agreement="Agreement",
    agreement_note="share of documents with the same category",
    agreement_header=("Agreement",),
    same="same category",
    one="category",
    many="categories",
    joins="in",
    by_type="by category",
    by_label="by category",
    share="Share of the documents in each category",
    by_share="Documents by category",
    decisions="documents",
    fitted_on="documents",
    calibrated="Documents in ten bins by the probability of their best category.",
    is_right="share that is right",
    right="right",
    right_header="Correct",
    unit="document",
    best="its best category for each document",
    counts_labels=True,
)
_SEVERAL_CATEGORIES = Wording(
    score="micro F1",
    short_score="Micro F1",
    agreement="Agreement (micro F1)",
    agreement_note="micro F1 of categories",
    agreement_header=("Micro F1", "Precision", "Recall"),
    same="same categories",
    one="category",
    many="categories",
    joins="in",
    by_type="by category",
    by_label="by category",
    share="Share of the documents that have each category",
    by_share="Documents by category",
    decisions="pairs of document and category",
    fitted_on="documents",
    calibrated="Pairs of a document and a category in ten bins by their probability.",
    is_right="share that has the category",
    right="with the category",
    right_header="With the category",
    unit="document",
    best="its decision for each category of a document",
    counts_labels=True,
)
_WORDINGS: Dict[str, Wording] = {
    NER: ENTITIES,
    EXCLUSIVE: _CATEGORIES,
    MULTILABEL: _SEVERAL_CATEGORIES,
}


def wording_of(task: str) -> Wording:
    """Return the words for a task.

    Args:
        task: Name of the task; see `Report.task`.

    Raises:
        DistillError: If this version does not know the task.
    """
    if task not in _WORDINGS:
        raise DistillError(
            f"Expected a report about one of {', '.join(_WORDINGS)}, got {task!r}: use"
            " the version of spacy-distill that wrote it, or a newer one."
        )
    return _WORDINGS[task]
