"""What the readers of categories have in common."""

import math
from typing import Any, Dict, List, NamedTuple, Optional, Sequence, Tuple

from ....errors import DistillError
from ..records import Place, is_encodable, shorten

# Scores of exclusive categories that are rounded need not sum to 1 exactly.
TOLERANCE = 0.05


class CategoryText(NamedTuple):
    """One annotator's categories of a text.

    Attributes:
        place: Where it is.
        text: The text.
        scores: Scores of categories from 0 to 1, by name.
        closed: Whether other categories do not apply. Otherwise nothing is known of
            them, as where an annotator accepted or rejected a single one.
        declared: Categories that the annotator could choose, if the file says so.
        annotator: Name of the annotator, if known.
        left_out: Why it does not count, e.g. "ignore"; None if it counts.
    """

    place: Place
    text: str
    scores: Dict[str, float]
    closed: bool = True
    declared: Tuple[str, ...] = ()
    annotator: Optional[str] = None
    left_out: Optional[str] = None


def checked_text(text: str, place: Place) -> str:
    """Return a text with characters other than whitespace.

    Args:
        text: The text.
        place: Where it is.

    Raises:
        DistillError: If there are none.
    """
    if not text.strip():
        raise DistillError(
            f"Expected a text in {place}, got {shorten(text)}: remove the record, or"
            " add its text."
        )
    return text


def checked_name(name: Any, place: Place) -> str:
    """Return the name of a category.

    Args:
        name: A value of JSON.
        place: Where it is.

    Raises:
        DistillError: If it is no string, or an empty one.
    """
    is_name = isinstance(name, str) and name.strip() == name and name != ""
    if not is_name or not is_encodable(name):
        what = "an empty name" if isinstance(name, str) else shorten(name)
        if isinstance(name, str) and name.strip():
            what = f"{shorten(name)}, which begins or ends with whitespace"
        raise DistillError(
            f"Expected the name of a category in {place}, got {what}: correct it, or"
            " remove the record if its text has none."
        )
    return str(name)


def checked_score(score: Any, name: str, place: Place) -> float:
    """Return the score of a category.

    Args:
        score: A value of JSON; true and false are 1 and 0.
        name: The category.
        place: Where it is.

    Raises:
        DistillError: If it is no number from 0 to 1.
    """
    is_number = isinstance(score, (int, float)) and math.isfinite(score)
    if not is_number or not 0.0 <= score <= 1.0:
        raise DistillError(
            f"Expected scores from 0 to 1 in {place}, got {shorten(score)} for"
            f" {name!r}: use probabilities as scores."
        )
    return float(score)


def find_categories(texts: Sequence[CategoryText]) -> List[str]:
    """Return the categories of texts: those declared, then in order of appearance.

    Args:
        texts: The texts.
    """
    names: Dict[str, None] = {}
    for text in texts:
        names.update(dict.fromkeys(text.declared))
    for text in texts:
        names.update(dict.fromkeys(text.scores))
    return list(names)


def find_several(
    texts: Sequence[CategoryText], categories: Sequence[str]
) -> Optional[CategoryText]:
    """Return the first text whose categories do not exclude each other.

    Its scores sum to more than 1, or it has a score for each category and they sum to
    less.

    Args:
        texts: The texts that count.
        categories: All categories.

    Returns:
        The text; None if each text may have exactly one category.
    """
    for text in texts:
        total = sum(text.scores.values())
        too_little = total < 1.0 - TOLERANCE and len(text.scores) == len(categories)
        if total > 1.0 + TOLERANCE or too_little:
            return text
    return None
