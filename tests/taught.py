"""Check what teachers predict, e.g. of `tiny_classifiers.SENTENCES`."""

from typing import Any, List, Tuple

import numpy as np
from spacy.tokens import Doc
from tiny_classifiers import SENTENCES, TEXTS

from spacy_distill.tasks.ner.tags import biluo_tags, tags_to_spans
from spacy_distill.teachers.base import Prediction, Teacher


def logits_of(teacher: Teacher, docs: List[Doc]) -> List[np.ndarray]:
    """Return the logits of each Doc."""
    return [prediction.logits for prediction in teacher.predict(docs)]


def unaligned_of(predictions: List[Prediction]) -> List[List[int]]:
    """Return the unaligned tokens of each prediction."""
    out = []
    for logits, unaligned, _ in predictions:
        if unaligned is None:
            out.append([])
            continue
        # None is the only form of "no unaligned tokens".
        assert unaligned.shape == (len(logits),)
        assert unaligned.dtype == bool
        assert unaligned.any()
        out.append(np.flatnonzero(unaligned).tolist())
    return out


def best_spans(teacher: Teacher, logits: np.ndarray) -> List[Tuple[int, int, str]]:
    """Return the entities of the best tags, after rounding as in storage."""
    best = logits.astype(np.float16).argmax(axis=1)
    return tags_to_spans([teacher.task.columns[tag] for tag in best])


def assert_predicts_training_data(teacher: Any) -> None:
    """Check predictions of a teacher that was trained on SENTENCES."""
    assert teacher.task.labels == ("PER", "LOC")
    assert teacher.task.columns == biluo_tags(["PER", "LOC"])
    docs = [teacher.nlp.make_doc(text) for text in TEXTS]
    predictions = teacher.predict(docs)
    for doc, (logits, _, dropped), (_, gold) in zip(docs, predictions, SENTENCES):
        assert logits.shape == (len(doc), 9)
        assert logits.dtype == np.float32
        np.testing.assert_allclose(np.exp(logits).sum(axis=1), 1, atol=1e-5)
        assert best_spans(teacher, logits) == gold
        assert dropped == ()
    assert unaligned_of(predictions) == [[] for _ in docs]
