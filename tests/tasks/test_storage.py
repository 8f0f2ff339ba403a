"""Parameters written as float32, float16 and int8."""

import copy
import pickle

import numpy as np
import pytest
import spacy
import srsly
from small import (
    ARCHITECTURES,
    OUTPUTS,
    TEXTS,
    entities,
    make_examples,
    make_nlp,
    scores,
    train,
    trained,
)
from with_pieces import trained_with_pieces

from spacy_distill.errors import DistillError
from spacy_distill.tasks.storage import STORAGES, pack, unpack

SMALL = ("float16", "int8")
# How far a number may be off, as a share of the largest in its row.
OFF = {"float16": 2.0**-11, "int8": 1 / 253}


def parameters(nlp):
    return {
        (node.name, name): node.get_param(name)
        for node in nlp.get_pipe("ner").model.walk()
        for name in node.param_names
        if node.has_param(name)
    }


def from_disk(nlp, folder):
    nlp.to_disk(folder)
    return spacy.load(folder)


def from_bytes(nlp, folder):
    return spacy.blank("en").from_config(nlp.config).from_bytes(nlp.to_bytes())


@pytest.mark.parametrize("read", [from_disk, from_bytes])
@pytest.mark.parametrize("storage", SMALL)
@pytest.mark.parametrize("output", OUTPUTS)
@pytest.mark.parametrize("arch", ARCHITECTURES)
def test_what_is_read_is_nearly_what_was_written(arch, output, storage, read, tmp_path):
    nlp = make_nlp(arch, output, storage=storage)
    nlp.from_bytes(trained(arch, output).to_bytes(), exclude=["tokenizer"])
    before = {key: value.copy() for key, value in parameters(nlp).items()}
    after = parameters(read(nlp, tmp_path))
    assert before.keys() == after.keys()
    for key, old in before.items():
        new = after[key]
        assert new.dtype == old.dtype
        assert new.shape == old.shape
        if old.ndim < 2 and storage == "int8":
            np.testing.assert_array_equal(new, old)
        elif old.size:
            largest = np.abs(old).max(axis=-1, keepdims=True)
            assert (np.abs(new - old) <= OFF[storage] * largest).all()
        # Writing leaves the model as it was.
        np.testing.assert_array_equal(parameters(nlp)[key], old)


@pytest.mark.parametrize("storage", STORAGES)
def test_loaded_and_saved_again_it_is_the_same_to_the_byte(storage, tmp_path):
    nlp = trained_with_pieces(storage=storage)
    first = from_disk(nlp, tmp_path / "first")
    list(first.pipe(TEXTS))
    second = from_disk(first, tmp_path / "second")
    files = [tmp_path / name / "ner" / "model" for name in ("first", "second")]
    assert files[0].read_bytes() == files[1].read_bytes()
    one, other = (nlp.get_pipe("ner") for nlp in (first, second))
    assert one.to_bytes(exclude=["vocab"]) == other.to_bytes(exclude=["vocab"])
    assert one.storage == other.storage == storage
    for a, b in zip(first.pipe(TEXTS), second.pipe(TEXTS)):
        assert (entities(a), scores(a)) == (entities(b), scores(b))


def test_float32_is_what_thinc_writes(tmp_path):
    nlp = trained_with_pieces()
    pipe = nlp.get_pipe("ner")
    assert pack(pipe.model, "float32") == pipe.model.to_bytes()
    again = from_disk(nlp, tmp_path)
    assert (tmp_path / "ner" / "model").read_bytes() == pipe.model.to_bytes()
    for key, value in parameters(again).items():
        np.testing.assert_array_equal(value, parameters(nlp)[key])


def test_smaller_each_time():
    sizes = [
        len(pack(trained_with_pieces().get_pipe("ner").model, storage))
        for storage in STORAGES
    ]
    assert sizes[0] > 1.3 * sizes[1] > 1.3 * sizes[2]


def test_piece_vectors_stay_int8():
    nlp = trained_with_pieces()
    pipe = nlp.get_pipe("ner")
    message = srsly.msgpack_loads(pack(pipe.model, "int8"))
    (stored,) = [p for p in message["params"] if "piece_vectors" in p]
    expected = parameters(nlp)["student_encoder", "piece_vectors"]
    assert stored["piece_vectors"].dtype == np.int8
    np.testing.assert_array_equal(stored["piece_vectors"], expected)


@pytest.mark.parametrize("written", STORAGES)
@pytest.mark.parametrize("read", STORAGES)
def test_any_storage_is_read_into_any(written, read):
    data = trained_with_pieces(storage=written).to_bytes()
    nlp = make_nlp(storage=read).from_bytes(data)
    assert nlp.get_pipe("ner").storage == read
    assert nlp.config["components"]["ner"]["storage"] == read
    assert [entities(doc) for doc in nlp.pipe(TEXTS)] == [
        entities(doc) for doc in trained_with_pieces().pipe(TEXTS)
    ]


