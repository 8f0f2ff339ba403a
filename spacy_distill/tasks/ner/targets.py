"""Convert Examples to labels and training targets."""

from typing import (
    Dict,
    FrozenSet,
    Iterable,
    List,
    NamedTuple,
    Optional,
    Sequence,
    Set,
    Tuple,
)

import numpy as np
from spacy.training import Example

from ...docs import COLUMNS, GOLD_LABELS, LOGITS, Trimmed
from ...errors import DistillError
from ...losses.base import Targets
from .crf import allow_labels
from .decoding import decode_tags
from .gold import gold_tags, trimmed_gold
from .tags import entity_labels


class Survey(NamedTuple):
    """What training data contain.

    Attributes:
        gold: Labels of gold entities.
        teacher: The teacher's labels in column order; None without soft labels.
        trimmed: Gold entities that start or end with whitespace.
    """

    gold: FrozenSet[str]
    teacher: Optional[Tuple[str, ...]]
    trimmed: Trimmed


def survey(examples: Iterable[Example]) -> Survey:
    """Find the labels in training data.

    A reader that knows labels of later Examples names them in the first one's user
    data, since `spacy train` shows the first 100 Examples only if max_epochs is -1.

    Args:
        examples: The training data.

    Raises:
        DistillError: If two teachers have different labels.
    """
    gold: Set[str] = set()
    teacher: Optional[Tuple[str, ...]] = None
    trimmed = dropped = 0
    for eg in examples:
        reference, found = trimmed_gold(eg.reference)
        trimmed, dropped = trimmed + found.trimmed, dropped + found.dropped
        gold.update(ent.label_ for ent in reference.ents)
        gold.update(reference.user_data.get(GOLD_LABELS, ()))
        tags = reference.user_data.get(COLUMNS)
        if tags is None:
            continue
        labels = entity_labels(tags)
        if teacher is not None and labels != teacher:
            raise DistillError(
                f"Expected soft labels of one label set, got {list(teacher)} and "
                f"{list(labels)}: annotate all texts with the same teacher."
            )
        teacher = labels
    return Survey(frozenset(gold), teacher, Trimmed(trimmed, dropped))


def find_labels(
    found: Survey, given: Optional[Sequence[str]], added: Sequence[str] = ()
) -> Tuple[str, ...]:
    """Return the labels given, else the teacher's, else those of the gold, sorted.

    Args:
        found: Labels in the training data.
        given: Labels from the config.
        added: Labels that the component has already.

    Raises:
        DistillError: If there are none, or if the data have a label that is not among
            those given, the teacher's or the added.
    """
    teacher = found.teacher
    if given is not None and teacher is not None and tuple(given) != teacher:
        raise DistillError(
            f"Expected the teacher's labels {list(teacher)} in this order, got "
            f"{list(given)} in [initialize.components.ner]: remove them there, or "
            "annotate with a teacher that has them."
        )
    known = tuple(given) if given is not None else teacher
    if known is None:
        known = tuple(sorted(found.gold))
    if not known and not added:
        raise DistillError(
            "Expected entities or soft labels in the training data, got neither: "
            "check [corpora.train]."
        )
    check_labels(found.gold, [*known, *added])
    return known


def check_labels(gold: Iterable[str], known: Sequence[str]) -> None:
    """Check that a student can learn the labels of gold entities.

    Args:
        gold: Labels of gold entities.
        known: Labels of the teacher or the student.

    Raises:
        DistillError: If a gold label is not among the known.
    """
    unknown = sorted(set(gold) - set(known))
    if unknown:
        raise DistillError(
            f"Expected entities with the labels {list(known)}, got {unknown} in the "
            "gold data: rename them there, or train the teacher on them too."
        )


def get_targets(examples: Iterable[Example], tags: Sequence[str]) -> Targets:
    """Return the training targets of Examples, concatenated.

    A token without annotation (`-`, or a Doc without any) has gold -1. Whitespace at
    the ends of gold entities is outside of them, as in decoding. Pseudo labels
    are the tags of the teacher's best valid sequence around the gold tags, so that a
    pseudo label is never half an entity.

    Args:
        examples: The Examples; stored logits are in `eg.reference.user_data`.
        tags: The component's BILUO tags.

    Raises:
        DistillError: If a gold label or the teacher's tags are not those of the
            component, or if logits do not fit the Doc or are not finite.
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
    return make_targets(
        np.concatenate(gold),
        np.concatenate(teacher),
        np.concatenate(has_teacher),
        lengths=[len(tags_of_doc) for tags_of_doc in gold],
        tags=tags,
    )


def make_targets(
    gold: np.ndarray,
    teacher: np.ndarray,
    has_teacher: np.ndarray,
    *,
    lengths: Sequence[int],
    tags: Sequence[str],
) -> Targets:
    """Add pseudo labels to gold labels and teacher logits.

    Args:
        gold: Column of each token's gold tag, int64 [n_tokens]; -1 for none.
        teacher: Logits, float32 [n_tokens, n_tags].
        has_teacher: Tokens with logits, bool [n_tokens].
        lengths: Tokens of each Doc.
        tags: BILUO tags.
    """
    pseudo = np.full(len(gold), -1, dtype=np.int64)
    open_ = has_teacher & (gold < 0)
    if open_.any():
        best = decode_tags(
            teacher, lengths, tags, allowed=allow_labels(gold, teacher.shape)
        )
        pseudo[open_] = best[open_]
    return Targets(gold, teacher, has_teacher, pseudo)


def check_logits(logits: np.ndarray, eg: Example, tags: Sequence[str]) -> None:
    """Check that a Doc's stored logits fit the component.

    Args:
        logits: The stored logits.
        eg: The Example that they are stored with.
        tags: The component's BILUO tags.

    Raises:
        DistillError: If tags, shape or values do not fit.
    """
    theirs: Tuple[str, ...] = tuple(eg.reference.user_data.get(COLUMNS, ()))
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
    # A reference with logits alone has no entity annotation.
    if not eg.reference.has_annotation("ENT_IOB"):
        return np.full(len(eg.predicted), -1, dtype=np.int64)
    out = []
    for tag in gold_tags(eg):
        if tag is None:
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
