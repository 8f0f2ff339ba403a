import copy
import pickle
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import spacy
from small import ARCHITECTURES
from spacy.util import registry
from thinc.api import Adam, fix_random_seed, set_dropout_rate

from spacy_distill.errors import DistillError
from spacy_distill.students.encoder import get_encoders, set_words, student_encoder
from spacy_distill.students.layers.bilstm import BiLSTM
from spacy_distill.students.pieces import PIECE_PARAMS, quantise_rows

NLP = spacy.blank("en")
TEXTS = [
    "Anna went to Paris .",
    "",
    "Incomprehensibilities, Zürich and 1984",
    "   ",
    "unseen-word ☃ anna",
    "to to to",
]
WORDS = ["anna", "went", "to", "paris", "Anna", "Paris", "."]
PIECES = {
    "surfaces": ["un", "seen", "word", "and", ",", "-"],
    "initial": [True, False, True, True, True, True],
    "lowercase": True,
    "strip_accents": False,
}


@pytest.fixture(params=sorted(ARCHITECTURES))
def encoder(request):
    return make(request.param)


def make(arch="bilstm", pieces=True):
    fix_random_seed(0)
    config = dict(ARCHITECTURES[arch])
    encoder = registry.architectures.get(config.pop("@architectures"))(**config)
    width = config["word_width"]
    vectors = np.random.normal(size=(len(WORDS), width)).astype(np.float32)
    table = np.random.normal(size=(len(PIECES["surfaces"]), width))
    set_words(
        encoder,
        WORDS,
        vectors,
        alphabet=sorted(set("".join(WORDS))),
        pieces=PIECES if pieces else None,
        piece_vectors=quantise_rows(table) if pieces else None,
    )
    encoder.initialize(X=make_docs())
    # Zeros would put the ReLU on its kink wherever a word is shorter than the window.
    bias = np.random.normal(size=encoder.get_param("char_conv_b").shape)
    encoder.set_param("char_conv_b", bias.astype(np.float32))
    return encoder


def make_docs(texts=TEXTS):
    return [NLP.make_doc(text) for text in texts]


def run_torch(encoder, docs):
    set_dropout_rate(encoder, 0.0)
    return encoder(docs, is_train=True)


def assert_same(ours, theirs, atol=1e-5):
    assert [y.shape for y in ours] == [y.shape for y in theirs]
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a, b, atol=atol)


def learn(encoder, docs, optimizer):
    Y, backprop = encoder.begin_update(docs)
    backprop([np.ones_like(y) for y in Y])
    encoder.finish_update(optimizer)


def test_numpy_path_is_the_torch_path(encoder):
    docs = make_docs()
    predicted = encoder.predict(docs)
    trained, _ = run_torch(encoder, docs)
    assert [len(y) for y in predicted] == [len(doc) for doc in docs]
    assert {y.dtype for y in predicted} == {np.dtype("float32")}
    assert all(y.shape[1] == encoder.get_dim("nO") for y in predicted)
    assert_same(predicted, trained)


def test_a_doc_does_not_depend_on_its_batch(encoder):
    docs = make_docs()
    together = encoder.predict(docs)
    assert_same(together, [encoder.predict([doc])[0] for doc in docs])
    assert_same(together[::-1], encoder.predict(docs[::-1]))


def test_gradients_by_finite_differences(encoder):
    docs = make_docs()
    names = [n for n in encoder.param_names if n not in PIECE_PARAMS]
    for name in names:
        encoder.set_param(name, encoder.get_param(name).astype(np.float64))
    rng = np.random.default_rng(0)
    Y, backprop = run_torch(encoder, docs)
    weights = [rng.normal(size=y.shape) for y in Y]
    assert backprop(weights) == []

    def value():
        return sum((y * w).sum() for y, w in zip(run_torch(encoder, docs)[0], weights))

    for name in names:
        param, grad = encoder.get_param(name), encoder.get_grad(name)
        assert grad.shape == param.shape
        direction = rng.normal(size=param.shape)
        if name == "word_vectors":
            used = np.abs(grad).sum(axis=1) > 0
            # The rows of Anna, went, ... and of the unknown word, but no others.
            assert used.any()
            assert not used.all() or not encoder.attrs["lowercase"]
        if name == "char_vectors":
            # The padding is no character.
            assert not grad[0].any()
        start = param.copy()
        step = 1e-6
        encoder.set_param(name, start + step * direction)
        above = value()
        encoder.set_param(name, start - step * direction)
        slope = (above - value()) / (2 * step)
        encoder.set_param(name, start)
        assert slope == pytest.approx((grad * direction).sum(), rel=1e-4, abs=1e-6)


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


def test_pieces_are_read_and_never_trained(encoder):
    docs = make_docs()
    before = [encoder.get_param(name).copy() for name in PIECE_PARAMS]
    optimizer = Adam(0.01)
    for _ in range(3):
        learn(encoder, docs, optimizer)
    for name, array in zip(PIECE_PARAMS, before):
        np.testing.assert_array_equal(encoder.get_param(name), array)
        assert encoder.get_param(name).dtype == array.dtype


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
    encoder.attrs["cache"].types.capacity = 6
    # It is full as soon as a new word comes.
    encoder.predict(make_docs(["unheard"]))
    for order in (docs, docs[::-1]):
        found = [encoder.predict([doc])[0] for doc in order]
        assert_same(found, expected if order is docs else expected[::-1])
        assert len(encoder.attrs["cache"].types) <= 6
    # More types in one batch than fit.
    assert_same(encoder.predict(docs), expected)
    assert_same(run_torch(encoder, docs)[0], expected)
    assert_same(encoder.predict(docs[:3]), expected[:3])


