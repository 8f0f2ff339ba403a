"""Text classification as a task: categories are the columns, a Doc has one row."""

from typing import Any, Dict, Iterable, List, Mapping, Optional, Sequence, Tuple, Union

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from ...losses.base import Targets
from ...windows import Window, max_context_ranges
from ..distributions import SigmoidRows, SoftmaxRows
from .scorer import THRESHOLD, textcat_score
from .targets import get_targets

EXCLUSIVE, MULTILABEL = TEXTCAT = ("textcat", "textcat_multilabel")


class TextCatTask:
    """The task of a text classifier and of its teachers; see `tasks.base.Task`.

    Args:
        labels: The categories, in the order of the columns.
        exclusive: Whether each document has exactly one category, so that their
            probabilities sum to 1. Otherwise each category has a probability of its
            own.
    """

    def __init__(self, labels: Sequence[str], *, exclusive: bool = True) -> None:
        self.name = EXCLUSIVE if exclusive else MULTILABEL
        self.exclusive = exclusive
        self.labels = tuple(labels)
        self.columns = self.labels
        self._rows: Union[SoftmaxRows, SigmoidRows]
        self._rows = SoftmaxRows() if exclusive else SigmoidRows()

    def n_rows(self, doc: Doc) -> int:
        """Return 1."""
        return 1

    def merge(
        self, windows: Sequence[Window], rows: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Average the windows' probabilities.

        A window's weight is the number of tokens that have most context in it, so that
        an overlap does not count twice.
        """
        if len(windows) == 1:
            return rows[0]
        sizes = [end - start for start, end in max_context_ranges(windows)]
        merged = self.average(rows, [size / sum(sizes) for size in sizes])
        return merged.astype(rows[0].dtype)

    def targets(self, examples: Iterable[Example]) -> Targets:
        """Return gold categories, teacher logits and pseudo labels."""
        return get_targets(examples, self.labels, exclusive=self.exclusive)

    def log_probabilities(self, logits: np.ndarray) -> np.ndarray:
        """Return the logarithm of each category's probability, [n_rows, n_columns]."""
        return self._rows.log_probabilities(logits)

    def annotate(self, docs: Sequence[Doc], scores: Sequence[np.ndarray]) -> None:
        """Set `doc.cats` to the probabilities of the categories."""
        for doc, rows in zip(docs, scores):
            probabilities = np.exp(self.log_probabilities(rows.astype(np.float64)))[0]
            doc.cats = dict(zip(self.labels, probabilities.tolist()))

    def harden(self, doc: Doc) -> None:
        """Replace the probabilities in `doc.cats` by 1 and 0."""
        if self.exclusive:
            best = max(self.labels, key=lambda label: doc.cats[label])
            doc.cats = {label: float(label == best) for label in self.labels}
        else:
            doc.cats = {x: float(doc.cats[x] >= THRESHOLD) for x in self.labels}

    def score(self, examples: Iterable[Example]) -> Dict[str, Any]:
        """Return classification scores and calibration; see `textcat_score`."""
        return textcat_score(examples, labels=self.labels, exclusive=self.exclusive)

    def count(self, logits: np.ndarray) -> Dict[str, int]:
        """Count, by category, the rows that have it: the best, or all above 0.5."""
        if self.exclusive:
            best = logits.argmax(axis=1)
            counts = np.bincount(best, minlength=len(self.labels))
        else:
            counts = (logits > 0).sum(axis=0)
        return dict(zip(self.labels, counts.tolist()))

    def relabel(
        self, labels: Mapping[str, Optional[str]]
    ) -> Tuple["TextCatTask", List[Optional[int]]]:
        """Rename, merge or drop (None) categories."""
        new = dict.fromkeys(label for label in labels.values() if label is not None)
        task = TextCatTask(list(new), exclusive=self.exclusive)
        return task, [
            None if labels[old] is None else task.labels.index(str(labels[old]))
            for old in self.labels
        ]

    def entropies(self, logits: np.ndarray) -> np.ndarray:
        """Return the entropy of each row in nats."""
        return self._rows.entropies(logits)

    def average(
        self, logits: Sequence[np.ndarray], weights: Sequence[float]
    ) -> np.ndarray:
        """Average probabilities; see `distributions`."""
        return self._rows.average(logits, weights)

    def merge_columns(
        self, logits: np.ndarray, columns: Sequence[Optional[int]], n_columns: int
    ) -> np.ndarray:
        """Merge or drop columns; see `distributions`."""
        return self._rows.merge_columns(logits, columns, n_columns)
