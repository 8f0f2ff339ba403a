"""The interface of tasks: what the rows and columns of logits mean."""

from typing import (
    Any,
    Dict,
    Iterable,
    Mapping,
    Optional,
    Protocol,
    Sequence,
    Tuple,
    runtime_checkable,
)

import numpy as np
from spacy.tokens import Doc
from spacy.training import Example

from ..losses.base import Targets
from ..windows import Window


@runtime_checkable
class Task(Protocol):
    """A task that a teacher predicts and a student learns.

    Attributes:
        name: Name of the task in manifests, e.g. "ner".
        labels: Labels in order.
        columns: Names of the columns of logits, e.g. BILUO tags.
    """

    name: str
    labels: Tuple[str, ...]
    columns: Tuple[str, ...]

    def n_rows(self, doc: Doc) -> int:
        """Return the number of rows that a Doc's logits have: its tokens, or 1."""
        ...

    def merge(
        self, windows: Sequence[Window], rows: Sequence[np.ndarray]
    ) -> np.ndarray:
        """Merge the logits of a Doc's windows.

        Args:
            windows: The windows in order; see `windows.split`.
            rows: Logits of each window, [n_rows of the window, n_columns].

        Returns:
            Logits of the Doc, [n_rows, n_columns].
        """
        ...

    def targets(self, examples: Iterable[Example]) -> Targets:
        """Return the training targets of Examples, concatenated.

        Raises:
            DistillError: If gold labels or stored logits do not fit the columns.
        """
        ...

    def annotate(self, docs: Sequence[Doc], scores: Sequence[np.ndarray]) -> None:
        """Decode logits and write the result to the Docs.

        Args:
            docs: The Docs to annotate.
            scores: Logits of each Doc, [n_rows, n_columns].
        """
        ...

    def score(self, examples: Iterable[Example]) -> Dict[str, Any]:
        """Return the scores of predicted Docs against their references, in [0, 1]."""
        ...

    def count(self, logits: np.ndarray) -> Dict[str, int]:
        """Count the predictions of each label in logits [n_rows, n_columns]."""
        ...

    def relabel(
        self, labels: Mapping[str, Optional[str]]
    ) -> Tuple["Task", Sequence[Optional[int]]]:
        """Rename, merge or drop labels.

        Args:
            labels: The new label of each of the task's labels; None drops a label.

        Returns:
            The task with the new labels, in order of first appearance, and for each of
            this task's columns the new task's column that it becomes, None if it is
            left out.
        """
        ...

    def entropies(self, logits: np.ndarray) -> np.ndarray:
        """Return the entropy of each row of logits, in nats, [n_rows]."""
        ...

    def average(
        self, logits: Sequence[np.ndarray], weights: Sequence[float]
    ) -> np.ndarray:
        """Average the probabilities of several teachers; see `distributions`."""
        ...

    def merge_columns(
        self, logits: np.ndarray, columns: Sequence[Optional[int]], n_columns: int
    ) -> np.ndarray:
        """Merge columns that become one; see `distributions`."""
        ...
