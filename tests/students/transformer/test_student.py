"""The student as a part of pipelines: training, saving, loading."""

import copy
import pickle

import numpy as np
import pytest
import spacy
from small import TEXTS, entities
from spacy.training import Example
from thinc.api import Adam, fix_random_seed
from tiny_transformer_students import (
    SHAPE,
    make_examples,
    make_student,
    shim_of,
    train,
)

from spacy_distill.errors import DistillError
from spacy_distill.students.transformer.architecture import (
    get_shim,
    get_transformer_students,
)
from spacy_distill.students.transformer.initialization import init_transformer_v1


def logits(nlp, texts=TEXTS):
    docs = [nlp.make_doc(text) for text in texts]
    return np.concatenate(nlp.get_pipe("ner").get_logits(docs))


def gold(nlp):
    return [
        [(e.text, e.label_) for e in eg.reference.ents] for eg in make_examples(nlp)
    ]


def found(nlp, **options):
    docs = nlp.pipe(TEXTS, **options)
    return [entities(doc) for doc in docs]


def test_training_overfits_and_dropout_makes_a_difference(source):
    first, second, dropped = (make_student(source) for _ in range(3))
    losses = train(first, 40)
    assert losses[-1] < 0.02 * losses[0]
    assert found(first) == gold(first)
    # The same seed gives the same student.
    assert train(second, 3) == pytest.approx(losses[:3], rel=1e-4)
    fix_random_seed(1)
    assert train(dropped, 3, drop=0.5)[1] != pytest.approx(losses[1], rel=1e-2)


def test_gradients_are_those_of_torch(source):
    """Of each weight, against autograd through the mean of pieces in torch."""
    import torch

    nlp = make_student(source, dropout=0.0)
    nlp.get_pipe("ner").model.get_ref("tok2vec").attrs["dropout_rate"] = 0.0
    tok2vec = nlp.get_pipe("ner").model.get_ref("tok2vec")
    shim = shim_of(nlp)
    docs = [nlp.make_doc(text) for text in [*TEXTS, "xyz Anna " * 9, "  ", ""]]
    Y, backprop = tok2vec(docs, is_train=True)
    rng = np.random.default_rng(0)
    dY = [rng.normal(size=y.shape).astype("f") for y in Y]
    backprop(dY)
    got = {name: w.grad.clone() for name, w in shim.module.named_parameters()}
    shim.module.zero_grad()
    pieces = shim.reader.read(docs, most=10_000)
    hidden = torch.cat(
        [
            shim.module(
                input_ids=torch.from_numpy(batch.ids),
                attention_mask=torch.from_numpy(batch.mask),
                token_type_ids=torch.from_numpy(batch.types),
            ).last_hidden_state.reshape(-1, SHAPE["width"])
            for batch in pieces.batches
        ]
    )
    means = []
    start = 0
    for n in pieces.lengths.tolist():
        rows = torch.from_numpy(pieces.rows[start : start + n])
        start += n
        means.append(hidden[rows].mean(0) if n else torch.zeros(SHAPE["width"]))
    expected = torch.stack(means)
    assert np.concatenate(Y) == pytest.approx(expected.detach().numpy(), abs=1e-5)
    expected.backward(torch.from_numpy(np.concatenate(dY)))
    for name, weight in shim.module.named_parameters():
        assert torch.allclose(got[name], weight.grad, atol=1e-4), name
    assert got["embeddings.token_type_embeddings.weight"].abs().sum() > 0


def test_tokens_without_pieces_have_zeros(trained):
    tok2vec = trained.get_pipe("ner").model.get_ref("tok2vec")
    (Y,) = tok2vec.predict([trained.make_doc("Anna  \u200b went")])
    assert len(Y) == len(trained.make_doc("Anna  \u200b went"))
    assert not Y[1].any()
    assert Y[0].any()
    assert Y[-1].any()
    for text in ("", "   "):
        doc = trained.make_doc(text)
        assert np.shape(tok2vec.predict([doc])[0]) == (len(doc), SHAPE["width"])
        assert trained(text).ents == ()
    # Gradients of nothing are nothing.
    Y, backprop = tok2vec.begin_update([trained.make_doc("   ")])
    assert backprop(Y) == []


