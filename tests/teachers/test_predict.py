"""Docs of any length through a teacher."""

import numpy as np
import pytest
from hash_teacher import HashTeacher

from spacy_distill.errors import DistillError
from spacy_distill.teachers.predict import predict_docs

TEXTS = ["one two three four five six", "", "seven eight"]


class ForgetfulTeacher(HashTeacher):
    """Leaves out the last Doc of each batch."""

    def predict(self, docs):
        return super().predict(docs)[:-1]


def test_one_prediction_for_each_doc():
    teacher = HashTeacher()
    docs = [teacher.nlp.make_doc(text) for text in TEXTS]
    predictions = predict_docs(teacher, docs, window=4, overlap=2)
    n_columns = len(teacher.task.columns)
    shapes = [prediction.logits.shape for prediction in predictions]
    assert shapes == [(len(doc), n_columns) for doc in docs]
    assert all(p.logits.dtype == np.float16 for p in predictions)


def test_a_teacher_that_leaves_out_docs():
    teacher = ForgetfulTeacher()
    docs = [teacher.nlp.make_doc(text) for text in TEXTS]
    message = "one prediction for each of 2 documents from hash_teacher, got 1"
    with pytest.raises(DistillError, match=message):
        predict_docs(teacher, docs)
