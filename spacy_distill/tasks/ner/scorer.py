"""Scores: precision, recall and F1 of entities, and how honest their
probabilities are."""

from typing import Any, Callable, Dict, Iterable, List, Optional, Tuple

import numpy as np
from spacy.scorer import get_ner_prf
from spacy.training import Example
from spacy.util import registry


@registry.scorers("spacy_distill.compact_ner_scorer.v1")
def compact_ner_scorer_v1() -> Callable[..., Dict[str, Any]]:
    """spaCy's entity scores, and `ents_ece`, the expected calibration error of the
    scored spans (Guo et al. 2017, eq. 3)."""
    return compact_ner_score


def compact_ner_score(
    examples: Iterable[Example], *, spans_key: Optional[str] = None, **kwargs: Any
) -> Dict[str, Any]:
    """ents_p, ents_r, ents_f, ents_per_type; ents_ece where there are scores."""
    examples = list(examples)
    scores: Dict[str, Any] = get_ner_prf(examples, **kwargs)
    if spans_key:
        scores["ents_ece"] = expected_calibration_error(
            *entity_outcomes(examples, spans_key)
        )
    return scores


def entity_outcomes(
    examples: Iterable[Example], spans_key: str
) -> Tuple[List[float], List[bool]]:
    """Probability of each predicted entity and whether it is in the gold
    annotation. Docs without gold entity annotation are left out."""
    probabilities: List[float] = []
    correct: List[bool] = []
    for eg in examples:
        group = eg.predicted.spans.get(spans_key)
        if group is None or not eg.reference.has_annotation("ENT_IOB"):
            continue
        gold = {(e.start_char, e.end_char, e.label_) for e in eg.reference.ents}
        for span, score in zip(group, group.attrs.get("scores", ())):
            probabilities.append(float(score))
            correct.append((span.start_char, span.end_char, span.label_) in gold)
    return probabilities, correct


def expected_calibration_error(
    probabilities: Iterable[float], correct: Iterable[bool], n_bins: int = 10
) -> Optional[float]:
    """Mean gap between probability and accuracy over bins of equal width, weighed
    by the number of entities in each; None without entities."""
    p = np.asarray(list(probabilities), dtype=np.float64)
    hit = np.asarray(list(correct), dtype=np.float64)
    if not len(p):
        return None
    bins = np.minimum((p * n_bins).astype(int), n_bins - 1)
    gaps = np.bincount(bins, weights=p - hit, minlength=n_bins)
    return float(np.abs(gaps).sum() / len(p))
