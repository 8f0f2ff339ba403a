"""Lexicon features, compared with brute force and finite differences."""

import copy
import pickle
from collections import defaultdict

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.util import registry
from thinc.api import Adam

from spacy_distill.errors import DistillError
from spacy_distill.students.lexicon.features import (
    N_SETS,
    find_sets,
    get_lexicon_features,
    set_lexicon,
)
from spacy_distill.students.lexicon.matching import Lexicon

VOCAB = spacy.blank("xx").vocab
WIDTH = 3
WORDS = ["ab", "b", "京", "nowhere", "abc", "bc", "ca"]
# The last three are not in the training texts.
N_TRAINED = 4
PARTS = st.text(alphabet="abc京", min_size=1, max_size=2)
DOCS = st.lists(st.lists(PARTS, max_size=7), min_size=1, max_size=3)


def make(words=WORDS, n_trained=N_TRAINED):
    rng = np.random.default_rng(0)
    layer = registry.architectures.get("spacy_distill.LexiconFeatures.v1")(width=WIDTH)
    vectors = rng.normal(size=(len(words), WIDTH)).astype(np.float32)
    counts = rng.integers(0, 5, size=len(words))
    set_lexicon(layer, words, vectors, counts, n_trained=n_trained)
    layer.initialize()
    # What empty sets have is learned; at first it is zeros.
    table = layer.get_param("lexicon_vectors")
    assert not table[0].any()
    table[0] = rng.normal(size=WIDTH)
    return layer


def make_docs(docs):
    return [Doc(VOCAB, words=words, spaces=[False] * len(words)) for words in docs]


def sets_by_brute_force(words, doc):
    """Of each token, the words in each set, by comparing all ranges of tokens."""
    sets = defaultdict(list)
    for start in range(len(doc)):
        for end in range(start + 1, len(doc) + 1):
            text = doc[start:end].text
            if text not in words:
                continue
            word = words.index(text)
            for token in range(start, end):
                if end - start == 1:
                    place = 3
                elif token == start:
                    place = 0
                else:
                    place = 2 if token == end - 1 else 1
                sets[token, place].append(word)
    return sets


def reference(layer, doc):
    fixed = layer.get_param("lexicon_fixed").astype(np.float64)
    fixed *= layer.get_param("lexicon_fixed_scales")[:, None]
    table = np.concatenate([layer.get_param("lexicon_vectors"), fixed])
    counts = layer.get_param("lexicon_counts")
    words = layer.attrs["words"]
    sets = sets_by_brute_force(words, doc)
    out = np.zeros((len(doc), N_SETS, WIDTH))
    for token in range(len(doc)):
        for place in range(N_SETS):
            found = sets[token, place]
            out[token, place] = table[0]
            if found:
                weights = counts[found] / counts[found].sum()
                out[token, place] = weights @ table[np.array(found) + 1]
    return out.reshape(len(doc), N_SETS * WIDTH)


@given(DOCS, st.lists(PARTS, min_size=1, max_size=6, unique=True))
def test_sets_are_those_of_all_ranges(docs, words):
    docs = make_docs(docs)
    rows, found = find_sets(Lexicon(words), docs)
    assert (np.diff(rows) >= 0).all()
    expected, first = [], 0
    for doc in docs:
        for (token, place), inside in sets_by_brute_force(words, doc).items():
            row = (first + token) * N_SETS + place
            expected += [(row, word) for word in inside]
        first += len(doc)
    assert sorted(zip(rows.tolist(), found.tolist())) == sorted(expected)


@settings(deadline=None)
@given(DOCS)
def test_vectors_are_weighted_means(docs):
    layer, docs = make(), make_docs(docs)
    found = layer.predict(docs)
    for y, doc in zip(found, docs):
        assert y.shape == (len(doc), layer.get_dim("nO")) == (len(doc), 4 * WIDTH)
        assert y.dtype == np.float32
        np.testing.assert_allclose(y, reference(layer, doc), atol=1e-5)
    for y, trained in zip(found, layer(docs, is_train=True)[0]):
        np.testing.assert_array_equal(y, trained)


