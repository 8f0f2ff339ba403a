"""Convert Examples to labels and training targets."""

from typing import Callable, Dict, Iterable, List, Optional, Sequence, Set, Tuple

import numpy as np
from spacy.training import Example

from ...docs import COLUMNS, LOGITS
from ...errors import DistillError
from ...losses.base import Targets
from .crf import allow_labels
from .decoding import decode_tags
from .tags import entity_labels


def find_labels(
    get_examples: Callable[[], Iterable[Example]],
    given: Optional[Sequence[str]],
    added: Sequence[str] = (),
) -> Tuple[str, ...]:
    """Return the labels given, else the teacher's, else those of the gold, sorted.

    Args:
        get_examples: Returns the training data.
        given: Labels from the config.
        added: Labels that the component has already.

    Raises:
        DistillError: If there are none, if two teachers disagree, or if the data have a
            label that is not among those given, the teacher's or the added.
    """
    gold: Set[str] = set()
    teacher: Optional[Tuple[str, ...]] = None
    for eg in get_examples():
        gold.update(ent.label_ for ent in eg.reference.ents)
        tags = eg.reference.user_data.get(COLUMNS)
        if tags is None:
            continue
        labels = entity_labels(tags)
        if teacher is not None and labels != teacher:
            raise DistillError(
                f"Expected soft labels of one label set, got {list(teacher)} and "
                f"{list(labels)}: annotate all texts with the same teacher."
            )
        teacher = labels
    if given is not None and teacher is not None and tuple(given) != teacher:
        raise DistillError(
            f"Expected the teacher's labels {list(teacher)} in this order, got "
            f"{list(given)} in [initialize.components.ner]: remove them there, or "
            "annotate with a teacher that has them."
        )
    known = tuple(given) if given is not None else teacher
    if known is None:
        known = tuple(sorted(gold))
    if not known and not added:
        raise DistillError(
            "Expected entities or soft labels in the training data, got neither: "
            "check [corpora.train]."
        )
    unknown = sorted(gold - {*known, *added})
    if unknown:
        raise DistillError(
            f"Expected entities with the labels {list(known)}, got {unknown} in the "
            "gold data: rename them there, or train the teacher on them too."
        )
    return known


def get_targets(examples: Iterable[Example], tags: Sequence[str]) -> Targets:
    """Return the training targets of Examples, concatenated.

    A token without annotation (`-`, or a Doc without any) has gold -1. Pseudo labels
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
