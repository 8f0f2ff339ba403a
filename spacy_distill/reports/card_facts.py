"""What a model card says that is not measured: given facts, and words of a task."""

from dataclasses import dataclass, replace
from typing import List, Optional

from ..evaluation.rows import NER, TrainingFacts
from ..tasks.textcat.task import EXCLUSIVE, MULTILABEL


@dataclass(frozen=True)
class CardFacts:
    """Contents of a card that are not measured. Empty strings are left out.

    Attributes:
        package: Name of the package, including the language code.
        version: Version of the package.
        language: Name of the language.
        labels: Labels that the pipeline predicts.
        spans_key: Key of scored entities in `doc.spans`; None without probabilities.
        numpy_only: Whether all components are known to run without torch.
        description: One sentence about the pipeline.
        license: License of the package.
        data: What the pipeline was trained on, in Markdown.
        teacher: What it was distilled from.
        teacher_license: License of the teacher.
        author: Who made it.
        url: Where to find out more.
        runtime: What the components run on, if not on torch.
    """

    package: str
    version: str
    language: str
    labels: List[str]
    spans_key: Optional[str]
    numpy_only: bool
    description: str
    license: str = ""
    data: str = ""
    teacher: str = ""
    teacher_license: str = ""
    author: str = ""
    url: str = ""
    runtime: str = "numpy"


@dataclass(frozen=True)
class CardTask:
    """What a card says about a task.

    Attributes:
        predicts: What a pipeline predicts in text of a language.
        labels: Heading of the labels.
        tag: Tag of the task on the Hugging Face hub, shown on the card; empty for none.
        limit: Sentence about how many labels a text may have.
        prefix: Of spaCy's names of scores.
        micro: Of the names of overall precision, recall and F1.
        per_type: Name of the scores of each label.
    """

    predicts: str
    labels: str
    tag: str
    limit: str
    prefix: str
    micro: str
    per_type: str

    def describe(self, language: str) -> str:
        """Return what a pipeline predicts in text of a language."""
        return self.predicts.format(language=language)


_CATEGORIES = CardTask(
    predicts="One category for each text in {language}",
    labels="Categories",
    tag="text-classification",
    limit="Each text gets exactly one category.",
    prefix="cats",
    micro="micro_",
    per_type="f_per_type",
)
CARD_TASKS = {
    NER: CardTask(
        predicts="Named entities in {language} text",
        labels="Labels",
        tag="",
        limit="Entities do not overlap.",
        prefix="ents",
        micro="",
        per_type="per_type",
    ),
    EXCLUSIVE: _CATEGORIES,
    MULTILABEL: replace(
        _CATEGORIES,
        predicts="Any number of categories for each text in {language}",
        limit="A text may get several categories or none.",
    ),
}


def default_description(
    language: str, training: Optional[TrainingFacts], *, task: str = NER
) -> str:
    """Describe a pipeline in one sentence, without figures.

    Args:
        language: Name of the language.
        training: How it was trained; None if unknown.
        task: Name of the task that was measured.
    """
    distilled = training is not None and training.soft_labels
    by = "a student of a teacher's predictions" if distilled else "a pipeline"
    return f"{CARD_TASKS[task].describe(language)}, by {by}."
