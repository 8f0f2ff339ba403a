"""What a reader must know before they trust the figures of a report."""

from dataclasses import dataclass
from typing import Dict, List, Optional

from ..evaluation.comparison import LEAST_F1
from ..evaluation.report import Report
from ..evaluation.rows import NER, Quantization, Row
from ..label_maps import label_map_option, suggest_map
from ..tasks.textcat.task import MULTILABEL
from .table import percent
from .wording import wording_of


@dataclass(frozen=True)
class Caveat:
    """A warning.

    Attributes:
        text: Sentences.
        option: An option of `evaluate` to paste, which changes what is measured.
    """

    text: str
    option: str = ""


def caveats(report: Report) -> List[Caveat]:
    """Return the warnings that belong to a report, the most serious first.

    Args:
        report: The report.

    Returns:
        Warnings about pipelines that are hardly better than nothing, about labels that
        differ from those of the gold annotation, about trimmed entities or documents
        that were left out, and about a pipeline that was quantized after it was
        measured.
    """
    found = [
        *(
            _near_nothing(report, row)
            for row in report.rows
            if report.is_untrained(row)
        ),
        *_labels(report),
    ]
    trimmed = report.references.trimmed
    if trimmed:
        found.append(
            Caveat(
                f"{trimmed:,} {_plural('entity', 'entities', trimmed)} of the"
                f" {report.references.kind} annotation began or ended with whitespace,"
                " which was cut off."
            )
        )
    left_out = report.references.left_out
    if left_out:
        found.append(
            Caveat(
                f"{left_out:,} {_plural('document was', 'documents were', left_out)}"
                f" left out, without a category in the {report.references.kind}"
                " annotation or one that the label map keeps."
            )
        )
    if report.quantization is not None:
        found.append(Caveat(describe_quantization(report.quantization)))
    return found


def describe_quantization(done: Quantization) -> str:
    """Describe what was done to a pipeline after it was measured.

    Args:
        done: Its quantization.

    Returns:
        Sentences.
    """
    how = [f"parameters stored as {done.storage}"]
    if done.words is not None:
        how.append(f"at most {done.words:,} words in a table")
    if done.table_bits is not None:
        how.append(f"{done.table_bits:g} bits for a value of the tables")
    text = f"The pipeline was quantized after it was measured ({', '.join(how)})."
    measured = [
        (f"its {name} is {percent(after)} and was {percent(before)} before", noun)
        for name, noun, before, after in (
            ("F1", "entities", done.f1_before, done.f1),
            ("accuracy", "categories", done.accuracy_before, done.accuracy),
        )
        if before is not None and after is not None
    ]
    if measured:
        scores, nouns = zip(*measured)
        text += (
            f" On {done.documents:,} gold documents {', '.join(scores)};"
            f" {done.differing:,} of them have other {' or '.join(nouns)} now."
        )
    return f"{text} All other figures are of the pipeline before that."


def _near_nothing(report: Report, row: Row) -> Caveat:
    score = wording_of(report.task).score
    name = "agreement with the teacher" if report.is_agreement else score
    told = f"its {name} is {percent(row.f1)}"
    if report.task == NER:
        return Caveat(
            f"{row.name} is hardly better than nothing: {told}. Below"
            f" {percent(LEAST_F1)} nothing is compared with it. Check its labels"
            " and its training."
        )
    return Caveat(
        f"{row.name} is hardly better than always choosing the most frequent category,"
        f" which has {percent(report.references.baseline)}: {told}. Nothing is compared"
        " with it. Check its categories and its training."
    )


def _labels(report: Report) -> List[Caveat]:
    """Return which labels pipelines and references share, if they differ."""
    texts: List[str] = []
    label_map: Dict[str, Optional[str]] = {}
    in_gold = sorted(report.references.entities)
    for row in report.rows:
        missing, extra = report.missing_labels(row), report.extra_labels(row)
        if not missing and not extra:
            continue
        told = []
        if row.name in report.labels:
            shared = _list([label for label in in_gold if label not in missing])
            told.append(f"{row.name} shares {shared} with the {_annotation(report)}.")
        if extra:
            # Where categories are not exclusive, a missing one is not annotated.
            counted = "not counted" if report.task == MULTILABEL else "counted as wrong"
            told.append(
                f"{row.name} also predicts {_list(extra)}: {counted}, since the"
                f" {_annotation(report)} lacks them."
            )
        if missing:
            told.append(f"It cannot predict {_list(missing)}: counted as missed.")
        texts.append(" ".join(told))
        label_map.update(suggest_map(extra, in_gold))
        label_map.update(
            {label: None for label in missing if label not in label_map.values()}
        )
    if not texts:
        return []
    if report.is_agreement:
        return [Caveat(" ".join(texts))]
    texts.append("Scores are over all labels. To rename labels or to leave some out:")
    option = label_map_option(dict(sorted(label_map.items())))
    return [Caveat(" ".join(texts), option)]


def _annotation(report: Report) -> str:
    return "teacher's predictions" if report.is_agreement else "gold annotation"


def _list(labels: List[str]) -> str:
    return ", ".join(labels) if labels else "no label"


def _plural(one: str, more: str, number: int) -> str:
    return one if number == 1 else more
