"""Scores, calibration and size of one pipeline on gold Docs."""

from dataclasses import dataclass
from pathlib import Path
from typing import Dict, List, Optional, Sequence

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..docs import read_gold
from ..errors import DistillError
from ..tasks.ner.scorer import (
    compact_ner_score,
    entity_outcomes,
    expected_calibration_error,
)
from .predictors import find_sized, find_spans_key
from .size import count_parameters, folder_bytes


@dataclass(frozen=True)
class CalibrationBin:
    """Entities whose probability lies in [low, high); the last bin has 1.0 as well.

    probability: the mean of what the pipeline said. accuracy: how many were right.
    """

    low: float
    high: float
    entities: int
    probability: float
    accuracy: float


def calibration_bins(
    probabilities: Sequence[float], correct: Sequence[bool], n_bins: int = 10
) -> List[CalibrationBin]:
    """The bins of equal width that the expected calibration error is summed over,
    empty ones left out."""
    members: List[List[int]] = [[] for _ in range(n_bins)]
    for i, probability in enumerate(probabilities):
        members[min(int(probability * n_bins), n_bins - 1)].append(i)
    return [
        CalibrationBin(
            low=k / n_bins,
            high=(k + 1) / n_bins,
            entities=len(indices),
            probability=sum(probabilities[i] for i in indices) / len(indices),
            accuracy=sum(correct[i] for i in indices) / len(indices),
        )
        for k, indices in enumerate(members)
        if indices
    ]


@dataclass(frozen=True)
class TypeScore:
    """Precision, recall and F1 of one entity type, each in [0, 1]."""

    precision: float
    recall: float
    f1: float


@dataclass(frozen=True)
class Row:
    """One line of the table: a pipeline and what was measured of it.

    components: the names of those that run.
    precision, recall, f1: of whole entities, in [0, 1].
    ece: expected calibration error; None if the pipeline gives no probabilities.
    parameters: trained ones; None if that cannot be told, as of a teacher that is no
        pipeline. table: numbers in the table for unknown words.
    size: bytes on disk; None for what is in memory alone, or cannot be told.
    words_per_second: None if it was not measured.
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


def measure(nlp: Language, gold: Path, *, name: str) -> Row:
    """Run a pipeline over gold Docs and measure everything but its speed, which is
    `speed.words_per_second`'s: that takes all pipelines in turns.

    gold: `.spacy` file or folder. name: what to call the pipeline.
    RAISES: DistillError if there is no gold annotation to compare with.
    """
    return measure_examples(nlp, predict(nlp, gold), name=name)


def predict(nlp: Language, gold: Path) -> List[Example]:
    """Run a pipeline over the texts of gold Docs. As in spaCy's own corpus, the
    pipeline's tokenizer cuts them, unless the Docs do not know their spaces.

    RAISES: DistillError if there are no Docs, or no entity in any.
    """
    examples = [
        Example(unannotated(nlp, doc), doc)
        for doc in read_gold(gold, nlp.vocab)
        if len(doc)
    ]
    if not any(eg.reference.ents for eg in examples):
        raise DistillError(
            f"Expected Docs with entities in {gold}, got none: give annotated ones."
        )
    for eg, doc in zip(examples, nlp.pipe([eg.predicted for eg in examples])):
        eg.predicted = doc
    return examples


def measure_examples(nlp: Language, examples: List[Example], *, name: str) -> Row:
    """As `measure`, with Examples that `predict` gave."""
    scores = compact_ner_score(examples)
    key = find_spans_key(nlp)
    outcomes = entity_outcomes(examples, key) if key is not None else ([], [])
    sized = find_sized(nlp)
    counts = None if sized is None else count_parameters(sized)
    return Row(
        name=name,
        components=list(nlp.pipe_names),
        precision=scores["ents_p"],
        recall=scores["ents_r"],
        f1=scores["ents_f"],
        per_type={
            label: TypeScore(precision=prf["p"], recall=prf["r"], f1=prf["f"])
            for label, prf in sorted(scores["ents_per_type"].items())
        },
        ece=expected_calibration_error(*outcomes),
        calibration=calibration_bins(*outcomes),
        parameters=None if counts is None else counts.trained,
        table=0 if counts is None else counts.table,
        size=None if sized is None or sized.path is None else folder_bytes(sized.path),
    )


def unannotated(nlp: Language, doc: Doc) -> Doc:
    """A Doc of the same text, cut by the pipeline's tokenizer unless the Doc does not
    know its spaces."""
    if doc.has_unknown_spaces:
        return Doc(nlp.vocab, words=[token.text for token in doc])
    return nlp.make_doc(doc.text)
