"""From Examples to what the loss compares with."""

from typing import Dict, Iterable, List, Sequence, Tuple

import numpy as np
from spacy.training import Example

from ...errors import DistillError
from ...keys import LOGITS, TAGS
from ...losses.base import Targets


def get_targets(examples: Iterable[Example], tags: Sequence[str]) -> Targets:
    """Gold tags and teacher logits of the predicted Docs, one after the other.

    A token without annotation (`-`, or a Doc without any) has gold -1.
    RAISES: DistillError if a gold label or the teacher's tags are not those of
        the component, or if logits do not fit the Doc or are not finite.
    """
    columns = {tag: i for i, tag in enumerate(tags)}
    gold: List[np.ndarray] = []
    teacher: List[np.ndarray] = []
    has_teacher: List[np.ndarray] = []
    for eg in examples:
        n_tokens = len(eg.predicted)
        gold.append(_gold_columns(eg, columns))
        logits = eg.reference.user_data.get(LOGITS)
        if logits is None:
            teacher.append(np.zeros((n_tokens, len(tags)), dtype=np.float32))
        else:
            check_logits(logits, eg, tags)
            teacher.append(logits.astype(np.float32))
        has_teacher.append(np.full(n_tokens, logits is not None))
    return Targets(
        np.concatenate(gold), np.concatenate(teacher), np.concatenate(has_teacher)
    )


def check_logits(logits: np.ndarray, eg: Example, tags: Sequence[str]) -> None:
    """RAISES: DistillError unless the Doc's stored logits are the component's."""
    theirs: Tuple[str, ...] = tuple(eg.reference.user_data.get(TAGS, ()))
    text = eg.reference.text[:40]
    if theirs != tuple(tags):
        raise DistillError(
            f"Expected soft labels with the student's tags {_short(tags)}, got the "
            f"teacher's {_short(theirs)} for {text!r}: give the student the "
            "teacher's labels ([initialize.components.ner.labels]) or annotate again."
        )
    if logits.shape != (len(eg.reference), len(tags)) or len(eg.predicted) != len(
        eg.reference
    ):
        raise DistillError(
            f"Expected logits of shape {(len(eg.predicted), len(tags))}, got "
            f"{logits.shape} for {text!r}: annotate again with the same tokenizer."
        )
    if not np.isfinite(logits).all():
        raise DistillError(
            f"Expected finite logits, got NaN or infinity for {text!r}: check the "
            "teacher and annotate again."
        )


def _gold_columns(eg: Example, columns: Dict[str, int]) -> np.ndarray:
    # A reference that only carries logits says nothing about its entities.
    if not eg.reference.has_annotation("ENT_IOB"):
        return np.full(len(eg.predicted), -1, dtype=np.int64)
    out = []
    for tag in eg.get_aligned_ner():
        if tag is None or tag == "-":
            out.append(-1)
        elif tag in columns:
            out.append(columns[tag])
        else:
            raise DistillError(
                f"Expected one of the tags {_short(list(columns))}, got {tag!r} in "
                f"{eg.reference.text[:40]!r}: name all labels in "
                "[initialize.components.ner.labels], or add it with `add_label`."
            )
    return np.array(out, dtype=np.int64)


def _short(tags: Sequence[str]) -> str:
    return ", ".join(tags) if len(tags) <= 17 else ", ".join(tags[:17]) + ", ..."
