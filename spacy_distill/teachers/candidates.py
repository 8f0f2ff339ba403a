"""Categories that a text classifier without training chooses from."""

from typing import Dict, List, Mapping, Optional, Sequence, Union

from ..errors import DistillError
from .base import Teacher
from .mapped import MappedTeacher

# The names that the model reads, or the category of each.
Candidates = Union[Sequence[str], Mapping[str, Optional[str]]]


def check_candidates(labels: Candidates, *, exclusive: bool) -> List[str]:
    """Return the names that the model reads.

    Args:
        labels: The candidates.
        exclusive: Whether each text has exactly one category.

    Raises:
        DistillError: If there are too few, or if one is empty or repeated.
    """
    names = list(labels)
    if len(set(names)) < max(len(names), 1 + exclusive) or not all(
        name.strip() for name in names
    ):
        least = "two or more" if exclusive else "one or more"
        raise DistillError(
            f"Expected {least} categories to choose from, each once, got"
            f" {names}: name them in labels."
        )
    return names


def with_categories(teacher: Teacher, labels: Candidates) -> Teacher:
    """Return a teacher of the categories that candidates stand for.

    Args:
        teacher: A teacher whose categories are the names of the candidates.
        labels: The candidates.
    """
    if not isinstance(labels, Mapping):
        return teacher
    categories: Dict[str, Optional[str]] = dict(labels)
    if all(name == category for name, category in categories.items()):
        return teacher
    return MappedTeacher(teacher, categories)
