"""Gold labels against the teacher's, and against what it predicts in the texts."""

from collections import Counter
from pathlib import Path
from typing import List, Mapping, Optional, Sequence

from spacy.vocab import Vocab

from ..corpora.tag_spellings import is_outside, similar_labels
from ..docs import read_gold
from ..errors import DistillError
from ..label_maps import LabelMap, label_map_option, suggest_map
from ..soft_labels.store import SoftLabels
from ..tasks.textcat.task import TextCatTask


def count_labels(path: Path, *, categories: bool = False) -> Counter:
    """Count the gold annotation of each label.

    Args:
        path: `.spacy` file or folder.
        categories: Count the documents of each category, which may be 0, instead of
            the entities of each label.
    """
    counts: Counter = Counter()
    for doc in read_gold(path, Vocab()):
        if categories:
            counts.update({label: int(v >= 0.5) for label, v in doc.cats.items()})
        else:
            counts.update(ent.label_ for ent in doc.ents)
    return counts


def check_labels(
    gold: Mapping[str, int],
    labels: Sequence[str],
    *,
    original: Sequence[str],
    label_map: Optional[LabelMap] = None,
    categories: bool = False,
) -> Optional[str]:
    """Compare the labels of gold annotation with the teacher's.

    The student learns the teacher's labels, so gold annotation may have no others. It
    may have fewer: a teacher often has more labels than are wanted.

    Args:
        gold: Gold entities, or documents, by label.
        labels: The teacher's labels, after its label map.
        original: The teacher's labels before it.
        label_map: The label map; None without one.
        categories: Whether the labels are categories of documents.

    Returns:
        A warning about labels that only the teacher has; None if there are none.

    Raises:
        DistillError: If the gold annotation has labels that the teacher lacks (the
            message contains a label map), or labels that no map could lead to.
    """
    only_gold = sorted(set(gold) - set(labels))
    only_teacher = [label for label in labels if label not in gold]
    if not gold or not (only_gold or only_teacher):
        return None
    if not categories:
        _check_gold(gold)
    what = "documents" if categories else "entities"
    suggested = suggest_map(original, sorted(gold), label_map)
    option = label_map_option(suggested)
    if only_gold:
        unmatched = sorted(set(gold) - set(suggested.values()))
        rest = ""
        if unmatched:
            rest = (
                f" No label of the teacher looks like {', '.join(unmatched)}: map one"
                f" to it, or take these {what} out of the gold annotation."
            )
        raise DistillError(
            "Expected gold annotation with the teacher's labels, got some that it"
            f" lacks: {_counted(gold, only_gold)}. The teacher has"
            f" {', '.join(labels)}; the gold annotation has {', '.join(sorted(gold))}."
            f"{rest} Map the teacher's labels to those of the gold: {option}"
        )
    return (
        f"The teacher's labels {', '.join(only_teacher)} do not occur in the gold"
        f" annotation ({_counted(gold, sorted(gold))})"
        f"{'' if categories else ', where their entities count as none'}. To leave them"
        f" out: {option}"
    )


def check_predictions(
    store: SoftLabels, gold: Mapping[str, int], *, is_gold_enough: bool
) -> List[str]:
    """Check that the teacher found something in the texts, and that gold has it.

    Args:
        store: The teacher's predictions.
        gold: Gold entities, or documents, by label; empty without gold annotation.
        is_gold_enough: Whether the student can learn from gold annotation alone.

    Returns:
        Warnings.

    Raises:
        DistillError: If there is nothing to learn from.
    """
    manifest = store.manifest
    counts = {label: n for label, n in manifest.counts.labels.items() if n}
    n_docs = manifest.counts.docs
    listed = ", ".join(f"{label} ({n:,})" for label, n in counts.items())
    if isinstance(store.task, TextCatTask):
        if len(counts) > 1 or n_docs < 2:
            return []
        return [
            f"Expected several categories among the predictions of {manifest.teacher},"
            f" got {listed or 'none'} in {n_docs:,} documents: check that it fits the"
            " texts. The student learns no more than its probabilities tell."
        ]
    if not counts:
        line = (
            f"Expected entities among the predictions of {manifest.teacher}, got none"
            f" in {n_docs:,} documents: check that it fits the texts"
        )
        if not is_gold_enough:
            raise DistillError(f"{line}.")
        return [f"{line}. The student learns from gold annotation alone."]
    others = [label for label in counts if gold and label not in gold]
    if others:
        return [
            "The gold annotation has no entities of these labels, which the teacher"
            f" predicts in the texts: {_counted(counts, others)}."
        ]
    return []


def _check_gold(gold: Mapping[str, int]) -> None:
    outside = [label for label in sorted(gold) if is_outside(label)]
    if outside:
        raise DistillError(
            "Expected labels of entities in the gold annotation, got some of tokens"
            f" outside of them: {_counted(gold, outside)}. Take these entities out."
        )
    for similar in similar_labels(sorted(gold)):
        raise DistillError(
            "Expected gold labels that differ in more than case and separators, got"
            f" {_counted(gold, similar)}: give them one spelling."
        )


def _counted(counts: Mapping[str, int], labels: Sequence[str]) -> str:
    return ", ".join(f"{label} ({counts[label]:,})" for label in labels)
