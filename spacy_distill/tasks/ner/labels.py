"""Which entity labels a component is to know."""

from typing import Callable, Iterable, Optional, Sequence, Set, Tuple

from spacy.training import Example

from ...errors import DistillError
from ...keys import TAGS
from .tags import entity_labels


def find_labels(
    get_examples: Callable[[], Iterable[Example]],
    given: Optional[Sequence[str]],
    added: Sequence[str] = (),
) -> Tuple[str, ...]:
    """The labels given, else the teacher's, else the gold entities' (sorted).

    added: labels that the component has already.
    RAISES: DistillError if there are none, if two teachers disagree, or if the
        data have a label that is not among those given, the teacher's or the added.
    """
    gold: Set[str] = set()
    teacher: Optional[Tuple[str, ...]] = None
    for eg in get_examples():
        gold.update(ent.label_ for ent in eg.reference.ents)
        tags = eg.reference.user_data.get(TAGS)
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
