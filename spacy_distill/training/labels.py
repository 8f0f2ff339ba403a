"""Gold labels against the teacher's, compared before any work."""

import json
import shlex
from collections import Counter
from pathlib import Path
from typing import Dict, Mapping, Optional, Sequence

from spacy.vocab import Vocab

from ..docs import read_gold
from ..errors import DistillError

LabelMap = Mapping[str, Optional[str]]

# Names that annotations give to the same thing. The first ones include the others.
_SYNONYMS = (
    ("PER", "PERS", "PERSON"),
    ("ORG", "ORGANIZATION", "ORGANISATION"),
    ("LOC", "LOCATION", "PLACE", "GPE", "FAC"),
    ("MISC", "MISCELLANEOUS"),
)
_NARROW = ("GPE", "FAC")


def count_labels(path: Path) -> Counter:
    """Count the entities of gold annotation by label.

    Args:
        path: `.spacy` file or folder.
    """
    docs = read_gold(path, Vocab())
    return Counter(ent.label_ for doc in docs for ent in doc.ents)


def check_labels(
    gold: Mapping[str, int],
    labels: Sequence[str],
    *,
    original: Sequence[str],
    label_map: Optional[LabelMap] = None,
) -> Optional[str]:
    """Compare the labels of gold annotation with the teacher's.

    The student learns the teacher's labels, so gold annotation may have no others. It
    may have fewer: a teacher often has more labels than are wanted.

    Args:
        gold: Gold entities by label.
        labels: The teacher's labels, after its label map.
        original: The teacher's labels before it.
        label_map: The label map; None without one.

    Returns:
        A warning about labels that only the teacher has; None if there are none.

    Raises:
        DistillError: If the gold annotation has labels that the teacher lacks. The
            message contains a label map.
    """
    only_gold = sorted(set(gold) - set(labels))
    only_teacher = [label for label in labels if label not in gold]
    if not gold or not (only_gold or only_teacher):
        return None
    suggested = suggest_map(original, sorted(gold), label_map)
    option = f"--label-map {shlex.quote(json.dumps(suggested, ensure_ascii=False))}"
    if only_gold:
        unmatched = sorted(set(gold) - set(suggested.values()))
        rest = ""
        if unmatched:
            rest = (
                f". No label of the teacher looks like {', '.join(unmatched)}: map one"
                " to it, or take these entities out of the gold annotation"
            )
        raise DistillError(
            "Expected gold annotation with the teacher's labels, got some that it"
            f" lacks: {_counted(gold, only_gold)}. The teacher has"
            f" {', '.join(labels)}; the gold annotation has {', '.join(sorted(gold))}."
            f" Map the teacher's labels to those of the gold: {option}{rest}."
        )
    return (
        f"The teacher's labels {', '.join(only_teacher)} do not occur in the gold"
        f" annotation ({_counted(gold, sorted(gold))}), where their entities count as"
        f" none. To leave them out: {option}"
    )


def suggest_map(
    labels: Sequence[str], wanted: Sequence[str], given: Optional[LabelMap] = None
) -> Dict[str, Optional[str]]:
    """Return a label map to start from.

    Args:
        labels: The teacher's labels.
        wanted: Labels that they should be mapped to.
        given: A map that exists already; of it, what leads to wanted labels is kept.

    Returns:
        For each label the wanted one that is the same, in another case or under
        another usual name; None if there is none.
    """
    kept = {old: new for old, new in (given or {}).items() if new in wanted}
    # Places that are no GPE do not become one, where the teacher has both.
    taken = {label for label in labels if label.upper() in _NARROW}
    open_ = [label for label in wanted if label not in taken]
    return {label: kept.get(label) or _find(label, wanted, open_) for label in labels}


def _find(label: str, wanted: Sequence[str], open_: Sequence[str]) -> Optional[str]:
    if label in wanted:
        return label
    name = label.upper()
    names = next((group for group in _SYNONYMS if name in group), (name,))
    return next((other for other in open_ if other.upper() in names), None)


def _counted(counts: Mapping[str, int], labels: Sequence[str]) -> str:
    return ", ".join(f"{label} ({counts[label]:,})" for label in labels)
