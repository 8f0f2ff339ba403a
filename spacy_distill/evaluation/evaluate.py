"""Measure pipelines side by side and put the results together."""

from collections import Counter
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Set, Union

from spacy.language import Language
from spacy.tokens import Doc

from ..addresses import as_path
from ..errors import DistillError
from ..label_maps import LabelMap
from .agreement import Agreement
from .choose_scoring import choose_scoring, scoring_of_task
from .development import (
    DEVELOPMENT,
    find_development,
    find_role,
    measure_development,
)
from .environment import get_machine, get_versions
from .measure import Measured, measure
from .predictors import (
    Predictor,
    describe_source,
    find_spans_key,
    load_predictor,
    unannotated,
)
from .references import References, gold_references
from .report import Report, SoftLabelCounts, with_comparison
from .rows import GOLD, DevelopmentScores
from .scoring import Scoring
from .soft_sample import SoftSample, sample_soft_labels
from .speed import words_per_second
from .training_facts import find_training_facts

# Dropped entities that a report names; the manifest names all.
_MOST_NAMED = 20


def evaluate(
    pipelines: Mapping[str, Predictor],
    gold: Union[str, Path, Iterable[Doc]],
    *,
    dev: Optional[Union[str, Path, Iterable[Doc]]] = None,
    soft_labels: Optional[Union[str, Path]] = None,
    label_map: Optional[LabelMap] = None,
    rounds: int = 5,
) -> Report:
    """Measure pipelines on the same gold Docs.

    Pipelines that classify texts are scored by their categories, others by entities.

    Args:
        pipelines: By name, a pipeline, a teacher, or the name or path of either; the
            teacher first and the student last.
        gold: `.spacy` file or folder, or annotated Docs.
        dev: Development data, likewise, for scores beside those on `gold`. By default
            the scores are those that `distill` measured, for pipelines that have its
            report.
        soft_labels: Folder of soft labels that the students learned from.
        label_map: New labels of gold annotation and predictions alike: renamed, merged,
            or None to drop a label, or documents of a category. Other labels stay.
        rounds: Rounds of the speed measurement, the median of which counts; 0 to skip
            it.

    Returns:
        The report.

    Raises:
        DistillError: If a pipeline, the gold Docs or the soft labels cannot be used, if
            a pipeline shares no entity label with the gold Docs or lacks one of their
            categories, or if some pipelines classify texts and others do not.
    """
    labels = dict(label_map or {})
    # First, since errors in it show at once.
    sample = None if soft_labels is None else sample_soft_labels(as_path(soft_labels))
    loaded = {name: load_predictor(source) for name, source in pipelines.items()}
    references = gold_references(gold, label_map=labels)
    role = find_role(loaded.values(), references.sha256)
    scoring = choose_scoring(loaded, partial(references.read, Language()))
    if sample is not None:
        _check_soft_labels(sample, scoring)
    references = replace(references, role=role, scoring=scoring)
    known = {name: scoring.find_labels(nlp) for name, nlp in loaded.items()}
    in_gold = _check_labels(references, known)
    development = None
    if dev is None:
        development = find_development(loaded, references.sha256)
    else:
        held = gold_references(dev, role=DEVELOPMENT, label_map=labels)
        held = replace(held, scoring=scoring)
        _check_labels(held, known)
        development = measure_development(loaded, held)
    measured: List[Measured] = []
    for name, nlp in loaded.items():
        measured.append(measure(nlp, references, name=name))
        if known[name] is None:
            found = scoring.predicted_labels(measured[-1].docs)
            scoring.check_labels(name, found, in_gold, {})
    first = measured[0]
    speeds: Dict[str, float] = {}
    if rounds:
        speeds = words_per_second(
            loaded,
            [doc.text for doc in first.docs],
            words=first.counts.words,
            rounds=rounds,
        )
    return put_together(
        [_with_speed(m, speeds) for m in measured],
        sources={name: describe_source(s) for name, s in pipelines.items()},
        sample=sample if sample is None else _with_labels(sample, scoring, labels),
        students={name: loaded[name] for name in list(loaded)[1:] or loaded},
        rounds=rounds,
        development=development,
        label_map=labels,
    )


