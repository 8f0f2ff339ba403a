"""Scores of text classification: spaCy's own, accuracy and calibration."""

from typing import Any, Callable, Dict, Iterable, List, Sequence, Tuple

from spacy.scorer import Scorer
from spacy.training import Example
from spacy.util import registry

from ..calibration_error import expected_calibration_error

THRESHOLD = 0.5


@registry.scorers("spacy_distill.compact_textcat_scorer.v1")
def compact_textcat_scorer_v1() -> Callable[..., Dict[str, Any]]:
    """Create a scorer for spaCy's scores of categories, accuracy and calibration.

    Returns:
        `textcat_score`.
    """
    return textcat_score


def textcat_score(
    examples: Iterable[Example],
    *,
    labels: Sequence[str],
    exclusive: bool,
    **kwargs: Any,
) -> Dict[str, Any]:
    """Score categories. Documents without gold categories do not count.

    Args:
        examples: Predicted Docs and their references.
        labels: The categories.
        exclusive: Whether each document has exactly one category.
        **kwargs: Ignored: spaCy passes the settings of the component.

    Returns:
        What spaCy's scorer returns (`cats_score`, `cats_macro_f`, ...), without areas
        under the curve that are undefined, and:

        - `cats_acc`: share of documents whose categories are all right;
        - `cats_ece`: expected calibration error (Guo et al. 2017, eq. 3) of the best
          category, or of all categories if they are not exclusive.

        None for both without documents.
    """
    examples = [eg for eg in examples if eg.reference.cats]
    labels = list(labels)
    # An area under the curve needs positive and negative documents.
    scores: Dict[str, Any] = Scorer.score_cats(
        examples,
        "cats",
        labels=labels,
        multi_label=not exclusive,
        threshold=0.0 if exclusive else THRESHOLD,
    )
    probabilities, correct, whole = _outcomes(examples, labels, exclusive=exclusive)
    scores["cats_acc"] = sum(whole) / len(whole) if whole else None
    scores["cats_ece"] = expected_calibration_error(probabilities, correct)
    return scores


def category_outcomes(
    examples: Iterable[Example], labels: Sequence[str], *, exclusive: bool
) -> Tuple[List[float], List[bool]]:
    """Return the probability of each decision and whether it is right.

    Args:
        examples: Predicted Docs and their references.
        labels: The categories.
        exclusive: Whether each document has exactly one category. If so, the decision
            is the best category; otherwise there is one for each category, whose
            probability is that of yes.
    """
    return _outcomes(list(examples), list(labels), exclusive=exclusive)[:2]


def _outcomes(
    examples: Sequence[Example], labels: List[str], *, exclusive: bool
) -> Tuple[List[float], List[bool], List[bool]]:
    probabilities: List[float] = []
    correct: List[bool] = []
    whole: List[bool] = []
    for eg in examples:
        found, gold = eg.predicted.cats, eg.reference.cats
        if not gold or not found:
            continue
        if exclusive:
            best = max(labels, key=lambda label: found.get(label, 0.0))
            right = gold.get(best, 0.0) >= THRESHOLD
            probabilities.append(found.get(best, 0.0))
            correct.append(right)
            whole.append(right)
            continue
        rights = []
        for label in labels:
            if label in gold:
                probability, is_gold = found.get(label, 0.0), gold[label] >= THRESHOLD
                probabilities.append(probability)
                correct.append(is_gold)
                rights.append((probability >= THRESHOLD) == is_gold)
        whole.append(all(rights))
    return probabilities, correct, whole
