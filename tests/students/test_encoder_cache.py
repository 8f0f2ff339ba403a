import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import spacy
from encoders import WORDS, assert_same, learn, make, make_docs, run_torch
from small import entities, scores, trained
from spacy.util import registry
from thinc.api import Adam

from spacy_distill.errors import DistillError
from spacy_distill.students.encoder import get_encoders, set_words
from spacy_distill.students.pieces import PIECE_PARAMS

pytestmark = pytest.mark.usefixtures("both_ways")


def test_predictions_follow_every_optimizer_step(encoder):
    docs = make_docs()
    optimizer = Adam(0.01)
    last = encoder.predict(docs)
    for _ in range(3):
        Y, backprop = encoder.begin_update(docs)
        backprop([np.ones_like(y) for y in Y])
        assert_same(encoder.predict(docs), last)
        encoder.finish_update(optimizer)
        now = encoder.predict(docs)
        assert np.abs(now[0] - last[0]).max() > 1e-4
        assert_same(now, run_torch(encoder, docs)[0])
        last = now


def test_predictions_follow_any_dense_parameter(encoder):
    docs = make_docs()
    skipped = {*PIECE_PARAMS, "word_vectors", "char_vectors", "shape_vectors"}
    for name in sorted(set(encoder.param_names) - skipped):
        encoder.predict(docs)
        param = encoder.get_param(name)
        param += 0.25
        assert_same(encoder.predict(docs), run_torch(encoder, docs)[0])
        encoder.set_param(name, param - 0.25)
        assert_same(encoder.predict(docs), run_torch(encoder, docs)[0])


def test_predictions_follow_averages(encoder):
    docs = make_docs()
    optimizer = Adam(0.02, use_averages=True)
    for _ in range(4):
        learn(encoder, docs, optimizer)
    own = encoder.predict(docs)
    with encoder.use_params(optimizer.averages):
        averaged = encoder.predict(docs)
        assert_same(averaged, run_torch(encoder, docs)[0])
    assert np.abs(averaged[0] - own[0]).max() > 1e-4
    assert_same(encoder.predict(docs), own)


def test_predictions_follow_loading(encoder):
    docs = make_docs()
    states = []
    optimizer = Adam(0.02)
    for _ in range(3):
        learn(encoder, docs, optimizer)
        states.append((encoder.to_bytes(), encoder.predict(docs)))
    for state, expected in [*states, *states[::-1]]:
        assert_same(encoder.from_bytes(state).predict(docs), expected)


def test_words_are_those_last_loaded():
    docs = make_docs()
    states = []
    for seed in range(4):
        other = make()
        words = [f"{word}{seed}" if i % 2 else word for i, word in enumerate(WORDS)]
        set_words(other, words, other.get_param("word_vectors")[1:], alphabet=["a"])
        other.initialize(X=docs)
        states.append((other.to_bytes(), other.predict(docs)))
    encoder = make()
    for i, (state, expected) in enumerate(states):
        encoder.from_bytes(state)
        # Loaded over without ever being used, a list may leave its address to the next.
        if i % 2:
            assert_same(encoder.predict(docs), expected)


def test_a_full_cache_says_the_same(encoder):
    texts = [f"w{i} w{i + 1} went to Paris{i % 7}" for i in range(40)]
    docs = make_docs(texts)
    expected = [encoder.predict([doc])[0] for doc in docs]
    encoder._func.cache.types.capacity = 6
    # It is full as soon as a new word comes.
    encoder.predict(make_docs(["unheard"]))
    for order in (docs, docs[::-1]):
        found = [encoder.predict([doc])[0] for doc in order]
        assert_same(found, expected if order is docs else expected[::-1])
        assert len(encoder._func.cache.types) <= 6
    # More types in one batch than fit.
    assert_same(encoder.predict(docs), expected)
    assert_same(run_torch(encoder, docs)[0], expected)
    assert_same(encoder.predict(docs[:3]), expected[:3])


def test_a_config_limits_the_cache_of_a_saved_pipeline(tmp_path):
    nlp = trained("qrnn")
    nlp.to_disk(tmp_path)
    setting = "components.ner.model.tok2vec.max_cached_types"
    small = spacy.load(tmp_path, config={setting: 7})
    (encoder,) = get_encoders(small.get_pipe("ner").model)
    n_entities = 0
    for number in range(30):
        text = f"Anna{number} went to Paris with word{number} ."
        found, expected = small(text), nlp(text)
        assert entities(found) == entities(expected)
        # Matrix products may be rounded by the number of types that are new.
        assert scores(found) == pytest.approx(scores(expected), abs=1e-5)
        n_entities += len(found.ents)
    assert n_entities
    assert len(encoder._func.cache.types) <= 7
    # A copy has the limit, too.
    assert copy.deepcopy(encoder)._func.cache._max_types == 7


def test_a_cache_without_room():
    architecture = registry.architectures.get("spacy_distill.CharCNNQRNN.v1")
    with pytest.raises(DistillError, match="max_cached_types of 1 or more, got 0"):
        architecture(max_cached_types=0)


def test_a_batch_that_failed_leaves_the_cache_right(encoder):
    docs = make_docs([f"w{i} w{i + 1} went to Paris{i % 7}" for i in range(10)])
    expected = [encoder.predict([doc])[0] for doc in docs]
    types = encoder._func.cache.types
    types.capacity = 6
    for doc, y in zip(docs, expected):
        unheard = np.array([2**60 + i for i in range(3)], dtype=np.uint64)
        with pytest.raises(KeyError):
            types.find(unheard, doc.vocab.strings)
        assert_same(encoder.predict([doc]), [y])


def test_copies_do_without_the_cache():
    encoder = make()
    before = len(pickle.dumps(encoder)), len(encoder.to_bytes())
    encoder.predict(make_docs([" ".join(f"w{i}" for i in range(5000))]))
    assert (len(pickle.dumps(encoder)), len(encoder.to_bytes())) == before


def test_threads_may_share_a_pipeline(encoder):
    docs = make_docs([f"w{i} w{i + 1} went to Paris{i % 7}" for i in range(30)])
    expected = [encoder.predict([doc])[0] for doc in docs]
    encoder._func.cache.types.capacity = 6
    # It is full as soon as a new word comes.
    encoder.predict(make_docs(["unheard"]))

    def predict(seed):
        order = np.random.default_rng(seed).permutation(len(docs))
        return [(i, encoder.predict([docs[i]])[0]) for i in order]

    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(predict, range(8)):
            for i, y in found:
                np.testing.assert_allclose(y, expected[i], atol=1e-5)
