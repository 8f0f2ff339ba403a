"""Scores, calibration and size of one pipeline on annotated Docs."""

from collections import Counter
from dataclasses import dataclass
from typing import List, NamedTuple, Optional, Sequence

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..label_maps import LabelMap
from ..tasks.ner.task import (
    compact_ner_score,
    entity_outcomes,
    expected_calibration_error,
)
from .labels import find_labels, map_labels, relabel
from .predictors import find_sized, find_spans_key
from .raw_outcomes import find_scored, raw_outcomes
from .references import References
from .rows import GOLD, CalibrationBin, ReferenceCounts, Row, TypeScore
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
    """

    row: Row
    docs: List[Doc]
    references: List[Doc]
    counts: ReferenceCounts
    spans_key: Optional[str]
    labels: Optional[List[str]] = None


def measure(nlp: Language, references: References, *, name: str) -> Measured:
    """Run a pipeline over the texts of annotated Docs and score its predictions.

    Speed is measured by `speed.words_per_second`, with all pipelines in turns.

    Args:
        nlp: The pipeline.
        references: The annotated Docs.
        name: Name of the pipeline in the report.

    Raises:
        DistillError: If there are no Docs, or no entity in any.
    """
    docs, trimmed = references.read_docs(nlp)
    examples = _annotate(nlp, docs, references.label_map)
    known = find_labels(nlp)
    entities = Counter(ent.label_ for eg in examples for ent in eg.reference.ents)
    return Measured(
        row=_score(nlp, examples, name, references),
        docs=[eg.predicted for eg in examples],
        references=docs,
        counts=ReferenceCounts(
            path=references.path,
            sha256=references.sha256,
            kind=references.kind,
            role=references.role,
            documents=len(examples),
            words=sum(len(eg.reference) for eg in examples),
            entities=dict(sorted(entities.items())),
            trimmed=trimmed,
        ),
        spans_key=find_spans_key(nlp),
        labels=None if known is None else map_labels(known, references.label_map),
    )


def predict(nlp: Language, references: References) -> List[Example]:
    """Run a pipeline over the texts of annotated Docs.

    As in spaCy's own corpus, the pipeline's tokenizer splits them, unless the spaces
    between their tokens are unknown.

    Args:
        nlp: The pipeline.
        references: The annotated Docs.

    Raises:
        DistillError: If there are no Docs, or no entity in any.
    """
    docs, _ = references.read_docs(nlp)
    return _annotate(nlp, docs, references.label_map)


def _annotate(nlp: Language, docs: List[Doc], label_map: LabelMap) -> List[Example]:
    examples = [Example(unannotated(nlp, doc), doc) for doc in docs]
    key = find_spans_key(nlp)
    for eg, doc in zip(examples, nlp.pipe([eg.predicted for eg in examples])):
        relabel(doc, label_map, key)
        eg.predicted = doc
    return examples


def unannotated(nlp: Language, doc: Doc) -> Doc:
    """Create a Doc with the text of another.

    Args:
        nlp: Its tokenizer splits the text, unless the spaces between the tokens are
            unknown.
        doc: The other Doc.
    """
    if doc.has_unknown_spaces:
        return Doc(nlp.vocab, words=[token.text for token in doc])
    return nlp.make_doc(doc.text)


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


class _Outcomes(NamedTuple):
    probabilities: List[float]
    correct: List[bool]
    raw_ece: Optional[float] = None
    calibrated_on: int = 0
    cross_validated: bool = False


def _outcomes(nlp: Language, examples: List[Example], key: str) -> _Outcomes:
    """Probabilities of entities, and how they compare with uncalibrated ones."""
    found = find_scored(nlp)
    calibration = None if found is None else found[1].calibration
    if found is None or calibration is None:
        return _Outcomes(*entity_outcomes(examples, key))
    gold = [eg.reference for eg in examples]
    docs = [unannotated(nlp, doc) for doc in gold]
    raw = raw_outcomes(nlp, found[0], docs, gold)
    probabilities, cross_validated = raw.calibrated(calibration)
    return _Outcomes(
        probabilities.tolist(),
        raw.correct.tolist(),
        expected_calibration_error(raw.probabilities, raw.correct),
        calibration.entities,
        cross_validated,
    )


def _score(
    nlp: Language, examples: List[Example], name: str, references: References
) -> Row:
    scores = compact_ner_score(examples)
    key = find_spans_key(nlp) if references.kind == GOLD else None
    if key is None:
        outcomes = _Outcomes([], [])
    elif references.label_map:
        # The component's own labels are others, so raw outcomes cannot be compared.
        outcomes = _Outcomes(*entity_outcomes(examples, key))
    else:
        outcomes = _outcomes(nlp, examples, key)
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
        ece=expected_calibration_error(outcomes.probabilities, outcomes.correct),
        calibration=calibration_bins(outcomes.probabilities, outcomes.correct),
        raw_ece=outcomes.raw_ece,
        calibrated_on=outcomes.calibrated_on,
        cross_validated=outcomes.cross_validated,
        parameters=None if counts is None else counts.trained,
        table=0 if counts is None else counts.table,
        size=None if sized is None or sized.path is None else folder_bytes(sized.path),
    )
