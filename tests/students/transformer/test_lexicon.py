"""Students that read the words of a lexicon, too."""

import copy
import pickle

import numpy as np
import pytest
import spacy
from small import TEXTS, entities
from tiny_transformer_students import (
    LEXICON,
    give_lexicon,
    make_examples,
    make_student,
    shim_of,
    train,
)

from spacy_distill.errors import DistillError
from spacy_distill.losses.layers import hidden_loss_v1, layer_losses_v1
from spacy_distill.students.lexicon.matching import Lexicon
from spacy_distill.students.transformer.initialization import init_transformer_v1
from spacy_distill.students.transformer.onnx_graph import read_weights
from spacy_distill.students.transformer.reading import PieceReader
from spacy_distill.students.transformer.source import load_encoder
from spacy_distill.students.transformer.vectors import EncoderVectors
from spacy_distill.training.layer_teacher import layer_teacher_v1


def logits(nlp, texts=TEXTS):
    docs = [nlp.make_doc(text) for text in texts]
    return np.concatenate(nlp.get_pipe("ner").get_logits(docs))


def gold(nlp):
    examples = make_examples(nlp)
    return [[(e.text, e.label_) for e in eg.reference.ents] for eg in examples]


def found(nlp):
    return [entities(doc) for doc in nlp.pipe(TEXTS)]


def generated_texts(n, seed=0):
    rng = np.random.default_rng(seed)
    parts = [*LEXICON, "New", "went", "to", "xyz", "Smith", ",", "\u4e2d"]
    return [" ".join(rng.choice(parts, size=rng.geometric(0.1))) for _ in range(n)]


def test_pieces_have_the_words_of_their_token(with_lexicon):
    """In all windows, whatever the order of batches."""
    shim = shim_of(with_lexicon)
    texts = [*generated_texts(30), "", "  ", "Anna\u200bSmith went to New  York"]
    docs = [with_lexicon.make_doc(text) for text in texts]
    pieces = shim.reader.read(docs, most=40)
    assert len(pieces.batches) > 5
    ids = np.concatenate([batch.words.reshape(-1, 2) for batch in pieces.batches])
    lexicon = Lexicon(LEXICON)
    expected = np.concatenate(
        [lexicon.words_of_tokens(doc, max_words=2) for doc in docs]
    )
    start = 0
    for n, words in zip(pieces.lengths.tolist(), expected):
        for row in pieces.rows[start : start + n]:
            np.testing.assert_array_equal(ids[row], words)
        start += n
    # Special tokens and padding have none.
    for batch in pieces.batches:
        assert not batch.words[batch.mask == 0].any()
        assert not batch.words[:, 0].any()


def test_without_words_the_student_is_as_it_was(source):
    plain = make_student(source)
    nlp = give_lexicon(make_student(source), ["Berlin", "Tokyo"])
    np.testing.assert_allclose(logits(nlp), logits(plain), atol=1e-5)
    other = give_lexicon(make_student(source))
    assert np.abs(logits(other) - logits(plain)).max() > 1e-3
    # Its reader gives words to no other.
    assert shim_of(plain).reader.read([plain("Anna")], most=9).batches[0].words is None


def test_gradients_are_those_of_torch(source):
    import torch

    nlp = give_lexicon(make_student(source))
    shim = shim_of(nlp)
    docs = [nlp.make_doc(text) for text in generated_texts(6)]
    batches = shim.reader.read(docs, most=40).batches
    outputs, backprop = shim((batches, 0.0), True)
    rng = np.random.default_rng(0)
    gradients = [rng.normal(size=output.shape).astype("f") for output in outputs]
    backprop(gradients)
    got = {name: w.grad.clone() for name, w in shim.module.named_parameters()}
    shim.module.zero_grad()
    for batch, gradient in zip(batches, gradients):
        hidden = shim.module(
            input_ids=torch.from_numpy(batch.ids),
            attention_mask=torch.from_numpy(batch.mask),
            token_type_ids=torch.from_numpy(batch.types),
            word_ids=torch.from_numpy(batch.words),
        ).last_hidden_state
        hidden.backward(torch.from_numpy(gradient))
    for name, weight in shim.module.named_parameters():
        assert torch.allclose(got[name], weight.grad, atol=1e-4), name
    table = got["lexicon.vectors.weight"].abs().sum(1)
    assert table[0] == 0
    assert table[1] > 0


def test_all_of_it_learns(with_lexicon, source):
    before = dict(shim_of(give_lexicon(make_student(source))).module.named_parameters())
    after = dict(shim_of(with_lexicon).module.named_parameters())
    names = [name for name in after if name.startswith("lexicon.")]
    assert len(names) == 8
    for name in names:
        assert not (before[name] == after[name]).all(), name
    # Words that no piece has stay, as padding does.
    lexicon = Lexicon(LEXICON)
    used = [
        lexicon.words_of_tokens(eg.reference, max_words=2).ravel()
        for eg in make_examples(with_lexicon)
    ]
    rows = (before["lexicon.vectors.weight"] - after["lexicon.vectors.weight"]).abs()
    changed = rows.sum(1) > 0.01
    assert set(np.flatnonzero(changed).tolist()) == {*np.concatenate(used)} - {0}
    assert found(with_lexicon) == gold(with_lexicon)


