"""The n-gram layer: what it computes, its gradient, and what it caches."""

import copy
import os
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import spacy
from small_classifiers import by_heart, make_classifier
from spacy.tokens import Doc
from texts_with_categories import CLASSIFIED_TEXTS, classified_data, make_examples
from thinc.api import SGD, Adam, fix_random_seed

from spacy_distill.errors import DistillError
from spacy_distill.students.ngram_hashes import CharNGrams, buckets_of, ngram_hashes
from spacy_distill.students.ngrams import get_ngram_layers, ngram_classifier_v1

NLP = spacy.blank("en")
TEXTS = [
    "Anna went to Paris . Anna stayed .",
    "",
    "Incomprehensibilities, Zürich and 1984",
    "   ",
    "to to \n to  to",
    "a",
    "unseen-word ☃ anna",
]
SIZES = [
    {},
    {"word_ngrams": 1},
    {"word_ngrams": 4, "max_chars": 0},
    {"word_ngrams": 3, "min_chars": 1, "max_chars": 2},
    {"buckets": 5},
]


def make_docs(texts=TEXTS):
    return [NLP.make_doc(text) for text in texts]


def make(width=3, **settings):
    """A layer whose table is random; it starts at zero."""
    fix_random_seed(0)
    sizes = {"buckets": 512, **settings}
    model = ngram_classifier_v1(width=width, nO=2, **sizes)
    model.initialize(X=make_docs())
    (layer,) = get_ngram_layers(model)
    shape = layer.get_param("E").shape
    layer.set_param("E", np.random.normal(size=shape).astype(np.float32))
    return layer


def uncached(layer, docs):
    """What the training pass computes, which has no cache of sums."""
    return layer(docs, is_train=True)[0]


def assert_same(ours, theirs):
    np.testing.assert_allclose(ours, theirs, atol=1e-5)


@pytest.mark.parametrize("sizes", SIZES)
def test_a_doc_is_the_scaled_sum_of_its_ngrams(sizes):
    layer, docs = make(**sizes), make_docs()
    table = layer.get_param("E")
    attrs = layer.attrs
    chars = CharNGrams(attrs["min_chars"], attrs["max_chars"])
    expected = np.zeros((len(docs), 3))
    for i, doc in enumerate(docs):
        hashes = ngram_hashes(doc, attrs["word_ngrams"], chars)
        if len(hashes):
            rows = table[buckets_of(hashes, len(table))]
            expected[i] = rows.astype(np.float64).sum(axis=0) / len(hashes) ** 0.5
    # For the first time, out of the cache, and without it.
    for found in (layer.predict(docs), layer.predict(docs), uncached(layer, docs)):
        assert found.dtype == np.float32
        assert_same(found, expected)
    for doc, row in zip(docs, expected):
        assert_same(layer.predict([doc]), row[None])


def test_ngrams_of_words_and_characters():
    chars = CharNGrams(3, 4)
    doc = Doc(NLP.vocab, words=["New", "york", "\n", "Is"])
    strings = NLP.vocab.strings
    texts = ["<ne", "new", "ew>", "<new", "new>", "<yo", "yor", "ork", "rk>", "<yor"]
    texts += ["york", "ork>", "<is", "is>", "<is>"]
    hashes = ngram_hashes(doc, 2, chars).tolist()
    words = [strings["new"], strings["york"], strings["is"]]
    assert hashes[:3] == words
    # Two of words: the line break between them does not count.
    assert len(hashes) == 3 + 2 + len(texts)
    assert hashes[5:] == [spacy.strings.get_string_id(text) for text in texts]
    again = ngram_hashes(Doc(NLP.vocab, words=["new", "YORK"]), 2, chars).tolist()
    assert again[:3] == [*words[:2], hashes[3]]


HASHES = """
import spacy
from spacy_distill.students.ngram_hashes import CharNGrams, buckets_of, ngram_hashes

doc = spacy.blank("en").make_doc("Anna went to Paris")
print(buckets_of(ngram_hashes(doc, 3, CharNGrams(5, 5)), 131_072).tolist())
"""
ROWS = [
    103308,
    86287,
    54104,
    130690,
    56776,
    121769,
    94685,
    81692,
    8550,
    58860,
    51228,
    52645,
    59542,
    54525,
    130690,
    14196,
]


def test_hashes_are_the_same_in_every_process():
    """What is saved depends on them, so they must not change with a version either."""
    found = set()
    for seed in ("1", "2"):
        done = subprocess.run(
            [sys.executable, "-c", HASHES],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        )
        found.add(done.stdout.strip())
    assert found == {str(ROWS)}


