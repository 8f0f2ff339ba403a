"""Scores, calibration and size of one pipeline on annotated Docs."""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import (
    Callable,
    Iterable,
    Iterator,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Union,
)

from spacy.language import Language
from spacy.tokens import Doc, DocBin
from spacy.training import Example

from ..docs import LOGITS, read_gold
from ..errors import DistillError
from ..files import sha256_bytes, sha256_path
from ..soft_labels.store import SoftLabels
from ..tasks.ner.task import (
    compact_ner_score,
    entity_outcomes,
    expected_calibration_error,
)
from .predictors import find_sized, find_spans_key
from .raw_outcomes import find_scored, raw_outcomes
from .rows import GOLD, TEACHER, CalibrationBin, ReferenceCounts, Row, TypeScore
from .size import count_parameters, folder_bytes


@dataclass(frozen=True)
class References:
    """Annotated Docs that predictions are compared with.

    Attributes:
        read: Reads the Docs with a pipeline's vocab.
        path: Where they are from, for display.
        sha256: Fingerprint of the data.
        kind: "gold", or "teacher" if the annotation is the teacher's predictions:
            scores are then agreement with the teacher, not quality.
        role: What the data are, e.g. "test data".
    """

    read: Callable[[Language], Iterator[Doc]]
    path: str
    sha256: str
    kind: str
    role: str


@dataclass(frozen=True)
class Measured:
    """Predictions of one pipeline and their scores.

    Attributes:
        row: Its measurements, without speed.
        docs: Its predictions.
        counts: What they were compared with.
        spans_key: Key of scored entities in `doc.spans`; None without probabilities.
    """

    row: Row
    docs: List[Doc]
    counts: ReferenceCounts
    spans_key: Optional[str]


def gold_references(
    gold: Union[str, Path, Iterable[Doc]], *, role: str = "test data"
) -> References:
    """Return gold annotation to compare with.

    Args:
        gold: `.spacy` file or folder, or annotated Docs.
        role: What the data are.
    """
    if isinstance(gold, (str, Path)):
        path = Path(gold)
        # Reading errors come before the error of a checksum of nothing.
        if not path.exists():
            next(read_gold(path, Language().vocab), None)
        return References(
            lambda nlp: read_gold(path, nlp.vocab),
            str(gold),
            sha256_path(path),
            GOLD,
            role,
        )
    data = DocBin(docs=list(gold)).to_bytes()
    return References(
        lambda nlp: DocBin().from_bytes(data).get_docs(nlp.vocab),
        "Docs in memory",
        sha256_bytes(data),
        GOLD,
        role,
    )


def held_out_references(soft_labels: Path, number: int) -> References:
    """Return held-out predictions of the teacher to compare with.

    Args:
        soft_labels: Folder of soft labels.
        number: Documents that training left out; see `SoftLabels.read_held_out`.
    """
    store = SoftLabels(soft_labels)

    def read(nlp: Language) -> Iterator[Doc]:
        for doc in store.read_held_out(nlp, number):
            store.task.annotate([doc], [doc.user_data[LOGITS]])
            doc.user_data = {}
            yield doc

    sha256 = sha256_path(soft_labels / "manifest.json")
    return References(
        read, str(soft_labels), sha256, TEACHER, "held-out documents of the soft labels"
    )


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
    examples = predict(nlp, references)
    entities = Counter(ent.label_ for eg in examples for ent in eg.reference.ents)
    return Measured(
        row=_score(nlp, examples, name, with_ece=references.kind == GOLD),
        docs=[eg.predicted for eg in examples],
        counts=ReferenceCounts(
            path=references.path,
            sha256=references.sha256,
            kind=references.kind,
            role=references.role,
            documents=len(examples),
            words=sum(len(eg.reference) for eg in examples),
            entities=dict(sorted(entities.items())),
        ),
        spans_key=find_spans_key(nlp),
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
    examples = [
        Example(unannotated(nlp, doc), doc) for doc in read_references(nlp, references)
    ]
    for eg, doc in zip(examples, nlp.pipe([eg.predicted for eg in examples])):
        eg.predicted = doc
    return examples


def read_references(nlp: Language, references: References) -> List[Doc]:
    """Read annotated Docs, without empty ones.

    Args:
        nlp: The pipeline whose vocab they get.
        references: The annotated Docs.

    Raises:
        DistillError: If there are no Docs, or no entity in any.
    """
    docs = [doc for doc in references.read(nlp) if len(doc)]
    if not any(doc.ents for doc in docs):
        raise DistillError(
            f"Expected Docs with entities in {references.path}, got none: give"
            " annotated ones."
        )
    return docs


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


def _score(nlp: Language, examples: List[Example], name: str, *, with_ece: bool) -> Row:
    scores = compact_ner_score(examples)
    key = find_spans_key(nlp) if with_ece else None
    outcomes = _Outcomes([], []) if key is None else _outcomes(nlp, examples, key)
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
