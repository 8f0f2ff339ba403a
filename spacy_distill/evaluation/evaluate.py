"""Measure pipelines side by side and put the results together."""

from dataclasses import replace
from pathlib import Path
from typing import Dict, Iterable, Mapping, Optional, Sequence, Union

from spacy.language import Language
from spacy.tokens import Doc

from .agreement import Agreement, compare_entities
from .environment import get_machine, get_versions
from .measure import Measured, Row, gold_references, measure, unannotated
from .predictors import Predictor, describe_source, find_spans_key, load_predictor
from .report import Report, SoftLabelCounts, compare_rows
from .soft_sample import SoftSample, sample_soft_labels
from .speed import words_per_second
from .training_facts import find_training_facts

# Dropped entities that a report names; the manifest names all.
_MOST_NAMED = 20


def evaluate(
    pipelines: Mapping[str, Predictor],
    gold: Union[str, Path, Iterable[Doc]],
    *,
    soft_labels: Optional[Union[str, Path]] = None,
    rounds: int = 5,
) -> Report:
    """Measure pipelines on the same gold Docs.

    Args:
        pipelines: By name, a pipeline, a teacher, or the name or path of either; the
            teacher first and the student last.
        gold: `.spacy` file or folder, or annotated Docs.
        soft_labels: Folder of soft labels that the students learned from.
        rounds: Rounds of the speed measurement, the median of which counts; 0 to skip
            it.

    Returns:
        The report.

    Raises:
        DistillError: If a pipeline, the gold Docs or the soft labels cannot be used.
    """
    # First, since errors in it show at once.
    sample = None if soft_labels is None else sample_soft_labels(Path(soft_labels))
    loaded = {name: load_predictor(source) for name, source in pipelines.items()}
    references = gold_references(gold)
    measured = [measure(nlp, references, name=name) for name, nlp in loaded.items()]
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
        sample=sample,
        students={name: loaded[name] for name in list(loaded)[1:] or loaded},
        rounds=rounds,
    )


def put_together(
    measured: Sequence[Measured],
    *,
    sources: Mapping[str, str],
    sample: Optional[SoftSample],
    students: Mapping[str, Language],
    rounds: int,
) -> Report:
    """Create the report of pipelines that were measured on the same Docs.

    Args:
        measured: The measurements; the teacher first and the student last.
        sources: Where each pipeline was loaded from, by name.
        sample: A sample of the soft labels; None for none.
        students: The trained pipelines, by name. They are compared with the sample.
        rounds: Rounds of the speed measurement.
    """
    first, *others = measured
    rows = [m.row for m in measured]
    training = {name: find_training_facts(nlp) for name, nlp in students.items()}
    return Report(
        rows=rows,
        sources=dict(sources),
        training={name: facts for name, facts in training.items() if facts is not None},
        comparison=compare_rows(rows),
        agreement={
            m.row.name: compare_entities(first.docs, m.docs, spans_key=m.spans_key)
            for m in others
        },
        soft_agreement=(
            {}
            if sample is None
            else {name: _compare(nlp, sample) for name, nlp in students.items()}
        ),
        references=first.counts,
        soft_labels=None if sample is None else _count_soft(sample),
        rounds=rounds,
        versions=get_versions(),
        machine=get_machine(),
    )


def _compare(nlp: Language, sample: SoftSample) -> Agreement:
    docs = list(nlp.pipe([unannotated(nlp, doc) for doc in sample.docs]))
    return compare_entities(sample.docs, docs, spans_key=find_spans_key(nlp))


def _count_soft(sample: SoftSample) -> SoftLabelCounts:
    manifest, counts = sample.manifest, sample.manifest.counts
    return SoftLabelCounts(
        teacher=manifest.teacher,
        teacher_hash=manifest.teacher_hash,
        documents=counts.docs,
        words=counts.tokens,
        unaligned=counts.unaligned,
        labels=counts.labels,
        dropped=counts.dropped,
        dropped_first=manifest.dropped[:_MOST_NAMED],
        mean_entropy=counts.mean_entropy,
        sampled=len(sample.docs),
        entropy=sample.entropy,
    )


def _with_speed(row: Row, speeds: Mapping[str, float]) -> Row:
    return replace(row, words_per_second=speeds.get(row.name))
