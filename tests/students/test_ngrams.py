"""The n-gram classifier: what it hashes, and its gradient."""

import numpy as np
import pytest
import spacy
from spacy.strings import get_string_id
from spacy.tokens import Doc

from spacy_distill.errors import DistillError
from spacy_distill.students.ngrams import (
    CharNGrams,
    buckets_of,
    ngram_classifier_v1,
    ngram_hashes,
)

NLP = spacy.blank("en")
NO_CHARS = CharNGrams(3, 0)


def test_character_ngrams():
    found = CharNGrams(3, 4).hashes("film")
    expected = ["<fi", "fil", "ilm", "lm>", "<fil", "film", "ilm>"]
    assert found.tolist() == [get_string_id(part) for part in expected]
    assert CharNGrams(3, 5).hashes("").tolist() == []


def test_of_a_long_word_the_beginning_counts():
    chars = CharNGrams(3, 5)
    assert len(chars.hashes("x" * 1_000_000)) == 100 + 99 + 98
    assert (chars.hashes("x" * 99) != chars.hashes("x" * 98 + "y")).any()


def test_word_ngrams_ignore_case_and_whitespace():
    plain = ngram_hashes(NLP.make_doc("a fine film"), 2, NO_CHARS)
    assert len(plain) == len(set(plain.tolist())) == 3 + 2
    other = ngram_hashes(NLP.make_doc("A  Fine\nFILM "), 2, NO_CHARS)
    np.testing.assert_array_equal(plain, other)
    # The order of words matters to their n-grams alone.
    swapped = ngram_hashes(NLP.make_doc("film fine a"), 2, NO_CHARS)
    assert set(swapped[:3]) == set(plain[:3])
    assert not set(swapped[3:]) & set(plain[3:])
    for text in ("", " \n"):
        assert len(ngram_hashes(NLP.make_doc(text), 2, CharNGrams(3, 5))) == 0


def test_buckets_are_used_evenly():
    words = [f"word{i}" for i in range(20_000)]
    hashes = ngram_hashes(Doc(NLP.vocab, words=words), 2, NO_CHARS)
    counts = np.bincount(buckets_of(hashes, 64), minlength=64)
    assert len(counts) == 64
    assert counts.min() > 0.85 * counts.mean()
    assert counts.max() < 1.15 * counts.mean()


def test_output_and_gradient():
    model = ngram_classifier_v1(width=3, buckets=40, word_ngrams=2, nO=2)
    docs = [NLP.make_doc(text) for text in ("a fine film", "", "film  fine", " ")]
    model.initialize(X=docs)
    rng = np.random.default_rng(0)
    for node in model.walk():
        for name in node.param_names:
            values = rng.normal(size=node.get_param(name).shape)
            node.set_param(name, values.astype(np.float32))
    Y, backprop = model.begin_update(docs)
    np.testing.assert_array_equal(Y, model.predict(docs))
    # By hand: the sum of the rows over the square root of their number.
    table, linear = model.layers[0].get_param("E"), model.get_ref("output_layer")
    rows = buckets_of(ngram_hashes(docs[0], 2, CharNGrams(3, 5)), 40)
    pooled = table[rows].sum(0) / np.sqrt(len(rows))
    expected = linear.get_param("W") @ pooled + linear.get_param("b")
    np.testing.assert_allclose(Y[0], expected, rtol=1e-4)
    np.testing.assert_array_equal(Y[1], linear.get_param("b"))
    weights = rng.normal(size=Y.shape).astype(np.float32)
    backprop(weights)
    gradient = model.layers[0].get_grad("E").copy()
    step = 0.1
    for at in [(rows[0], 0), (rows[-1], 2), (int(rows.max()), 1)]:
        values = []
        for sign in (1, -1):
            moved = table.copy()
            moved[at] += sign * step
            model.layers[0].set_param("E", moved)
            values.append((model.predict(docs) * weights).sum())
        model.layers[0].set_param("E", table)
        # The model is linear, so the difference is exact.
        found = (values[0] - values[1]) / (2 * step)
        assert gradient[at] == pytest.approx(found, rel=1e-2, abs=1e-3)


def test_dropout_is_for_training_alone():
    model = ngram_classifier_v1(width=3, buckets=40, dropout=0.5, nO=2)
    docs = [NLP.make_doc("a fine film of this kind")] * 4
    model.initialize(X=docs)
    assert len(np.unique(model.begin_update(docs)[0], axis=0)) > 1
    assert len(np.unique(model.predict(docs), axis=0)) == 1


@pytest.mark.parametrize(
    "settings",
    [
        {"word_ngrams": 0},
        {"word_ngrams": 5},
        {"width": 0},
        {"buckets": 0},
        {"min_chars": 0},
        {"min_chars": 4, "max_chars": 3},
    ],
)
def test_sizes_out_of_range(settings):
    with pytest.raises(DistillError, match=r"change \[components.textcat.model\]"):
        ngram_classifier_v1(**settings)