def put_together(
    measured: Sequence[Measured],
    *,
    sources: Mapping[str, str],
    sample: Optional[SoftSample],
    students: Mapping[str, Language],
    rounds: int,
    development: Optional[DevelopmentScores] = None,
    label_map: Optional[LabelMap] = None,
) -> Report:
    """Create the report of pipelines that were measured on the same Docs.

    Args:
        measured: The measurements; the teacher first and the student last.
        sources: Where each pipeline was loaded from, by name.
        sample: A sample of the soft labels; None for none.
        students: The trained pipelines, by name. They are compared with the sample.
        rounds: Rounds of the speed measurement.
        development: Scores on development data.
        label_map: New labels of the students' predictions.
    """
    first, *others = measured
    scoring = first.scoring
    training = {name: find_training_facts(nlp) for name, nlp in students.items()}
    labels = dict(label_map or {})
    report = Report(
        rows=[m.row for m in measured],
        sources=dict(sources),
        training={name: facts for name, facts in training.items() if facts is not None},
        comparison=None,
        agreement={
            m.row.name: scoring.compare(
                first.docs,
                m.docs,
                spans_key=m.spans_key,
                # In an agreement report the references are the teacher's predictions.
                gold=first.references if first.counts.kind == GOLD else None,
            )
            for m in others
        },
        soft_agreement=(
            {}
            if sample is None
            else {
                name: _compare(nlp, sample, scoring, labels)
                for name, nlp in students.items()
            }
        ),
        references=first.counts,
        soft_labels=None if sample is None else _count_soft(sample, labels),
        rounds=rounds,
        versions=get_versions(),
        machine=get_machine(),
        labels={m.row.name: m.labels for m in measured if m.labels is not None},
        development=development,
    )
    return with_comparison(report)


def _compare(
    nlp: Language, sample: SoftSample, scoring: Scoring, label_map: LabelMap
) -> Agreement:
    key = find_spans_key(nlp)
    docs = list(nlp.pipe([unannotated(nlp, doc) for doc in sample.docs]))
    for doc in docs:
        scoring.relabel(doc, label_map, key)
    return scoring.compare(sample.docs, docs, spans_key=key)


def _check_labels(
    references: References, known: Mapping[str, Optional[List[str]]]
) -> List[str]:
    """Check the label map and that each pipeline shares labels with the references.

    Returns:
        The labels of the references.
    """
    scoring = references.find_scoring(Language())
    plain = replace(references, label_map={})
    names = {label for labels in known.values() for label in labels or ()}
    names |= _labels_in(plain, scoring)
    scoring.check_label_map(
        references.label_map, None if None in known.values() else sorted(names)
    )
    in_gold = sorted(_labels_in(references, scoring))
    for name, labels in known.items():
        if labels is not None:
            scoring.check_labels(name, labels, in_gold, references.label_map)
    return in_gold


def _labels_in(references: References, scoring: Scoring) -> Set[str]:
    docs, _ = references.read_docs(Language())
    return set(scoring.count(docs))


def _check_soft_labels(sample: SoftSample, scoring: Scoring) -> None:
    """Check that soft labels are of the task that is scored."""
    found = scoring_of_task(sample.manifest.find_task())
    if found.counts_documents != scoring.counts_documents:
        raise DistillError(
            f"Expected soft labels of the pipelines' task, {scoring.task}, got"
            f" {found.task}: give those that the student learned from."
        )


def _with_labels(
    sample: SoftSample, scoring: Scoring, label_map: LabelMap
) -> SoftSample:
    for doc in sample.docs:
        scoring.relabel(doc, label_map, None)
    return sample


def _count_soft(sample: SoftSample, label_map: LabelMap) -> SoftLabelCounts:
    manifest, counts = sample.manifest, sample.manifest.counts
    labels: Counter[str] = Counter()
    for label, count in counts.labels.items():
        new = label_map.get(label, label)
        if new is not None:
            labels[new] += count
    return SoftLabelCounts(
        teacher=manifest.teacher,
        teacher_hash=manifest.teacher_hash,
        documents=counts.docs,
        words=counts.tokens,
        unaligned=counts.unaligned,
        labels=dict(labels),
        dropped=counts.dropped,
        dropped_first=manifest.dropped[:_MOST_NAMED],
        mean_entropy=counts.mean_entropy,
        sampled=len(sample.docs),
        entropy=sample.entropy,
    )


def _with_speed(measured: Measured, speeds: Mapping[str, float]) -> Measured:
    row, counts = measured.row, measured.counts
    words = speeds.get(row.name)
    documents = None
    if words is not None and measured.scoring.counts_documents:
        documents = words * counts.documents / counts.words
    row = replace(row, words_per_second=words, documents_per_second=documents)
    return replace(measured, row=row)
