"""Which rows stand together in a panel of the figure."""

from typing import Dict, List, NamedTuple, Optional, Tuple

from .grid import STUDENTS, Variant
from .rows import Row


class Panel(NamedTuple):
    """A student's network, or none at all where no student has run."""

    encoder: Optional[str]
    classifier: Optional[str]


def find_panels(variants: Dict[Variant, List[Row]]) -> List[Panel]:
    """A panel for each encoder with each classifier, in the order of the variants."""
    students = [_panel_of(variant) for variant in variants if _is_student(variant)]
    return list(dict.fromkeys(students)) or [Panel(None, None)]


def rows_of_panel(
    variants: Dict[Variant, List[Row]], panel: Panel
) -> Dict[Variant, List[Row]]:
    """A panel's students, and teachers and stock spaCy where one of these students had
    the same sentences: draws differ by more than systems do. A second teacher is shown
    beside students of its own."""
    students = {
        variant: rows
        for variant, rows in variants.items()
        if _is_student(variant) and _panel_of(variant) == panel
    }
    draws = {_draw_of(row) for rows in students.values() for row in rows}
    systems = {variant.system for variant in students}
    shown = {}
    for variant, rows in variants.items():
        if _is_student(variant):
            rows = students.get(variant, [])
        elif variant.system == "second_teacher" and "second" not in systems:
            rows = []
        elif students:
            rows = [row for row in rows if _draw_of(row) in draws]
        if rows:
            shown[variant] = rows
    return shown


def _is_student(variant: Variant) -> bool:
    return variant.system in STUDENTS


def _panel_of(variant: Variant) -> Panel:
    return Panel(variant.encoder, variant.classifier)


def _draw_of(row: Row) -> Tuple[int, int]:
    return row["labels"], row["seed"]
