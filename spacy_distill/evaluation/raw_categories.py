"""Logits of a component's categories, and what is right."""

from dataclasses import dataclass
from typing import Optional, Sequence, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from ..arrays import log_softmax
from ..tasks.calibration import LEAST, Calibration
from ..tasks.textcat.calibration import (
    TemperatureScaling,
    cross_validate,
    fit_temperature,
)
from ..tasks.textcat.component import CompactTextCat
from ..tasks.textcat.scorer import THRESHOLD
from ..tasks.textcat.targets import as_pairs
from .raw_outcomes import Decided, RawOutcomes, fingerprint, run_before

_BATCH = 128


@dataclass(frozen=True)
class RawCategories(RawOutcomes):
    """Categories of a component; see `RawOutcomes`.

    There is a row for each document, with a column for each category. If categories are
    not exclusive, there is a row for each annotated pair of document and category, with
    two columns, for no and yes. As in `category_outcomes`, decisions are the best
    category of each document, or the yes of each pair.

    Attributes:
        logits: Logits, float64 [n_rows, n_columns].
        gold: Right column of each row, int64 [n_rows]; -1 for a category that the
            component does not predict.
        documents: Number of each row's document, int64 [n_rows].
        exclusive: Whether each document has exactly one category.
        unknown: Categories of the gold annotation that the component does not predict.
    """

    logits: np.ndarray
    gold: np.ndarray
    documents: np.ndarray
    exclusive: bool
    unknown: Tuple[str, ...]

    unit = "documents"
    ece = "cats_ece"

    def __len__(self) -> int:
        return len(np.unique(self.documents))

    def raw(self) -> Decided:
        """Return probabilities without calibration."""
        return self._decided(self.logits)

    def apply(self, calibration: Calibration) -> Decided:
        """Return calibrated probabilities."""
        return self._decided(calibration.apply(self.logits))

    def fit(self) -> TemperatureScaling:
        """Fit a calibration."""
        temperature = fit_temperature(self.logits, self.gold)
        return TemperatureScaling(temperature, documents=len(self), data=self.data)

    def cross_validate(self) -> Decided:
        """Return probabilities by calibrations fitted on the other documents."""
        temperatures = cross_validate(self.logits, self.gold, self.documents)
        return self._decided(self.logits / temperatures[:, None])

    def find_fault(self) -> str:
        """Return why no calibration can be fitted; empty if one can."""
        if self.unknown:
            return (
                "the gold annotation has categories that are not predicted:"
                f" {', '.join(self.unknown)}"
            )
        number = len(self)
        if number < LEAST:
            return f"{number:,} documents are too few to tell, {LEAST} are needed"
        right = self.logits.argmax(axis=1) == self.gold
        if right.all() or not right.any():
            which = "right" if right.all() else "wrong"
            return f"the categories of all {number:,} documents are {which}"
        return ""

    def _decided(self, logits: np.ndarray) -> Decided:
        log_probs = log_softmax(logits)
        decided = log_probs.max(axis=1) if self.exclusive else log_probs[:, 1]
        known = np.flatnonzero(self.gold >= 0)
        likelihood = log_probs[known, self.gold[known]]
        return Decided(np.exp(decided), float(-likelihood.sum()))


def find_classifier(
    nlp: Language, *, exclusive: bool
) -> Optional[Tuple[str, CompactTextCat]]:
    """Return the component whose probabilities can be calibrated, and its name."""
    for name, pipe in nlp.pipeline:
        if isinstance(pipe, CompactTextCat) and pipe.exclusive == exclusive:
            return (name, pipe) if pipe.labels else None
    return None


def raw_categories(nlp: Language, name: str, gold: Sequence[Doc]) -> RawCategories:
    """Predict categories with one component and compare them with gold annotation.

    Args:
        nlp: The pipeline.
        name: Name of its `compact_textcat`.
        gold: Docs with gold annotation, each with a category if they are exclusive.
    """
    pipe = nlp.get_pipe(name)
    assert isinstance(pipe, CompactTextCat)
    docs = run_before(nlp, name, gold)
    batches = [pipe.get_logits(batch) for batch in minibatch(docs, _BATCH)]
    logits = np.concatenate([row for batch in batches for row in batch])
    labels = [x for x in pipe.labels if x not in pipe.cfg["untrained"]]
    wanted = {x for doc in gold for x, value in doc.cats.items() if value >= THRESHOLD}
    # [n_docs, n_categories]: whether a document has the category, NaN where unknown.
    values = np.array([[doc.cats.get(x, np.nan) for x in pipe.labels] for doc in gold])
    has = values >= THRESHOLD
    documents = np.arange(len(gold))
    if pipe.exclusive:
        rows, columns = logits, np.where(has.any(axis=1), has.argmax(axis=1), -1)
        correct = rows.argmax(axis=1) == columns
    else:
        annotated = ~np.isnan(values).ravel()
        rows, columns = as_pairs(logits)[annotated], has.ravel()[annotated].astype(int)
        documents = np.repeat(documents, len(pipe.labels))[annotated]
        correct = columns == 1
    return RawCategories(
        correct=correct,
        data=fingerprint(gold),
        logits=rows.astype(np.float64),
        gold=columns.astype(np.int64),
        documents=documents,
        exclusive=pipe.exclusive,
        unknown=tuple(sorted(wanted - set(labels))),
    )
