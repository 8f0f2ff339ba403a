"""Scores of text classification."""

from collections import Counter
from dataclasses import replace
from typing import Dict, List, Optional, Sequence, Tuple

from spacy.language import Language
from spacy.scorer import PRFScore
from spacy.tokens import Doc
from spacy.training import Example

from ..errors import DistillError
from ..label_maps import LabelMap, label_map_option, suggest_map
from ..tasks.textcat.component import CompactTextCat
from ..tasks.textcat.scorer import THRESHOLD, category_outcomes, textcat_score
from ..tasks.textcat.targets import gold_category
from ..tasks.textcat.task import EXCLUSIVE, MULTILABEL
from .agreement import Agreement
from .categories import CategoryPair, decide, pair_categories, relabel_categories
from .labels import check_label_map, find_labels, map_labels
from .raw_categories import RawCategories, find_classifier, raw_categories
from .rows import TypeScore
from .scoring import Scores

# Texts in `Agreement.worst`.
_N_WORST = 10


class CategoryScoring:
    """Scores categories; see `Scoring`.

    Args:
        exclusive: Whether each document has exactly one category.
    """

    counts_documents = True
    calibrates = "a compact_textcat"

    def __init__(self, *, exclusive: bool) -> None:
        self.exclusive = exclusive
        self.task = EXCLUSIVE if exclusive else MULTILABEL

    def find_labels(self, nlp: Language) -> Optional[List[str]]:
        """Return the categories that a pipeline can predict."""
        return find_labels(nlp, "doc.cats")

    def prepare(
        self, docs: Sequence[Doc], label_map: LabelMap, *, source: str
    ) -> Tuple[List[Doc], Dict[str, int]]:
        """Rename categories, and leave out documents without any.

        Values become 1 and 0. A document whose only category the map drops is left out.
        """
        kept = []
        for doc in docs:
            if self.exclusive:
                gold_category(doc.cats, doc.text)
            doc.cats = {x: float(value >= THRESHOLD) for x, value in doc.cats.items()}
            relabel_categories(doc, label_map, exclusive=self.exclusive)
            if any(doc.cats.values()) if self.exclusive else doc.cats:
                kept.append(doc)
        if not self.count(kept):
            raise DistillError(
                f"Expected Docs with categories (doc.cats) in {source}, got none: give"
                " annotated ones."
            )
        return kept, {"left_out": len(docs) - len(kept)}

    def count(self, docs: Sequence[Doc]) -> Dict[str, int]:
        """Return the number of documents of each category."""
        found = Counter(
            label for doc in docs for label, x in doc.cats.items() if x >= THRESHOLD
        )
        return dict(sorted(found.items()))

    def predicted_labels(self, docs: Sequence[Doc]) -> List[str]:
        """Return the categories that have a probability in Docs, even a low one."""
        return sorted({label for doc in docs for label in doc.cats})

    def relabel(self, doc: Doc, label_map: LabelMap, spans_key: Optional[str]) -> None:
        """Rename, merge or drop categories."""
        relabel_categories(doc, label_map, exclusive=self.exclusive)

    def check_label_map(
        self, label_map: LabelMap, known: Optional[Sequence[str]]
    ) -> None:
        """Check a label map of the user."""
        check_label_map(label_map, known, nothing="category")

    def check_labels(
        self, name: str, labels: Sequence[str], gold: Sequence[str], label_map: LabelMap
    ) -> None:
        """Check that a pipeline knows all categories of the gold annotation."""
        mapped = map_labels(labels, label_map)
        unknown = sorted(set(gold) - set(mapped))
        if not labels or not unknown:
            return
        suggested = suggest_map(unknown, mapped, label_map)
        raise DistillError(
            f"Expected {name} to know the categories of the gold annotation, which has"
            f" {', '.join(gold)}, got {', '.join(mapped) or 'none'}: add"
            f" {label_map_option({**label_map, **suggested})}, with null for categories"
            " whose documents are to be left out."
        )

    def score(
        self,
        nlp: Language,
        examples: List[Example],
        *,
        with_probabilities: bool,
        label_map: LabelMap,
    ) -> Scores:
        """Score categories: all together, and each of them."""
        docs = [eg.predicted for eg in examples] + [eg.reference for eg in examples]
        # In the order of the predictions, of which the first one wins if two are equal.
        labels = list(dict.fromkeys(label for doc in docs for label in doc.cats))
        found = textcat_score(examples, labels=labels, exclusive=self.exclusive)
        decided = {x for doc in docs for x in self._decide(doc)}
        per_type = {
            label: TypeScore(precision=prf["p"], recall=prf["r"], f1=prf["f"])
            for label, prf in sorted(found["cats_f_per_type"].items())
            if label in decided
        }
        scores = Scores(
            precision=found["cats_micro_p"],
            recall=found["cats_micro_r"],
            f1=found["cats_micro_f"],
            per_type=per_type,
            macro_f1=sum(s.f1 for s in per_type.values()) / max(len(per_type), 1),
            accuracy=found["cats_acc"],
        )
        if not with_probabilities:
            return scores
        pipe = self.find_calibrated(nlp)
        calibration = None if pipe is None else pipe[1].calibration
        # With a map the component's categories are others.
        if pipe is None or calibration is None or label_map:
            probabilities, correct = category_outcomes(
                examples, labels, exclusive=self.exclusive
            )
            return replace(scores, probabilities=probabilities, correct=correct)
        raw = self.raw_outcomes(nlp, pipe[0], [eg.reference for eg in examples])
        return scores.with_calibrated(raw, calibration)

    def find_calibrated(self, nlp: Language) -> Optional[Tuple[str, CompactTextCat]]:
        """Find the first `compact_textcat`."""
        return find_classifier(nlp, exclusive=self.exclusive)

    def raw_outcomes(
        self, nlp: Language, name: str, gold: Sequence[Doc]
    ) -> RawCategories:
        """Predict categories without calibration."""
        return raw_categories(nlp, name, gold)

    def compare(
        self,
        teacher: Sequence[Doc],
        student: Sequence[Doc],
        *,
        spans_key: Optional[str] = None,
        gold: Optional[Sequence[Doc]] = None,
    ) -> Agreement:
        """Compare the decisions of two pipelines on the same texts."""
        score = PRFScore()
        worst: List[CategoryPair] = []
        for i, (theirs, ours) in enumerate(zip(teacher, student)):
            wanted, got = (set(self._decide(doc)) for doc in (theirs, ours))
            score.score_set(got, wanted)
            if wanted != got:
                right = None if gold is None else gold[i]
                pair = pair_categories(
                    theirs, ours, exclusive=self.exclusive, document=i, gold=right
                )
                worst.append(pair)
        differing = len(worst)
        worst.sort(key=lambda pair: -pair.distance)
        return Agreement(
            precision=score.precision,
            recall=score.recall,
            f1=score.fscore if len(score) else None,
            documents=len(teacher) - differing,
            compared=len(teacher),
            worst=worst[:_N_WORST],
        )

    def pair(
        self, teacher: Doc, student: Doc, *, spans_key: Optional[str]
    ) -> CategoryPair:
        """Combine the categories of two pipelines for display."""
        return pair_categories(teacher, student, exclusive=self.exclusive)

    def _decide(self, doc: Doc) -> List[str]:
        return decide(doc.cats, exclusive=self.exclusive)
