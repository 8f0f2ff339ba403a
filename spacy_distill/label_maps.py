"""Maps of labels to others: suggested, and as an option of the commands."""

import json
import re
import shlex
from typing import Dict, Mapping, Optional, Sequence

# New label by label; None for no entity.
LabelMap = Mapping[str, Optional[str]]

# Names that annotations give to the same thing. The first ones include the others.
_SYNONYMS = (
    ("PER", "PERS", "PERSON"),
    ("ORG", "ORGANIZATION", "ORGANISATION"),
    ("LOC", "LOCATION", "PLACE", "GPE", "FAC"),
    ("MISC", "MISCELLANEOUS"),
)
_NARROW = ("GPE", "FAC")


def suggest_map(
    labels: Sequence[str], wanted: Sequence[str], given: Optional[LabelMap] = None
) -> Dict[str, Optional[str]]:
    """Return a label map to start from, for the user to check.

    Args:
        labels: The labels to map.
        wanted: Labels that they should be mapped to.
        given: A map that exists already; of it, what leads to wanted labels is kept.

    Returns:
        For each label the wanted one that is the same, in another case, with other
        punctuation or under another usual name; None if there is none.
    """
    kept = {old: new for old, new in (given or {}).items() if new in wanted}
    # Places that are no GPE do not become one, where both are labels.
    taken = {label for label in labels if _plain(label) in _NARROW}
    open_ = [label for label in wanted if label not in taken]
    return {label: kept.get(label) or _find(label, wanted, open_) for label in labels}


def label_map_option(label_map: LabelMap) -> str:
    """Return a label map as an option of the commands, to be pasted.

    Args:
        label_map: The map.

    Returns:
        `--label-map` and the map in JSON, quoted for a shell.
    """
    written = json.dumps(dict(label_map), ensure_ascii=False)
    return f"--label-map {shlex.quote(written)}"


def _find(label: str, wanted: Sequence[str], open_: Sequence[str]) -> Optional[str]:
    if label in wanted:
        return label
    name = _plain(label)
    same = next((other for other in open_ if _plain(other) == name), None)
    if same is not None:
        return same
    names = next((group for group in _SYNONYMS if name in group), ())
    return next((other for other in open_ if _plain(other) in names), None)


def _plain(label: str) -> str:
    return re.sub(r"[\W_]+", "", label).upper() or label