def test_a_loaded_student_is_the_same(trained, saved):
    nlp = spacy.load(saved)
    assert shim_of(nlp)._model is None
    assert logits(nlp) == pytest.approx(logits(trained), abs=1e-4)
    assert found(nlp) == found(trained) == gold(trained)
    assert [doc.spans["ner"].attrs["scores"] for doc in nlp.pipe(TEXTS)] == [
        pytest.approx(doc.spans["ner"].attrs["scores"], abs=1e-4)
        for doc in trained.pipe(TEXTS)
    ]


def test_round_trips(trained, saved, tmp_path):
    nlp = spacy.load(saved)
    expected = logits(nlp)
    nlp.to_disk(tmp_path / "again")
    again = spacy.load(tmp_path / "again")
    assert (tmp_path / "again" / "ner" / "model").read_bytes() == (
        saved / "ner" / "model"
    ).read_bytes()
    from_bytes = spacy.load(saved).from_bytes(nlp.to_bytes())
    pipe = nlp.get_pipe("ner")
    copies = [
        copy.deepcopy(pipe.model),
        pipe.model.copy(),
        trained.get_pipe("ner").model.copy(),
    ]
    copies.append(pickle.loads(pickle.dumps(pipe)).model)
    copies.append(pickle.loads(pickle.dumps(trained.get_pipe("ner"))).model)
    for other in (again, from_bytes):
        assert logits(other) == pytest.approx(expected, abs=1e-5)
    docs = [nlp.make_doc(text) for text in TEXTS]
    for model in copies:
        assert np.concatenate(model.predict(docs)) == pytest.approx(expected, abs=1e-4)


def test_copies_are_trained_apart(trained):
    model = trained.get_pipe("ner").model
    other = model.copy()
    before = logits(trained)
    shims = [get_shim(get_transformer_students(m)[0]) for m in (model, other)]
    assert shims[0].id != shims[1].id
    docs = [trained.make_doc(text) for text in TEXTS]
    Y, backprop = other.begin_update(docs)
    backprop(Y)
    other.finish_update(Adam(0.01))
    assert np.abs(np.concatenate(other.predict(docs)) - before).max() > 1e-3
    assert logits(trained) == pytest.approx(before, abs=1e-6)


def test_training_goes_on_after_loading(source, tmp_path):
    nlp = make_student(source)
    train(nlp, 3)
    nlp.to_disk(tmp_path)
    loaded = spacy.load(tmp_path)
    assert train(loaded, 5) == pytest.approx(train(nlp, 5), rel=1e-3)
    # What was learned since is saved, not the graph that was loaded.
    loaded.to_disk(tmp_path / "second")
    assert logits(spacy.load(tmp_path / "second")) == pytest.approx(
        logits(loaded), abs=1e-4
    )
    optimizer = loaded.resume_training()
    loaded.update(make_examples(loaded), sgd=optimizer)


def test_averages(source, tmp_path):
    nlp = make_student(source)
    optimizer = Adam(0.01, use_averages=True)
    for _ in range(5):
        nlp.update(make_examples(nlp), sgd=optimizer)
    last = logits(nlp)
    shim = shim_of(nlp)
    keys = {key for key in optimizer.averages if key[0] == shim.id}
    assert len(keys) == len(list(shim.module.parameters()))
    nlp.to_disk(tmp_path / "last")
    with nlp.use_params(optimizer.averages):
        averaged = logits(nlp)
        nlp.to_disk(tmp_path / "averaged")
    assert np.abs(averaged - last).max() > 1e-3
    assert logits(nlp) == pytest.approx(last, abs=1e-6)
    for name, expected in (("averaged", averaged), ("last", last)):
        assert logits(spacy.load(tmp_path / name)) == pytest.approx(expected, abs=1e-4)


