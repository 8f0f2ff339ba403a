"""Teacher that reads categories of texts from a file."""

import json
from functools import cached_property
from pathlib import Path
from typing import Callable, Dict, Iterator, List, Mapping, Optional, Sequence

import numpy as np
from spacy.tokens import Doc

from ...corpora.formats.categories.read import read_categories
from ...corpora.formats.categories.records import CategoryText
from ...files import sha256_bytes
from ...tasks.textcat.task import TextCatTask
from ..base import Prediction
from ..category_scores import category_logits, complete_scores
from .file_teacher import FileTeacher, check_options, hash_files


class CategoryFileTeacher(FileTeacher[CategoryText]):
    """A teacher whose categories are read from a file.

    Annotations of the same text are votes. The share of the votes for a category is its
    probability, and a score counts as a part of a vote.

    Args:
        path: A file or folder, see `formats.categories`.
        lang: Language of the tokenizer.
        labels: The categories, in this order; all that occur by default.
        certainty: Weight of a single vote against a uniform prior, in (0, 1]; 1 by
            default.
        annotator_weights: Weight of each annotator by name; 1 by default.
        task: "textcat" or "textcat_multilabel"; by default as the texts have one
            category each or several.

    Raises:
        DistillError: If the file cannot be read or is invalid, or if an option is
            invalid.
    """

    def __init__(
        self,
        path: Path,
        *,
        lang: str = "en",
        labels: Optional[List[str]] = None,
        certainty: Optional[float] = None,
        annotator_weights: Optional[Dict[str, float]] = None,
        task: Optional[str] = None,
    ) -> None:
        self._certainty = 1.0 if certainty is None else float(certainty)
        check_options(labels, self._certainty)
        found = read_categories(path, labels=labels, task=task)
        names = [text.annotator for text in found.texts if text.annotator is not None]
        super().__init__(
            path,
            lang=lang,
            annotators=tuple(dict.fromkeys(names)),
            annotator_weights=annotator_weights,
        )
        self._task = TextCatTask(found.categories, exclusive=found.exclusive)
        self._votes: Dict[str, List[CategoryText]] = {}
        for text in found.texts:
            self._votes.setdefault(text.text.rstrip(), []).append(text)
        self.warn_of_left_out(found.left_out)

    @property
    def task(self) -> TextCatTask:
        """Text classification with the given categories, or else those of the file."""
        return self._task

    @property
    def votes(self) -> Mapping[str, List[CategoryText]]:
        """Votes on each text."""
        return self._votes

    @cached_property
    def hash(self) -> str:
        """SHA-256 of the file and of the options that change the predictions."""
        options = {
            "file": hash_files(self._path),
            "lang": self._nlp.lang,
            "task": self._task.name,
            "categories": self._task.columns,
            "certainty": self._certainty,
            "weights": self._weights,
        }
        return sha256_bytes(json.dumps(options, sort_keys=True).encode("utf-8"))

    def check_texts(self, read: Callable[[], Iterator[Doc]]) -> None:
        """Check that all documents are in the file.

        Args:
            read: Returns an iterator over all Docs each time it is called.

        Raises:
            DistillError: If documents are not in the file. The message names them.
        """
        self.reject_missing([doc.text for doc in read() if not self._is_known(doc)])

    def predict(self, docs: List[Doc]) -> List[Prediction]:
        """Predict a batch of Docs.

        Args:
            docs: Docs to predict. They are not modified.

        Returns:
            Log-probabilities or, of several categories, log-odds of the votes, float32
            [1, n_categories].

        Raises:
            DistillError: If the texts of Docs are not in the file.
        """
        self.reject_missing([doc.text for doc in docs if not self._is_known(doc)])
        means = [self._mean(self.find_votes(doc) or []) for doc in docs]
        return [Prediction(category_logits(mean, self._task)) for mean in means]

    def _is_known(self, doc: Doc) -> bool:
        return self.find_votes(doc) is not None

    def _mean(self, votes: Sequence[CategoryText]) -> np.ndarray:
        """Return the mean of votes with a uniform prior, float64 [1, n_categories].

        The prior weighs as much as (1 - certainty) / certainty annotators; see
        `votes.vote_probabilities`. Where there is no vote, it counts alone.
        """
        n = len(self._task.labels)
        uniform = 1.0 / n if self._task.exclusive else 0.5
        prior = (1.0 - self._certainty) / self._certainty
        total = np.full(n, prior * uniform)
        weights = np.full(n, prior)
        rows = complete_scores([vote.scores for vote in votes], self._task)
        for vote, row in zip(votes, rows):
            # Of exclusive categories, one says something about all.
            votes_on = np.array(
                [
                    vote.closed or self._task.exclusive or label in vote.scores
                    for label in self._task.labels
                ]
            )
            weight = self.weight(vote) * votes_on
            total += weight * row
            weights += weight
        mean = np.where(weights > 0, total / np.where(weights > 0, weights, 1), uniform)
        out: np.ndarray = mean[None]
        return out
