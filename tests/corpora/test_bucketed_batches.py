import random

import pytest
import spacy
from hypothesis import given
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.training import Example

from spacy_distill.corpora.distill_corpus import bucketed_batches_v1
from spacy_distill.errors import DistillError

VOCAB = spacy.blank("en").vocab
some_lengths = st.lists(st.integers(0, 12), max_size=40)


def make(lengths):
    docs = [Doc(VOCAB, words=["a"] * length) for length in lengths]
    return [Example(doc, doc) for doc in docs]


@given(some_lengths, st.integers(1, 5), st.integers(1, 4))
def test_batches_of_like_length(lengths, size, buffer):
    examples = make(lengths)
    batches = list(bucketed_batches_v1(size, buffer)(examples))
    found = [id(eg) for batch in batches for eg in batch]
    assert sorted(found) == sorted(id(eg) for eg in examples)
    window = size * buffer
    n_windows = -(-len(examples) // window)
    for i in range(n_windows):
        here = {id(eg) for eg in examples[i * window : (i + 1) * window]}
        mine = [batch for batch in batches if id(batch[0]) in here]
        # Within a window the batches, put in order, are sorted by length.
        assert all(id(eg) in here for batch in mine for eg in batch)
        assert sum(len(batch) < size for batch in mine) <= 1
        in_order = sorted(
            mine, key=lambda b: (len(b[0].predicted), len(b[-1].predicted))
        )
        flat = [len(eg.predicted) for batch in in_order for eg in batch]
        assert flat == sorted(flat)


def test_order_of_batches_is_random_and_follows_the_seed():
    examples = make(range(50))

    def order(seed):
        random.seed(seed)
        return [len(b[0].predicted) for b in bucketed_batches_v1(2, 25)(examples)]

    assert order(1) == order(1) != order(2)
    assert order(1) != sorted(order(1))


def test_a_stream_without_end():
    def endless():
        while True:
            yield from make([3, 1])

    batches = bucketed_batches_v1(2, 3)(endless())
    assert [len(next(batches)) for _ in range(10)] == [2] * 10


@pytest.mark.parametrize(("size", "buffer"), [(0, 1), (1, 0), (-1, 5)])
def test_sizes_out_of_range(size, buffer):
    with pytest.raises(DistillError, match="1 or more"):
        bucketed_batches_v1(size, buffer)
