"""One colour a label, the same in every picture. All are light enough for dark text."""

from typing import Dict, Iterable

_FIXED = {
    "PER": "#b8c9ff",
    "PERSON": "#b8c9ff",
    "ORG": "#8fe3dc",
    "LOC": "#ffb98a",
    "GPE": "#ffb98a",
    "MISC": "#f3d36b",
}
_OTHERS = ("#e3b9f5", "#a9dd9a", "#f7a8bb", "#9fd3f5", "#d9cbb0", "#c9d16f", "#cfcfd8")


def label_colours(labels: Iterable[str]) -> Dict[str, str]:
    """A colour for each label; beyond eleven kinds they come round again."""
    colours: Dict[str, str] = {}
    others = 0
    for label in sorted(set(labels)):
        colours[label] = _FIXED.get(label.upper(), _OTHERS[others % len(_OTHERS)])
        others += label.upper() not in _FIXED
    return colours
