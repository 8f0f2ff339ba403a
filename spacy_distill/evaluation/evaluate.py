"""Measure pipelines side by side and put the results together."""

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Dict, Iterable, List, Mapping, Optional, Sequence, Set, Union

from spacy.language import Language
from spacy.tokens import Doc

from ..label_maps import LabelMap
from .agreement import Agreement, compare_entities
from .development import (
    DEVELOPMENT,
    find_development,
    find_role,
    measure_development,
)
from .environment import get_machine, get_versions
from .labels import (
    check_label_map,
    check_shared,
    find_labels,
    relabel,
)
from .measure import Measured, Row, measure, unannotated
from .predictors import Predictor, describe_source, find_spans_key, load_predictor
from .references import References, gold_references
from .report import Report, SoftLabelCounts, with_comparison
from .rows import GOLD, DevelopmentScores
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

    Args:
        pipelines: By name, a pipeline, a teacher, or the name or path of either; the
            teacher first and the student last.
        gold: `.spacy` file or folder, or annotated Docs.
        dev: Development data, likewise, for scores beside those on `gold`. By default
            the scores are those that `distill` measured, for pipelines that have its
            report.
        soft_labels: Folder of soft labels that the students learned from.
        label_map: New labels of gold annotation and predictions alike: renamed, merged,
            or None to drop a label. Other labels stay.
        rounds: Rounds of the speed measurement, the median of which counts; 0 to skip
            it.

    Returns:
        The report.

    Raises:
        DistillError: If a pipeline, the gold Docs or the soft labels cannot be used, or
            if a pipeline shares no label with the gold Docs.
    """
    labels = dict(label_map or {})
    # First, since errors in it show at once.
    sample = None if soft_labels is None else sample_soft_labels(Path(soft_labels))
    loaded = {name: load_predictor(source) for name, source in pipelines.items()}
    references = gold_references(gold, label_map=labels)
    role = find_role(loaded.values(), references.sha256)
    references = replace(references, role=role)
    known = {name: find_labels(nlp) for name, nlp in loaded.items()}
    in_gold = _check_labels(references, known)
    development = None
    if dev is None:
        development = find_development(loaded, references.sha256)
    else:
        held = gold_references(dev, role=DEVELOPMENT, label_map=labels)
        _check_labels(held, known)
        development = measure_development(loaded, held)
    measured: List[Measured] = []
    for name, nlp in loaded.items():
        measured.append(measure(nlp, references, name=name))
        if known[name] is None:
            found = {ent.label_ for doc in measured[-1].docs for ent in doc.ents}
            check_shared(name, sorted(found), in_gold, {})
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
        [replace(m, row=_with_speed(m.row, speeds)) for m in measured],
        sources={name: describe_source(s) for name, s in pipelines.items()},
        sample=sample if sample is None else _with_labels(sample, labels),
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
    training = {name: find_training_facts(nlp) for name, nlp in students.items()}
    labels = dict(label_map or {})
    report = Report(
        rows=[m.row for m in measured],
        sources=dict(sources),
        training={name: facts for name, facts in training.items() if facts is not None},
        comparison=None,
        agreement={
            m.row.name: compare_entities(
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
            else {n: _compare(nlp, sample, labels) for n, nlp in students.items()}
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


def _compare(nlp: Language, sample: SoftSample, label_map: LabelMap) -> Agreement:
    key = find_spans_key(nlp)
    docs = list(nlp.pipe([unannotated(nlp, doc) for doc in sample.docs]))
    for doc in docs:
        relabel(doc, label_map, key)
    return compare_entities(sample.docs, docs, spans_key=key)


def _check_labels(
    references: References, known: Mapping[str, Optional[List[str]]]
) -> List[str]:
    """Check the label map and that each pipeline shares labels with the references.

    Returns:
        The labels of the references.
    """
    plain = replace(references, label_map={})
    names = {label for labels in known.values() for label in labels or ()}
    names |= _labels_in(plain)
    check_label_map(
        references.label_map, None if None in known.values() else sorted(names)
    )
    in_gold = sorted(_labels_in(references))
    for name, labels in known.items():
        if labels is not None:
            check_shared(name, labels, in_gold, references.label_map)
    return in_gold


def _labels_in(references: References) -> Set[str]:
    docs, _ = references.read_docs(Language())
    return {ent.label_ for doc in docs for ent in doc.ents}


def _with_labels(sample: SoftSample, label_map: LabelMap) -> SoftSample:
    for doc in sample.docs:
        relabel(doc, label_map)
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


def _with_speed(row: Row, speeds: Mapping[str, float]) -> Row:
    return replace(row, words_per_second=speeds.get(row.name))