def test_torch_and_onnx_have_the_same_logits_and_entities(
    with_lexicon, saved_with_lexicon
):
    loaded = spacy.load(saved_with_lexicon)
    texts = generated_texts(300)
    outputs = [logits(nlp, texts) for nlp in (with_lexicon, loaded)]
    assert shim_of(loaded)._model is None
    np.testing.assert_allclose(*outputs, atol=1e-4)
    both = [
        [entities(doc) for doc in nlp.pipe(texts)] for nlp in (with_lexicon, loaded)
    ]
    assert both[0] == both[1]
    assert sum(map(len, both[0])) > 100
    # Words matter for them.
    assert shim_of(loaded).cfg["lexicon"]["words"] == LEXICON
    shim_of(loaded)._reader = PieceReader(
        shim_of(loaded).tokenizer_json,
        max_length=shim_of(loaded).cfg["max_position_embeddings"],
        is_case_aware=shim_of(loaded).cfg["is_case_aware"],
        lexicon=Lexicon(["Zagreb"]),
        max_words=2,
    )
    assert np.abs(logits(loaded, texts) - outputs[0]).max() > 0.1


def test_weights_are_in_the_file_once(with_lexicon, saved_with_lexicon):
    weights = read_weights(shim_of(spacy.load(saved_with_lexicon))._graph)
    state = dict(shim_of(with_lexicon).module.named_parameters())
    assert weights.keys() == state.keys()
    assert sum(array.size for array in weights.values()) == (
        shim_of(with_lexicon).n_parameters
    )
    for name, array in weights.items():
        np.testing.assert_array_equal(array, state[name].detach().numpy())


@pytest.mark.parametrize("storage", ["float16", "int8"])
def test_smaller_storages(source, tmp_path, storage):
    nlp = give_lexicon(make_student(source))
    train(nlp, 40)
    nlp.get_pipe("ner").storage = storage
    nlp.to_disk(tmp_path / "first")
    loaded = spacy.load(tmp_path / "first")
    texts = [*TEXTS, *generated_texts(20)]
    atol = 0.05 if storage == "float16" else 1.0
    expected, got = logits(nlp, texts), logits(loaded, texts)
    np.testing.assert_allclose(got, expected, atol=atol)
    # A matrix that was transposed wrongly would have no such correlation.
    assert np.corrcoef(got.ravel(), expected.ravel())[0, 1] > 0.995
    assert found(loaded) == gold(nlp)
    if storage == "int8":
        with pytest.raises(DistillError, match="quantized to int8: train the pipeline"):
            train(loaded, 1)
    else:
        train(loaded, 2)
        loaded.to_disk(tmp_path / "second")


def test_training_goes_on_after_loading(source, tmp_path):
    nlp = give_lexicon(make_student(source))
    train(nlp, 3)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert train(loaded, 5) == pytest.approx(train(nlp, 5), rel=1e-3)
    loaded.to_disk(tmp_path / "second")
    np.testing.assert_allclose(
        logits(spacy.load(tmp_path / "second")), logits(nlp), atol=1e-2
    )


def test_copies(with_lexicon, saved_with_lexicon):
    expected = logits(with_lexicon)
    pipe = with_lexicon.get_pipe("ner")
    loaded = spacy.load(saved_with_lexicon)
    copies = [
        copy.deepcopy(pipe.model),
        pipe.model.copy(),
        pickle.loads(pickle.dumps(pipe)).model,
        pickle.loads(pickle.dumps(loaded.get_pipe("ner"))).model,
        spacy.load(saved_with_lexicon)
        .from_bytes(loaded.to_bytes())
        .get_pipe("ner")
        .model,
    ]
    docs = [with_lexicon.make_doc(text) for text in TEXTS]
    for model in copies:
        np.testing.assert_allclose(
            np.concatenate(model.predict(docs)), expected, atol=1e-4
        )


def test_another_lexicon_takes_the_place_of_the_first(source):
    nlp = give_lexicon(make_student(source))
    weights = {name: w.clone() for name, w in shim_of(nlp).module.named_parameters()}
    give_lexicon(nlp, ["Rome", "Paris"])
    module = shim_of(nlp).module
    assert module.lexicon.vectors.weight.shape == (3, 8)
    for name, weight in module.named_parameters():
        assert name.startswith("lexicon.") or (weight == weights[name]).all()
    assert train(nlp, 40)[-1] < 0.1


def test_a_student_that_starts_from_one_with_a_lexicon(saved_with_lexicon, source):
    """It takes the encoder without the words, and can have words of its own."""
    nlp = make_student(saved_with_lexicon)
    assert "lexicon" not in shim_of(nlp).cfg
    module = shim_of(nlp).module
    given = shim_of(spacy.load(saved_with_lexicon)).module.state_dict()
    for name, weight in module.state_dict().items():
        if name.startswith("encoder.layer.0"):
            assert (weight == given[name]).all()
    give_lexicon(nlp)
    train(nlp, 40)
    assert found(nlp) == gold(nlp)
    init_transformer_v1(str(source))(nlp)
    assert "lexicon" not in shim_of(nlp).cfg
    with pytest.raises(DistillError, match="got one with a lexicon: name one without"):
        EncoderVectors(load_encoder(saved_with_lexicon))


def test_a_teacher_of_layers_without_words(source):
    """The student reads words, its teacher does not."""
    nlp = give_lexicon(make_student(source, case=False))
    losses = layer_losses_v1({"hidden": hidden_loss_v1()})
    layer_teacher_v1(str(source), losses)(nlp)
    shim = shim_of(nlp)
    batches = shim.reader.read([nlp.make_doc(text) for text in TEXTS], most=24).batches
    module, teacher = shim.module, shim.layer_teacher
    module.eval()
    compared = [teacher.compare(module, batch, 1.0) for batch in batches]
    for one, expected in zip(compared, shim((batches, 0.0), False)[0]):
        np.testing.assert_allclose(one.output.detach(), expected, atol=1e-5)
    sum(one.loss for one in compared).backward()
    assert module.lexicon.vectors.weight.grad.abs().sum() > 0
    assert train(nlp, 20)[-1] < 0.5
