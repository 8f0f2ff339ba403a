import math

import numpy as np
import pytest

from spacy_distill.soft_labels.statistics import count_entities, entropy
from spacy_distill.tasks.ner.tags import biluo_tags

TAGS = biluo_tags(["B", "LOC", "NONE"])


def one_hot(*tags):
    return np.array([[t == tag for t in TAGS] for tag in tags], dtype=np.float16)


def test_entities_are_counted_by_their_first_tag():
    logits = one_hot("O", "B-LOC", "I-LOC", "L-LOC", "U-LOC", "U-B", "O", "L-NONE")
    assert count_entities(logits, TAGS) == {"B": 1, "LOC": 2, "NONE": 0}
    assert count_entities(logits[:0], TAGS) == {"B": 0, "LOC": 0, "NONE": 0}


def test_entropy_is_in_nats_and_summed():
    even = np.zeros((3, 4), dtype=np.float16)
    assert entropy(even) == pytest.approx(3 * math.log(4))
    sure = np.array([[0, -60000, -60000]], dtype=np.float16)
    assert entropy(sure) == pytest.approx(0)
    assert entropy(np.zeros((0, 4), dtype=np.float16)) == 0
    half = np.array([[0, 0, -60000]], dtype=np.float16)
    assert entropy(half) == pytest.approx(math.log(2))
