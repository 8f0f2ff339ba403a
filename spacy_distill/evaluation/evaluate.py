"""Measure pipelines and put together what came of it."""

from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Dict, List, Mapping, Optional, Sequence

from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from ..files import sha256_path
from .agreement import Agreement, compare_entities
from .environment import get_machine, get_versions
from .measure import Row, measure_examples, predict, unannotated
from .predictors import find_spans_key, load_predictor
from .report import GoldCounts, Report, SoftLabelCounts, compare_rows
from .soft_sample import SoftSample, sample_soft_labels
from .speed import words_per_second

# Lost entities that a report names; the manifest names all.
_MOST_NAMED = 20


@dataclass(frozen=True)
class Measured:
    """What one pipeline made of the gold texts.

    row: its scores, without its speed. docs: its predictions.
    gold: what it was compared with. spans_key: where its probabilities are.
    """

    row: Row
    docs: List[Doc]
    gold: GoldCounts
    spans_key: Optional[str]


def make_report(
    sources: Mapping[str, str],
    gold: Path,
    *,
    soft_labels: Optional[Path] = None,
    rounds: int = 5,
) -> Report:
    """Measure pipelines on the same gold Docs.

    sources: by name, an installed package, a folder, or any other teacher (see
        `pipelines.load_predictor`); the teacher first and the one that matters last.
    soft_labels: the folder that the students learned from.
    rounds: see `words_per_second`; with 0, speed is not measured.
    RAISES: DistillError if a pipeline, the gold Docs or the soft labels cannot be used.
    """
    # First, since what is amiss with it shows at once.
    sample = None if soft_labels is None else sample_soft_labels(soft_labels)
    pipelines = {name: load_predictor(source) for name, source in sources.items()}
    measured = [measure_on(nlp, gold, name=name) for name, nlp in pipelines.items()]
    first = measured[0]
    speeds: Dict[str, float] = {}
    if rounds:
        speeds = words_per_second(
            pipelines,
            [doc.text for doc in first.docs],
            words=first.gold.words,
            rounds=rounds,
        )
    students = {name: pipelines[name] for name in list(pipelines)[1:] or pipelines}
    return put_together(
        [replace(m, row=_with_speed(m.row, speeds)) for m in measured],
        sources=sources,
        sample=sample,
        students=students,
        rounds=rounds,
    )


def measure_on(nlp: Language, gold: Path, *, name: str) -> Measured:
    """Run a pipeline over the texts of gold Docs and score what it finds.

    RAISES: DistillError if there are no Docs, or no entity in any.
    """
    examples = predict(nlp, gold)
    return Measured(
        row=measure_examples(nlp, examples, name=name),
        docs=[eg.predicted for eg in examples],
        gold=_count_gold(gold, examples),
        spans_key=find_spans_key(nlp),
    )


def put_together(
    measured: Sequence[Measured],
    *,
    sources: Mapping[str, str],
    sample: Optional[SoftSample],
    students: Mapping[str, Language],
    rounds: int,
) -> Report:
    """Make the report of pipelines that were measured on the same gold Docs.

    students: those to be compared with the sample of the soft labels.
    """
    first, *others = measured
    rows = [m.row for m in measured]
    return Report(
        rows=rows,
        sources=dict(sources),
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
        gold=first.gold,
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
        words_without_pieces=counts.tokens_without_pieces,
        entities=counts.entities,
        lost=counts.lost,
        lost_first=manifest.lost[:_MOST_NAMED],
        mean_entropy=counts.mean_entropy,
        sampled=len(sample.docs),
        entropy=sample.entropy,
    )


def _with_speed(row: Row, speeds: Mapping[str, float]) -> Row:
    return replace(row, words_per_second=speeds.get(row.name))


def _count_gold(gold: Path, examples: Sequence[Example]) -> GoldCounts:
    entities = Counter(ent.label_ for eg in examples for ent in eg.reference.ents)
    return GoldCounts(
        path=str(gold),
        sha256=sha256_path(gold),
        documents=len(examples),
        words=sum(len(eg.reference) for eg in examples),
        entities=dict(sorted(entities.items())),
    )