def test_a_folder_from_before_there_was_a_choice(tmp_path):
    nlp = trained_with_pieces()
    nlp.to_disk(tmp_path)
    path = tmp_path / "config.cfg"
    config = path.read_text(encoding="utf-8")
    assert 'storage = "float32"\n' in config
    path.write_text(config.replace('storage = "float32"\n', ""), encoding="utf-8")
    again = spacy.load(tmp_path)
    assert again.get_pipe("ner").storage == "float32"
    for key, value in parameters(again).items():
        np.testing.assert_array_equal(value, parameters(nlp)[key])


@pytest.mark.parametrize("storage", SMALL)
@pytest.mark.parametrize(
    "copied", [copy.deepcopy, lambda nlp: pickle.loads(pickle.dumps(nlp))]
)
def test_copies_in_memory_lose_nothing(copied, storage):
    nlp = trained_with_pieces(storage=storage)
    other = copied(nlp)
    assert other.get_pipe("ner").storage == storage
    for key, value in parameters(other).items():
        np.testing.assert_array_equal(value, parameters(nlp)[key])


def test_training_computes_in_float32(tmp_path):
    """Storage says how a model is written, and nothing of how it learns."""
    small, plain = (make_nlp(storage=storage) for storage in ("int8", "float32"))
    for nlp in (small, plain):
        train(nlp, 20)
        nlp.to_disk(tmp_path / nlp.get_pipe("ner").storage)
    for key, value in parameters(small).items():
        np.testing.assert_array_equal(value, parameters(plain)[key])
    files = [tmp_path / name / "ner" / "model" for name in ("int8", "float32")]
    assert files[0].stat().st_size < files[1].stat().st_size
    # And goes on with what was read.
    again = spacy.load(tmp_path / "int8")
    losses = again.update(make_examples(again), sgd=again.resume_training())
    assert np.isfinite(losses["ner"])


def test_processes_read_what_one_does():
    nlp = trained_with_pieces(storage="int8")
    alone = [entities(doc) for doc in nlp.pipe(TEXTS)]
    together = nlp.pipe(TEXTS, n_process=2, batch_size=2)
    assert [entities(doc) for doc in together] == alone


def test_any_encoder(tmp_path):
    model = {
        "@architectures": "spacy_distill.TokenClassifier.v1",
        "tok2vec": {
            "@architectures": "spacy.HashEmbedCNN.v2",
            "width": 16,
            "depth": 1,
            "embed_size": 50,
            "window_size": 1,
            "maxout_pieces": 3,
            "subword_features": True,
            "pretrained_vectors": None,
        },
    }
    nlp = spacy.blank("en")
    config = {"model": model, "storage": "int8"}
    nlp.add_pipe("compact_ner", name="ner", config=config)
    train(nlp, 60)
    before = parameters(nlp)
    after = parameters(from_disk(nlp, tmp_path))
    # A maxout layer has three axes.
    assert {value.ndim for value in before.values()} == {1, 2, 3}
    for key, old in before.items():
        largest = np.abs(old).max(axis=-1, keepdims=True)
        assert (np.abs(after[key] - old) <= OFF["int8"] * largest).all()
    again = spacy.load(tmp_path)
    found = [entities(doc) for doc in again.pipe(TEXTS)]
    assert found == [entities(doc) for doc in nlp.pipe(TEXTS)]
    assert any(found)


@pytest.mark.parametrize(
    ("storage", "value"),
    [("int8", np.nan), ("int8", np.inf), ("float16", np.nan), ("float16", 1e6)],
)
def test_what_a_storage_cannot_hold_stays(storage, value):
    nlp = trained()
    model = nlp.get_pipe("ner").model
    weights = model.get_ref("output_layer").get_param("W")
    weights[0, 0] = value
    message = srsly.msgpack_loads(pack(model, storage))
    np.testing.assert_array_equal(message["params"][-1]["W"], weights)
    unpack(model, pack(model, storage))
    found = model.get_ref("output_layer").get_param("W")
    np.testing.assert_array_equal(found, weights)


def test_a_storage_that_there_is_not():
    with pytest.raises(DistillError, match="float16 or int8, got 'int4': change"):
        make_nlp(storage="int4")
    pipe = trained().get_pipe("ner")
    with pytest.raises(DistillError, match="got 'small'"):
        pipe.storage = "small"
    assert pipe.storage == "float32"


def test_a_storage_of_times_to_come():
    pipe = trained().get_pipe("ner")
    message = srsly.msgpack_loads(pipe.model.to_bytes())
    message["params"][-1]["W"] = {"int4": message["params"][-1]["W"]}
    with pytest.raises(DistillError, match="int8, got 'int4': load the model with"):
        unpack(pipe.model, srsly.msgpack_dumps(message))


@pytest.mark.parametrize("storage", STORAGES)
def test_the_model_can_be_left_out(storage, tmp_path):
    pipe = trained_with_pieces(storage=storage).get_pipe("ner")
    pipe.to_disk(tmp_path, exclude=["vocab", "model"])
    assert [path.name for path in tmp_path.iterdir()] == ["cfg"]
    data = pipe.to_bytes(exclude=["vocab", "model"])
    assert srsly.msgpack_loads(data).keys() == {"cfg"}
    other = make_nlp().get_pipe("ner")
    other.from_bytes(pipe.to_bytes(exclude=["vocab"]), exclude=["model"])
    other.from_disk(tmp_path, exclude=["vocab", "model"])
    assert other.labels == pipe.labels