@pytest.mark.parametrize("storage", ["float16", "int8"])
def test_smaller_storages(trained, tmp_path, storage):
    nlp = trained
    pipe = nlp.get_pipe("ner")
    pipe.storage = storage
    try:
        nlp.to_disk(tmp_path / "first")
    finally:
        pipe.storage = "float32"
    loaded = spacy.load(tmp_path / "first")
    atol = 0.05 if storage == "float16" else 1.0
    assert logits(loaded) == pytest.approx(logits(nlp), abs=atol)
    assert logits(loaded) != pytest.approx(logits(nlp), abs=1e-6)
    assert found(loaded) == gold(nlp)
    # Saved again as it is.
    loaded.get_pipe("ner").storage = storage
    loaded.to_disk(tmp_path / "second")
    assert logits(spacy.load(tmp_path / "second")) == pytest.approx(
        logits(loaded), abs=1e-6
    )
    if storage == "int8":
        with pytest.raises(DistillError, match="quantized to int8: train the pipeline"):
            train(loaded, 1)
    else:
        assert train(loaded, 2)[0] == pytest.approx(train_loss(nlp), abs=0.05)
        loaded.to_disk(tmp_path / "third")


def train_loss(nlp):
    pipe = nlp.get_pipe("ner")
    examples = make_examples(nlp)
    scores = pipe.model.predict([eg.predicted for eg in examples])
    return pipe.get_loss(examples, scores)[0]


def test_long_documents_are_read_in_windows(trained):
    short = dict.fromkeys(trained("Anna went to Paris .").ents)
    assert short
    doc = trained(" ".join(["Anna went to Paris ."] * 20))
    # Windows of ten pieces: the sentences are seen out of context, so not all entities
    # are found, but some are found throughout.
    starts = {ent.start for ent in doc.ents}
    assert max(starts) > 80
    assert min(starts) < 20


def test_several_processes(saved):
    nlp = spacy.load(saved)
    assert found(nlp, n_process=2, batch_size=2) == gold(nlp)
    # Also if the parent has started its session before.
    assert found(nlp, n_process=2, batch_size=2) == found(nlp)


def test_categories(source):
    nlp = spacy.blank("en")
    tok2vec = {"@architectures": "spacy_distill.TransformerStudent.v1", **SHAPE}
    model = {"@architectures": "spacy_distill.TextClassifier.v1", "tok2vec": tok2vec}
    nlp.add_pipe("compact_textcat", name="textcat", config={"model": model})
    init_transformer_v1(str(source))(nlp)
    examples = [
        Example.from_dict(nlp.make_doc(text), {"cats": {"A": a, "B": 1.0 - a}})
        for text, a in zip(TEXTS, (1.0, 0.0, 1.0, 0.0))
    ]
    optimizer = nlp.initialize(lambda: examples)
    optimizer.learn_rate = 0.01
    for _ in range(30):
        nlp.update(examples, sgd=optimizer)
    assert [round(doc.cats["A"]) for doc in nlp.pipe(TEXTS)] == [1, 0, 1, 0]


def test_not_initialized():
    nlp = spacy.blank("en")
    tok2vec = {"@architectures": "spacy_distill.TransformerStudent.v1", **SHAPE}
    model = {"@architectures": "spacy_distill.TokenClassifier.v1", "tok2vec": tok2vec}
    nlp.add_pipe("compact_ner", name="ner", config={"model": model})
    with pytest.raises(DistillError, match="init_transformer.v1"):
        nlp.initialize(lambda: make_examples(nlp))
    # As `spacy init config` and `spacy assemble` do.
    assert spacy.blank("en").from_bytes(spacy.blank("en").to_bytes())
    assert nlp.get_pipe("ner").from_bytes(nlp.get_pipe("ner").to_bytes())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"layers": 0}, "Expected layers of 1 or more, got 0"),
        ({"heads": 3}, "Expected a number of heads that divides width = 16, got 3"),
        ({"max_length": 2}, "Expected max_length of more than 2 special tokens"),
    ],
)
def test_sizes_out_of_range(source, settings, message):
    with pytest.raises(Exception, match=message):
        make_student(source, **settings)
