"""Precision, recall and F1 of single characters, as published for Chinese corpora.

Each character of a text, except whitespace, is an item. Its label is that of the entity
that it is in; outside of entities it has none. With the gold label g and the predicted
label p of each character, for a label X:

    TP(X) = characters with g = p = X
    FP(X) = characters with p = X and g != X
    FN(X) = characters with g = X and p != X

so a character with a wrong label is an error of both labels. P = TP / (TP + FP),
R = TP / (TP + FN) and F1 = 2 TP / (2 TP + FP + FN); each is 0 where it is 0 / 0. Micro
scores are those of the sums over all labels. Macro scores are means over the labels
that occur, in gold annotation or predictions. Characters that are outside of entities
in both do not count: unlike accuracy, the scores do not depend on how many there are.

Characters and not tokens are counted, so the scores are the same with any tokenizer.
Characters whose tokens have no gold annotation are left out.
"""

from typing import Any, Dict, Iterable, List, NamedTuple, Optional

from spacy.tokens import Doc
from spacy.training import Example

# Prefix of the scores. `spacy evaluate --spans-key characters` prints scores that are
# named as those of spans.
KEY = "spans_characters"


class Counts(NamedTuple):
    """Characters by how they were labelled.

    Attributes:
        tp: True positives.
        fp: False positives.
        fn: False negatives.
    """

    tp: int = 0
    fp: int = 0
    fn: int = 0

    def add(self, other: "Counts") -> "Counts":
        """Return the sums with other counts."""
        return Counts(self.tp + other.tp, self.fp + other.fp, self.fn + other.fn)

    @property
    def prf(self) -> Dict[str, float]:
        """Precision `p`, recall `r` and F1 `f`, each in [0, 1]."""
        return {
            "p": _ratio(self.tp, self.tp + self.fp),
            "r": _ratio(self.tp, self.tp + self.fn),
            "f": _ratio(2 * self.tp, 2 * self.tp + self.fp + self.fn),
        }


def count_characters(examples: Iterable[Example]) -> Dict[str, Counts]:
    """Count labelled characters.

    Args:
        examples: Predicted Docs and their references, of the same texts.

    Returns:
        Counts of each label that occurs, sorted by label.
    """
    counts: Dict[str, Counts] = {}
    for eg in examples:
        gold, predicted = _labels(eg.reference), _labels(eg.predicted)
        for g, p in zip(gold, predicted):
            if g is None:
                continue
            p = p or ""
            wrong = {g: Counts(fn=1), p: Counts(fp=1)}
            for label, count in ({g: Counts(tp=1)} if g == p else wrong).items():
                if label:
                    counts[label] = counts.get(label, Counts()).add(count)
    return dict(sorted(counts.items()))


def character_scores(examples: Iterable[Example]) -> Dict[str, Any]:
    """Score single characters, as described in this module.

    Args:
        examples: Predicted Docs and their references, of the same texts.

    Returns:
        The micro scores `spans_characters_p`, `_r` and `_f`, the macro scores
        `spans_characters_macro_p`, `_r` and `_f`, and `spans_characters_per_type`. All
        are None if no character has a label.
    """
    counts = count_characters(examples)
    per_type = {label: count.prf for label, count in counts.items()}
    total = Counts()
    for count in counts.values():
        total = total.add(count)
    scores: Dict[str, Any] = {}
    for name, value in total.prf.items():
        found = [prf[name] for prf in per_type.values()]
        scores[f"{KEY}_{name}"] = value if found else None
        scores[f"{KEY}_macro_{name}"] = sum(found) / len(found) if found else None
    scores[f"{KEY}_per_type"] = per_type or None
    return scores


def _labels(doc: Doc) -> List[Optional[str]]:
    """Return the label of each character but whitespace; None without annotation."""
    labels: List[Optional[str]] = []
    for token in doc:
        label = token.ent_type_ if token.ent_iob_ else None
        labels += [label for char in token.text if not char.isspace()]
    return labels


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else 0.0
