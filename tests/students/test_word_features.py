import numpy as np
import pytest
from encoders import assert_same, make, make_docs, run_torch
from spacy.util import registry
from thinc.api import fix_random_seed

from spacy_distill.errors import DistillError


def all_words_dropped(encoder, docs):
    encoder.attrs["word_dropout"] = 1.0
    dropped, backprop = run_torch(encoder, docs)
    backprop([np.ones_like(y) for y in dropped])
    return dropped


def test_dropped_words_are_read_as_unknown_ones(encoder):
    docs = make_docs()
    known = encoder.predict(docs)
    dropped = all_words_dropped(encoder, docs)
    rows = encoder.get_grad("word_vectors")
    assert rows[0].any()
    assert not rows[1:].any()
    # The same encoder with a table in which there is nothing.
    encoder.attrs["words"] = []
    assert_same(dropped, encoder.predict(docs))
    assert any((a != b).any() for a, b in zip(dropped, known))


def test_dropped_words_without_pieces_take_the_unknown_row():
    docs = make_docs()
    encoder = make(pieces=False)
    dropped = all_words_dropped(encoder, docs)
    assert not encoder.get_grad("word_vectors")[1:].any()
    encoder.attrs["words"] = []
    assert_same(dropped, encoder.predict(docs))


def test_words_are_dropped_by_share_and_in_training_alone(encoder):
    docs = make_docs(["Anna went to Paris"])
    assert_same(encoder.predict(docs), run_torch(encoder, docs)[0])
    encoder.attrs["word_dropout"] = 0.5
    fix_random_seed(0)
    expected = encoder.predict(docs)
    outputs = [run_torch(encoder, docs)[0][0] for _ in range(200)]
    # Four words: 2 ** 4 combinations, those with all four known one of them.
    distinct = {output.tobytes() for output in outputs}
    assert len(distinct) == 16
    whole = sum(np.allclose(output, expected[0], atol=1e-5) for output in outputs)
    assert 3 <= whole <= 30
    assert_same(encoder.predict(docs), expected)


@pytest.mark.parametrize("share", [-0.1, 1.0, float("nan")])
@pytest.mark.parametrize("name", ["CharCNNBiLSTM", "DilatedCNN"])
def test_a_share_of_dropped_words_that_cannot_be(name, share):
    architecture = registry.architectures.get(f"spacy_distill.{name}.v1")
    with pytest.raises(DistillError, match=r"word_dropout in \[0, 1\), got"):
        architecture(word_dropout=share)
