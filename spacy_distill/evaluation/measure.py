"""Scores, calibration and size of one pipeline on annotated Docs."""

from dataclasses import dataclass
from typing import List, Optional, Sequence

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..tasks.calibration_error import expected_calibration_error
from .labels import map_labels
from .predictors import find_sized, find_spans_key, unannotated
from .references import References
from .rows import GOLD, CalibrationBin, ReferenceCounts, Row
from .scoring import Scoring
from .size import count_parameters, folder_bytes


@dataclass(frozen=True)
class Measured:
    """Predictions of one pipeline and their scores.

    Attributes:
        row: Its measurements, without speed.
        docs: Its predictions.
        references: The Docs that they were compared with, in the same order.
        counts: What they were compared with.
        spans_key: Key of scored entities in `doc.spans`; None without probabilities.
        labels: Labels that the pipeline can predict; None if they are unknown.
        scoring: What was scored.
    """

    row: Row
    docs: List[Doc]
    references: List[Doc]
    counts: ReferenceCounts
    spans_key: Optional[str]
    labels: Optional[List[str]]
    scoring: Scoring


def measure(nlp: Language, references: References, *, name: str) -> Measured:
    """Run a pipeline over the texts of annotated Docs and score its predictions.

    Speed is measured by `speed.words_per_second`, with all pipelines in turns.

    Args:
        nlp: The pipeline.
        references: The annotated Docs.
        name: Name of the pipeline in the report.

    Raises:
        DistillError: If there are no Docs, or if none is annotated.
    """
    scoring = references.find_scoring(nlp)
    docs, changes = references.read_docs(nlp)
    examples = _annotate(nlp, docs, references)
    known = scoring.find_labels(nlp)
    return Measured(
        row=_score(nlp, examples, name, references, scoring),
        docs=[eg.predicted for eg in examples],
        references=docs,
        counts=ReferenceCounts(
            path=references.path,
            sha256=references.sha256,
            kind=references.kind,
            role=references.role,
            documents=len(examples),
            words=sum(len(eg.reference) for eg in examples),
            entities=scoring.count(docs),
            task=scoring.task,
            **changes,
        ),
        spans_key=find_spans_key(nlp),
        labels=None if known is None else map_labels(known, references.label_map),
        scoring=scoring,
    )


def predict(nlp: Language, references: References) -> List[Example]:
    """Run a pipeline over the texts of annotated Docs.

    As in spaCy's own corpus, the pipeline's tokenizer splits them, unless the spaces
    between their tokens are unknown.

    Args:
        nlp: The pipeline.
        references: The annotated Docs.

    Raises:
        DistillError: If there are no Docs, or if none is annotated.
    """
    docs, _ = references.read_docs(nlp)
    return _annotate(nlp, docs, references)


def _annotate(nlp: Language, docs: List[Doc], references: References) -> List[Example]:
    scoring = references.find_scoring(nlp)
    examples = [Example(unannotated(nlp, doc), doc) for doc in docs]
    key = find_spans_key(nlp)
    for eg, doc in zip(examples, nlp.pipe([eg.predicted for eg in examples])):
        scoring.relabel(doc, references.label_map, key)
        eg.predicted = doc
    return examples


def calibration_bins(
    probabilities: Sequence[float], correct: Sequence[bool], n_bins: int = 10
) -> List[CalibrationBin]:
    """Return the bins that the expected calibration error is summed over.

    Args:
        probabilities: Probability of each prediction.
        correct: Whether each prediction is right.
        n_bins: Number of bins of equal width.

    Returns:
        The bins that have predictions.
    """
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


def _score(
    nlp: Language,
    examples: List[Example],
    name: str,
    references: References,
    scoring: Scoring,
) -> Row:
    scores = scoring.score(
        nlp,
        examples,
        with_probabilities=references.kind == GOLD,
        label_map=references.label_map,
    )
    sized = find_sized(nlp)
    counts = None if sized is None else count_parameters(sized)
    return Row(
        name=name,
        components=list(nlp.pipe_names),
        precision=scores.precision,
        recall=scores.recall,
        f1=scores.f1,
        per_type=scores.per_type,
        ece=expected_calibration_error(scores.probabilities, scores.correct),
        calibration=calibration_bins(scores.probabilities, scores.correct),
        raw_ece=scores.raw_ece,
        calibrated_on=scores.calibrated_on,
        cross_validated=scores.cross_validated,
        parameters=None if counts is None else counts.trained,
        table=0 if counts is None else counts.table,
        size=None if sized is None or sized.path is None else folder_bytes(sized.path),
        macro_f1=scores.macro_f1,
        accuracy=scores.accuracy,
        characters=scores.characters,
    )
