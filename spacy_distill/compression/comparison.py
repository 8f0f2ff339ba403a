"""Compare the predictions of a pipeline before and after, by kind of component."""

from abc import ABC, abstractmethod
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Dict, FrozenSet, List, Mapping, Sequence, Tuple, Type

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..docs import read_gold, trim_entities
from ..errors import DistillError
from ..evaluation.entities import get_entities
from ..evaluation.measure import unannotated
from ..tasks.ner.component import CompactNER
from ..tasks.ner.task import compact_ner_score
from ..tasks.storage import StoredPipe
from ..tasks.textcat.component import CompactTextCat
from ..tasks.textcat.scorer import THRESHOLD, textcat_score

Pipes = Sequence[Tuple[str, StoredPipe]]


class Output(ABC):
    """What components of a type predict.

    Attributes:
        name: Name of the component's factory.
        component: Type of the component.
        noun: What it predicts, in the plural.
        titles: Titles of the scores to show, by spaCy's names.
        words: Words that a table keeps by default as int8. With them, and with
            `table_bits`, scores hardly change (docs/small.md); categories depend on
            fewer words than entities.
        table_bits: Bits of a value in the tables by default as int8.
    """

    name: str
    component: Type[StoredPipe]
    noun: str
    titles: Mapping[str, str]
    words: int
    table_bits: float

    @abstractmethod
    def is_gold(self, doc: Doc, pipe: Any) -> bool:
        """Whether a Doc has annotation to compare with."""

    @abstractmethod
    def score(self, examples: List[Example], pipe: Any) -> Dict[str, Any]:
        """Return scores by spaCy's names."""

    @abstractmethod
    def read(self, doc: Doc, pipe: Any) -> FrozenSet[Any]:
        """Return what was predicted for a Doc."""


class _Entities(Output):
    name = "compact_ner"
    component = CompactNER
    noun = "entities"
    titles = {"ents_f": "F1"}
    words = 15_000
    table_bits = 3.5

    def is_gold(self, doc: Doc, pipe: CompactNER) -> bool:
        return bool(doc.ents)

    def score(self, examples: List[Example], pipe: CompactNER) -> Dict[str, Any]:
        return compact_ner_score(examples)

    def read(self, doc: Doc, pipe: CompactNER) -> FrozenSet[Any]:
        return frozenset(get_entities(doc))


class _Categories(Output):
    name = "compact_textcat"
    component = CompactTextCat
    noun = "categories"
    titles = {"cats_acc": "Accuracy", "cats_macro_f": "Macro F1"}
    words = 5_000
    table_bits = 3.0

    def is_gold(self, doc: Doc, pipe: CompactTextCat) -> bool:
        return any(label in doc.cats for label in pipe.labels)

    def score(self, examples: List[Example], pipe: CompactTextCat) -> Dict[str, Any]:
        return textcat_score(examples, labels=pipe.labels, exclusive=pipe.exclusive)

    def read(self, doc: Doc, pipe: CompactTextCat) -> FrozenSet[Any]:
        if pipe.exclusive and pipe.labels:
            return frozenset([max(pipe.labels, key=lambda label: doc.cats[label])])
        return frozenset(x for x in pipe.labels if doc.cats[x] >= THRESHOLD)


OUTPUTS: Tuple[Output, ...] = (_Entities(), _Categories())


def find_output(pipe: StoredPipe) -> Output:
    """Return what a component predicts."""
    return next(output for output in OUTPUTS if isinstance(pipe, output.component))


def nouns(pipes: Pipes) -> List[str]:
    """Return what components predict, in the plural, each noun once."""
    return list(dict.fromkeys(find_output(pipe).noun for _, pipe in pipes))


@dataclass(frozen=True)
class Predictions:
    """Predictions of a pipeline for gold documents.

    Attributes:
        scores: Scores by spaCy's names; empty without gold documents.
        found: What each component predicted, for each document.
    """

    scores: Dict[str, Any] = field(default_factory=dict)
    found: List[List[FrozenSet[Any]]] = field(default_factory=list)

    def differing(self, other: "Predictions") -> int:
        """Return the number of documents with other predictions."""
        return sum(a != b for a, b in zip(self.found, other.found))


def predict_gold(nlp: Language, pipes: Pipes, gold: Path) -> Predictions:
    """Run a pipeline over gold documents, and score its predictions.

    Args:
        nlp: The pipeline.
        pipes: Its components to compare, with their names.
        gold: `.spacy` file or folder.

    Returns:
        The predictions.

    Raises:
        DistillError: If the gold documents have nothing that any of the components
            predicts.
    """
    docs = [doc for doc in read_gold(gold, nlp.vocab) if len(doc)]
    for doc in docs:
        trim_entities(doc)
    annotated = [
        (find_output(pipe), pipe)
        for _, pipe in pipes
        if any(find_output(pipe).is_gold(doc, pipe) for doc in docs)
    ]
    if not annotated:
        raise DistillError(_nothing_to_compare(docs, pipes, gold))
    predicted = list(nlp.pipe([unannotated(nlp, doc) for doc in docs]))
    examples = [Example(*pair) for pair in zip(predicted, docs)]
    scores: Dict[str, Any] = {}
    for output, pipe in annotated:
        scores.update(output.score(examples, pipe))
    found = [
        [find_output(pipe).read(doc, pipe) for _, pipe in pipes] for doc in predicted
    ]
    return Predictions(scores, found)


def _nothing_to_compare(docs: Sequence[Doc], pipes: Pipes, gold: Path) -> str:
    expected = " or ".join(nouns(pipes))
    labels = dict.fromkeys(x for _, pipe in pipes for x in pipe.labels)
    others = Counter(label for doc in docs for label in doc.cats)
    got = "none"
    if others and "categories" in nouns(pipes):
        expected = f"{expected} out of {_list(list(labels))}"
        got = _list([label for label, _ in others.most_common()])
    return (
        f"Expected Docs with {expected} in {gold}, got {got}: give documents that are"
        " annotated with them."
    )


def _list(labels: Sequence[str]) -> str:
    return ", ".join(labels[:9]) + (", ..." if len(labels) > 9 else "")