def test_gradient_by_finite_differences():
    layer = make()
    docs = make_docs([["a", "b", "c", "a"], [], ["京", "b"], ["c"] * 3])
    table = layer.get_param("lexicon_vectors").astype(np.float64)
    layer.set_param("lexicon_vectors", table)
    rng = np.random.default_rng(1)
    Y, backprop = layer.begin_update(docs)
    weights = [rng.normal(size=y.shape) for y in Y]
    assert backprop(weights) == []
    gradient = layer.get_grad("lexicon_vectors").copy()

    def value(changed):
        layer.set_param("lexicon_vectors", changed)
        return sum((y * w).sum() for y, w in zip(layer.predict(docs), weights))

    for i, j in np.ndindex(table.shape):
        step = np.zeros_like(table)
        step[i, j] = 1e-6
        slope = (value(table + step) - value(table - step)) / 2e-6
        assert slope == pytest.approx(gradient[i, j], abs=1e-6)
    # A word that is in no text does not change, nor do other words and counts.
    assert not gradient[WORDS.index("nowhere") + 1].any()
    assert len(gradient) == N_TRAINED + 1
    assert layer.grad_names == ("lexicon_vectors",)


def test_words_learn():
    layer, docs = make(), make_docs([["a", "b"]])
    before = layer.get_param("lexicon_vectors").copy()
    Y, backprop = layer.begin_update(docs)
    backprop([np.ones_like(y) for y in Y])
    layer.finish_update(Adam(0.1))
    changed = (layer.get_param("lexicon_vectors") != before).all(axis=1)
    assert np.flatnonzero(changed).tolist() == [0, 1, WORDS.index("b") + 1]


@pytest.mark.parametrize(
    "copy_of",
    [
        lambda layer: pickle.loads(pickle.dumps(layer)),
        copy.deepcopy,
        lambda layer: layer.copy(),
        lambda layer: make(["x"], n_trained=0).from_bytes(layer.to_bytes()),
    ],
    ids=["pickle", "deepcopy", "copy", "bytes"],
)
def test_copies_find_the_same_words(copy_of):
    layer, docs = make(), make_docs([["a", "b", "c"]])
    expected = layer.predict(docs)[0]
    other = copy_of(layer)
    np.testing.assert_array_equal(other.predict(docs)[0], expected)
    counts = np.zeros(1, dtype=np.int64)
    set_lexicon(other, ["x"], np.ones((1, WIDTH)), counts, n_trained=1)
    assert not other.predict(docs)[0].any()
    np.testing.assert_array_equal(layer.predict(docs)[0], expected)


@pytest.mark.parametrize("n_trained", [0, len(WORDS)])
def test_all_words_or_none_are_trained(n_trained):
    layer, (doc,) = make(n_trained=n_trained), make_docs([["a", "b", "c", "京"]])
    (y,), backprop = layer.begin_update([doc])
    np.testing.assert_allclose(y, reference(layer, doc), atol=1e-5)
    backprop([np.ones_like(y)])
    assert len(layer.get_grad("lexicon_vectors")) == n_trained + 1


def test_fixed_vectors_are_near_those_given():
    given = np.random.default_rng(0).normal(size=(len(WORDS), WIDTH))
    (y,) = make().predict(make_docs([["ca"]]))
    np.testing.assert_allclose(y[0, -WIDTH:], given[WORDS.index("ca")], atol=0.02)


def test_the_trie_is_not_saved():
    layer = make()
    before = len(pickle.dumps(layer))
    layer.predict(make_docs([["a"]]))
    assert len(pickle.dumps(layer)) == before


def test_layers_are_found():
    layer = make()
    assert get_lexicon_features(layer) == [layer]


def test_no_words():
    layer = registry.architectures.get("spacy_distill.LexiconFeatures.v1")()
    with pytest.raises(DistillError, match="got none: add"):
        layer.initialize()


def test_width_out_of_range():
    with pytest.raises(DistillError, match="width of 1 or more"):
        registry.architectures.get("spacy_distill.LexiconFeatures.v1")(width=0)
