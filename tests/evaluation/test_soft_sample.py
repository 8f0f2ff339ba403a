import math

import numpy as np
import pytest
from hash_teacher import HashTeacher
from small import TEXTS, entities, write_soft_labels

from spacy_distill.docs import LOGITS
from spacy_distill.errors import DistillError
from spacy_distill.evaluation.soft_sample import sample_soft_labels
from spacy_distill.teachers.pipe import teacher_pipeline


def test_few_documents_are_taken_whole(tmp_path):
    folder = write_soft_labels(tmp_path, [*TEXTS, "more of it"])
    sample = sample_soft_labels(folder)
    assert [doc.text for doc in sample.docs] == [*TEXTS, "more of it"]
    assert sample.manifest.counts.docs == 5
    nlp = teacher_pipeline(HashTeacher())
    assert [entities(d) for d in sample.docs] == [entities(nlp(t)) for t in TEXTS] + [
        entities(nlp("more of it"))
    ]


def test_of_many_documents_some_are_taken_from_all_over(tmp_path):
    texts = [f"number {i} of many" for i in range(300)]
    folder = write_soft_labels(tmp_path, texts)
    sample = sample_soft_labels(folder, words=80)
    numbers = [int(doc[1].text) for doc in sample.docs]
    # Twenty documents, from ten of the sixty shards.
    assert len(numbers) == 20
    assert numbers == sorted(set(numbers))
    assert numbers[0] == 0
    assert numbers[-1] >= 270
    assert len({number // 5 for number in numbers}) == 10


def test_entropy_is_counted_word_by_word(tmp_path):
    folder = write_soft_labels(tmp_path, TEXTS * 5)
    sample = sample_soft_labels(folder)
    assert sum(b.words for b in sample.entropy) == 5 * sum(
        len(t.split()) for t in TEXTS
    )
    assert sample.entropy[0].low == 0.0
    assert sample.entropy[-1].high == pytest.approx(math.log(9))
    for left, right in zip(sample.entropy, sample.entropy[1:]):
        assert left.high == right.low
    # What a made-up teacher says of each word, by the textbook.
    logits = np.concatenate([doc.user_data[LOGITS] for doc in sample.docs])
    p = np.exp(logits.astype(np.float64))
    p /= p.sum(axis=1, keepdims=True)
    entropy = -(p * np.log(p)).sum(axis=1)
    for b in sample.entropy:
        assert b.words == ((entropy >= b.low) & (entropy < b.high)).sum()


def test_an_even_distribution_is_in_the_last_bin(tmp_path):
    def flatten(texts, rows):
        for row in rows:
            row[:] = 0.0

    sample = sample_soft_labels(write_soft_labels(tmp_path, TEXTS, change=flatten))
    assert sample.entropy[-1].words == sum(b.words for b in sample.entropy) > 0


def test_a_damaged_shard(tmp_path):
    folder = write_soft_labels(tmp_path, TEXTS)
    (folder / "shard-00000.spacy").write_bytes(b"x")
    with pytest.raises(DistillError, match="checksum"):
        sample_soft_labels(folder)