def test_a_batch_that_failed_leaves_the_cache_right(encoder):
    docs = make_docs([f"w{i} w{i + 1} went to Paris{i % 7}" for i in range(10)])
    expected = [encoder.predict([doc])[0] for doc in docs]
    types = encoder.attrs["cache"].types
    types.capacity = 6
    for doc, y in zip(docs, expected):
        unheard = np.array([2**60 + i for i in range(3)], dtype=np.uint64)
        with pytest.raises(KeyError):
            types.find(unheard, doc.vocab.strings)
        assert_same(encoder.predict([doc]), [y])


@pytest.mark.parametrize("texts", [[], [""], ["", ""]])
def test_no_tokens(encoder, texts):
    docs = make_docs(texts)
    for is_train in (False, True):
        Y, backprop = encoder(docs, is_train)
        assert [y.shape for y in Y] == [(0, encoder.get_dim("nO"))] * len(texts)
        if is_train:
            assert backprop(Y) == []


def test_backprop_of_a_prediction():
    encoder = make()
    Y, backprop = encoder(make_docs(), is_train=False)
    with pytest.raises(DistillError, match="is_train=True"):
        backprop(Y)


@pytest.mark.parametrize(
    "copy_of",
    [
        lambda model: pickle.loads(pickle.dumps(model)),
        copy.deepcopy,
        lambda model: model.copy(),
        lambda model: make(pieces=False).from_bytes(model.to_bytes()),
    ],
    ids=["pickle", "deepcopy", "copy", "bytes"],
)
def test_copies_predict_the_same(copy_of):
    docs = make_docs()
    encoder = make()
    expected = encoder.predict(docs)
    other = copy_of(encoder)
    assert other.get_param("piece_vectors").dtype == np.int8
    for a, b in zip(other.predict(docs), expected):
        np.testing.assert_array_equal(a, b)
    # And they are their own: training one leaves the other alone.
    learn(other, docs, Adam(0.1))
    assert_same(encoder.predict(docs), expected)


def test_copies_do_without_the_cache():
    encoder = make()
    before = len(pickle.dumps(encoder)), len(encoder.to_bytes())
    encoder.predict(make_docs([" ".join(f"w{i}" for i in range(5000))]))
    assert (len(pickle.dumps(encoder)), len(encoder.to_bytes())) == before


def test_words_of_the_sample_where_none_are_given():
    encoder = student_encoder(
        BiLSTM(width=3, depth=1),
        word_width=4,
        char_width=3,
        char_filters=3,
        dropout=0.0,
        word_dropout=0.0,
        lowercase=True,
    )
    encoder.initialize(X=make_docs(["Anna and Paris"]))
    assert encoder.attrs["words"] == ["and", "anna", "paris"]
    learn(encoder, make_docs(["Anna and Paris"]), Adam(0.1))
    # A second time, other words: nothing is left of the first, in size or value.
    docs = make_docs(["Bob, of Rome and Oslo"])
    encoder.initialize(X=docs)
    assert encoder.attrs["words"] == [",", "and", "bob", "of", "oslo", "rome"]
    learn(encoder, docs, Adam(0.1))
    assert_same(encoder.predict(docs), run_torch(encoder, docs)[0])


def test_given_words_stay_when_initialised_again():
    encoder = make()
    vectors = encoder.get_param("word_vectors").copy()
    dense = encoder.get_param("char_conv_W").copy()
    encoder.initialize(X=make_docs(["Bob of Rome"]))
    assert encoder.attrs["words"] == WORDS
    np.testing.assert_array_equal(encoder.get_param("word_vectors"), vectors)
    assert not np.array_equal(encoder.get_param("char_conv_W"), dense)


def test_vectors_of_another_width():
    encoder = make()
    with pytest.raises(DistillError, match=r"\(2, 12\).*\(2, 3\).*word_width"):
        set_words(encoder, ["a", "b"], np.zeros((2, 3), dtype="f"), alphabet=[])


def test_find_encoders():
    encoder = make()
    assert get_encoders(encoder) == [encoder]


def test_dilations_out_of_range():
    make_cnn = registry.architectures.get("spacy_distill.DilatedCNN.v1")
    for dilations in ([], [1, 0]):
        with pytest.raises(DistillError, match="dilations of 1 or more"):
            make_cnn(dilations=dilations)


def test_threads_may_share_a_pipeline(encoder):
    docs = make_docs([f"w{i} w{i + 1} went to Paris{i % 7}" for i in range(30)])
    expected = [encoder.predict([doc])[0] for doc in docs]
    encoder.attrs["cache"].types.capacity = 6
    # It is full as soon as a new word comes.
    encoder.predict(make_docs(["unheard"]))

    def predict(seed):
        order = np.random.default_rng(seed).permutation(len(docs))
        return [(i, encoder.predict([docs[i]])[0]) for i in order]

    with ThreadPoolExecutor(4) as pool:
        for found in pool.map(predict, range(8)):
            for i, y in found:
                np.testing.assert_allclose(y, expected[i], atol=1e-5)