@pytest.mark.parametrize("sizes", [{}, {"buckets": 7, "word_ngrams": 3}])
def test_gradient(sizes):
    layer, docs = make(**sizes), make_docs()
    table = layer.get_param("E")
    dY = np.random.default_rng(0).normal(size=(len(docs), 3)).astype(np.float32)
    _, backprop = layer.begin_update(docs)
    assert backprop(dY) == []
    gradient = layer.get_grad("E")
    used = np.flatnonzero(gradient.any(axis=1))
    assert len(used) == min(len(table), len(used))
    step = 0.5  # The output is linear in the table.
    for row in [*used[:: max(1, len(used) // 10)], *range(3)]:
        for column in range(3):
            moved = table.copy()
            moved[row, column] += step
            layer.set_param("E", moved)
            above = (uncached(layer, docs) * dY).sum()
            moved = moved.copy()
            moved[row, column] -= 2 * step
            layer.set_param("E", moved)
            below = (uncached(layer, docs) * dY).sum()
            slope = (above - below) / (2 * step)
            assert gradient[row, column] == pytest.approx(slope, abs=1e-3)


def test_backprop_after_a_prediction_is_an_error():
    layer = make()
    with pytest.raises(DistillError, match="is_train=True"):
        layer(make_docs(), is_train=False)[1](np.zeros((len(TEXTS), 3)))


@pytest.mark.parametrize("texts", [[], [""], ["", " \n "]])
def test_docs_without_words(texts):
    layer, docs = make(), make_docs(texts)
    assert layer.predict(docs).shape == (len(docs), 3)
    assert not layer.predict(docs).any()
    Y, backprop = layer.begin_update(docs)
    assert not Y.any()
    backprop(np.ones_like(Y))
    assert not layer.get_grad("E").any()


def test_unseen_ngrams_contribute_nothing():
    nlp = by_heart("ngrams")
    model = nlp.get_pipe("textcat").model
    (layer,) = get_ngram_layers(model)
    table = layer.get_param("E")
    chars = CharNGrams(3, 5)
    docs = [nlp.make_doc(text) for text in CLASSIFIED_TEXTS]
    hashes = np.concatenate([ngram_hashes(doc, 2, chars) for doc in docs])
    seen = np.unique(buckets_of(hashes, len(table)))
    assert np.flatnonzero(table.any(axis=1)).tolist() == seen.tolist()
    assert len(seen) < len(table) / 4
    # The first word none of whose n-grams shares a row with others.
    unseen = next(
        doc
        for doc in (Doc(nlp.vocab, words=[f"q{i}"]) for i in range(1000))
        if not table[buckets_of(ngram_hashes(doc, 2, chars), len(table))].any()
    )
    logits = model.predict([unseen])
    np.testing.assert_array_equal(
        logits[0], model.get_ref("output_layer").get_param("b")
    )


def test_dropout_leaves_out_ngrams():
    layer = make(dropout=0.5)
    docs = make_docs(["one two three four five six seven"] * 200)
    full = layer.predict(docs)
    Y = uncached(layer, docs)
    assert np.unique(Y, axis=0).shape[0] > 100
    # Half of the n-grams, over the root of half of their number.
    np.testing.assert_allclose(Y.mean(axis=0), full[0] / 2**0.5, atol=0.4)
    layer.attrs["dropout_rate"] = 0.0
    assert_same(uncached(layer, docs), full)


def test_predictions_follow_every_optimizer_step():
    model = by_heart("ngrams").get_pipe("textcat").model
    (layer,) = get_ngram_layers(model)
    docs = make_docs(CLASSIFIED_TEXTS)
    for optimizer in (Adam(0.01), SGD(0.1)):
        for i in range(3):
            # One document: few rows of the table change.
            Y, backprop = model.begin_update(docs[i : i + 1])
            before = layer.predict(docs)
            backprop(np.ones_like(Y))
            assert_same(layer.predict(docs), before)
            model.finish_update(optimizer)
            after = layer.predict(docs)
            assert np.abs(after - before)[i].max() > 1e-4
            assert_same(after, uncached(layer, docs))


def test_predictions_follow_a_step_in_place():
    """An optimizer may write into the table itself."""
    layer, docs = make(buckets=4096), make_docs()
    for i in (0, 2, 6):
        Y, backprop = layer.begin_update(docs[i : i + 1])
        backprop(np.ones_like(Y))
        layer.predict(docs)
        table = layer.get_param("E")
        table -= layer.get_grad("E")
        layer.set_grad("E", np.zeros_like(table))
        assert_same(layer.predict(docs), uncached(layer, docs))


def test_predictions_follow_averages_and_loading():
    layer, docs = make(), make_docs()
    optimizer = Adam(0.05, use_averages=True)
    states = []
    for _ in range(3):
        Y, backprop = layer.begin_update(docs)
        backprop(np.ones_like(Y))
        layer.finish_update(optimizer)
        states.append((layer.to_bytes(), layer.predict(docs)))
    with layer.use_params(optimizer.averages):
        averaged = layer.predict(docs)
        assert_same(averaged, uncached(layer, docs))
    assert np.abs(averaged - states[-1][1]).max() > 1e-4
    for state, expected in [*states, *states[::-1]]:
        assert_same(layer.from_bytes(state).predict(docs), expected)


def test_a_full_cache_says_the_same():
    layer = make()
    docs = make_docs([f"w{i} w{i + 1} went to Paris{i % 7}" for i in range(40)])
    expected = uncached(layer, docs)
    cache = layer._func.cache
    cache.capacity = 6
    for order in (range(40), range(39, -1, -1)):
        for i in order:
            assert_same(layer.predict([docs[i]])[0], expected[i])
            assert len(cache) <= 6
    # More types in one batch than fit.
    assert_same(layer.predict(docs), expected)
    assert_same(layer.predict(docs[:3]), expected[:3])
    assert len(cache) == 50


def test_a_batch_that_failed_leaves_the_cache_right():
    layer = make()
    docs = make_docs(["Anna went to Paris", "Bob stayed"])
    expected = uncached(layer, docs)
    unheard = np.array([2**60, 2**60 + 1], dtype=np.uint64)
    for doc, row in zip(docs, expected):
        with pytest.raises(KeyError):
            layer._func.cache.find(layer.get_param("E"), unheard, NLP.vocab.strings)
        assert_same(layer.predict([doc])[0], row)


@pytest.mark.parametrize(
    "duplicate", [copy.deepcopy, lambda x: pickle.loads(pickle.dumps(x))]
)
def test_copies_do_without_the_cache(duplicate):
    nlp = by_heart("ngrams")
    pipe = nlp.get_pipe("textcat")
    docs = make_docs(CLASSIFIED_TEXTS)
    size = len(pickle.dumps(pipe.model))
    expected = pipe.model.predict(docs)
    assert len(pickle.dumps(pipe.model)) == size
    other = duplicate(pipe.model)
    (layer,) = get_ngram_layers(other)
    assert len(layer._func.cache) == 0
    np.testing.assert_array_equal(other.predict(docs), expected)
    layer.set_param("E", layer.get_param("E") * 2)
    np.testing.assert_array_equal(pipe.model.predict(docs), expected)


def test_bytes_and_disk(tmp_path):
    nlp = by_heart("ngrams")
    expected = [doc.cats for doc in nlp.pipe(CLASSIFIED_TEXTS)]
    nlp.to_disk(tmp_path)
    for other in (
        spacy.load(tmp_path),
        make_classifier("ngrams").from_bytes(nlp.to_bytes()),
    ):
        assert [doc.cats for doc in other.pipe(CLASSIFIED_TEXTS)] == expected


def test_threads_may_share_a_pipeline():
    layer = make()
    docs = make_docs([f"w{i} w{i + 1} went to Paris{i % 7}" for i in range(30)])
    expected = uncached(layer, docs)
    layer._func.cache.capacity = 6

    def predict(seed):
        order = np.random.default_rng(seed).permutation(len(docs))
        return [(i, layer.predict([docs[i]])[0]) for i in order]

    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(predict, range(8)):
            for i, y in found:
                assert_same(y, expected[i])


def test_memory_zones():
    nlp = by_heart("ngrams")
    texts = [*CLASSIFIED_TEXTS, "words never heard before", "zzyzx qwrtp"]
    expected = [doc.cats for doc in by_heart("ngrams").pipe(texts)]
    for _ in range(2):
        with nlp.memory_zone():
            found = [dict(doc.cats) for doc in nlp.pipe(texts)]
        for ours, theirs in zip(found, expected):
            assert ours == pytest.approx(theirs, abs=1e-6)
    assert "zzyzx" not in nlp.vocab.strings


def test_processes():
    nlp = by_heart("ngrams")
    expected = [doc.cats for doc in nlp.pipe(CLASSIFIED_TEXTS)]
    found = [doc.cats for doc in nlp.pipe(CLASSIFIED_TEXTS, n_process=2, batch_size=4)]
    for ours, theirs in zip(found, expected):
        assert ours == pytest.approx(theirs, abs=1e-6)


def test_two_trainings_are_the_same():
    tables = []
    for _ in range(2):
        nlp = by_heart("ngrams")
        fix_random_seed(3)
        examples = make_examples(nlp, classified_data())
        optimizer = nlp.resume_training()
        for _ in range(3):
            nlp.update(examples, sgd=optimizer, drop=0.3)
        (layer,) = get_ngram_layers(nlp.get_pipe("textcat").model)
        tables.append(layer.get_param("E").copy())
    np.testing.assert_array_equal(*tables)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"word_ngrams": 0}, "word_ngrams from 1 to 4, got 0"),
        ({"word_ngrams": 5}, "word_ngrams from 1 to 4, got 5"),
        ({"width": 0}, "got 0, 131072, 3 and 5"),
        ({"buckets": 0}, "got 8, 0, 3 and 5"),
        ({"min_chars": 6}, "got 8, 131072, 6 and 5"),
        ({"min_chars": 0}, "min_chars from 1 to max_chars"),
    ],
)
def test_sizes_out_of_range(settings, message):
    with pytest.raises(DistillError, match=message):
        ngram_classifier_v1(**settings)
