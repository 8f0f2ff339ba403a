"""What a teacher says, against what it was taught: `tiny_classifiers.SENTENCES`."""

import numpy as np
from tiny_classifiers import SENTENCES, TEXTS

from spacy_distill.tasks.ner.tags import biluo_tags, tags_to_spans


def decoded(teacher, logits):
    """Entities by tokens, from the best tags as they are stored."""
    best = logits.astype(np.float16).argmax(axis=1)
    return tags_to_spans([teacher.tags[tag] for tag in best])


def assert_says_what_it_learned(teacher):
    assert teacher.tags == biluo_tags(["PER", "LOC"])
    docs = [teacher.nlp.make_doc(text) for text in TEXTS]
    rows = teacher.logits(docs)
    for doc, logits, (_, gold) in zip(docs, rows, SENTENCES):
        assert logits.shape == (len(doc), 9)
        assert logits.dtype == np.float32
        np.testing.assert_allclose(np.exp(logits).sum(axis=1), 1, atol=1e-5)
        assert decoded(teacher, logits) == gold
    assert teacher.lost_entities(docs) == [[] for _ in docs]
    assert not any(mask.any() for mask in teacher.without_pieces(docs))
