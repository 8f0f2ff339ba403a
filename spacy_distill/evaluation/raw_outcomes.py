"""Raw probabilities of a component's entities, and whether they are right."""

from dataclasses import dataclass
from typing import Iterable, List, Optional, Sequence, Tuple

import numpy as np
from spacy.language import Language
from spacy.tokens import Doc
from spacy.util import minibatch

from ..files import sha256_bytes
from ..tasks.ner.calibration import Calibration, cross_validate
from ..tasks.ner.component import CompactNER

_BATCH = 128


@dataclass(frozen=True)
class RawOutcomes:
    """Entities of a component, before those that other components set or change.

    Attributes:
        probabilities: Probabilities without calibration, float64 [n].
        correct: Whether each entity is right, bool [n].
        documents: Number of each entity's document, int64 [n].
        data: Fingerprint of the texts.
    """

    probabilities: np.ndarray
    correct: np.ndarray
    documents: np.ndarray
    data: str

    def calibrated(self, calibration: Calibration) -> Tuple[np.ndarray, bool]:
        """Return calibrated probabilities that were not fitted on these entities.

        Args:
            calibration: The calibration of the component.

        Returns:
            Its probabilities, or those of a cross-validation if it was fitted on the
            same texts; and whether it was.
        """
        if calibration.data == self.data:
            return self.cross_validated(), True
        return calibration.apply(self.probabilities), False

    def cross_validated(self) -> np.ndarray:
        """Return probabilities by calibrations fitted on the other documents."""
        return cross_validate(self.probabilities, self.correct, self.documents)


def find_scored(nlp: Language) -> Optional[Tuple[str, CompactNER]]:
    """Return the component that writes probabilities to `doc.spans`, and its name."""
    for name, pipe in nlp.pipeline:
        if isinstance(pipe, CompactNER) and pipe.spans_key is not None:
            return name, pipe
    return None


def raw_outcomes(
    nlp: Language, name: str, docs: Sequence[Doc], gold: Iterable[Doc]
) -> RawOutcomes:
    """Predict entities with one component and compare them with gold annotation.

    Entities that are set before the component predicts are left out, as they have no
    probability of its own.

    Args:
        nlp: The pipeline.
        name: Name of its `compact_ner`.
        docs: Docs without annotation.
        gold: The same texts with annotation, in the same order.
    """
    pipe = nlp.get_pipe(name)
    assert isinstance(pipe, CompactNER)
    later = nlp.pipe_names[nlp.pipe_names.index(name) :]
    probabilities: List[float] = []
    correct: List[bool] = []
    documents: List[int] = []
    texts = []
    calibration, pipe.calibration = pipe.calibration, None
    try:
        with nlp.select_pipes(disable=later):
            docs = list(nlp.pipe(docs))
        batches = [pipe.predict(batch) for batch in minibatch(docs, _BATCH)]
    finally:
        pipe.calibration = calibration
    predicted = [spans for batch in batches for spans in batch]
    for number, (doc, spans, reference) in enumerate(zip(docs, predicted, gold)):
        texts.append(reference.text)
        if not reference.has_annotation("ENT_IOB"):
            continue
        known = {(ent.start, ent.end) for ent in doc.ents}
        right = {(e.start_char, e.end_char, e.label_) for e in reference.ents}
        for start, end, label, probability in spans:
            if (start, end) in known:
                continue
            span = doc[start:end]
            probabilities.append(probability)
            correct.append((span.start_char, span.end_char, label) in right)
            documents.append(number)
    return RawOutcomes(
        probabilities=np.array(probabilities, dtype=np.float64),
        correct=np.array(correct, dtype=bool),
        documents=np.array(documents, dtype=np.int64),
        data=sha256_bytes("\n".join(texts).encode("utf-8")),
    )
