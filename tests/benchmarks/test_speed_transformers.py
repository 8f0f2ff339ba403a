"""Token classifiers as they are made and read, of two narrow layers."""

import json
from types import SimpleNamespace

import numpy as np
import pytest
from tiny_teachers import make_bert_teacher

from spacy_distill.errors import DistillError

TEXTS = [
    "anna lives in paris",
    "the old dog",
    "a dog lives with anna in paris , in the old paris with a dog .",
]


@pytest.fixture(scope="module")
def teacher(tmp_path_factory):
    pytest.importorskip("spacy_transformers")
    folder = tmp_path_factory.mktemp("teacher")
    make_bert_teacher(folder / "weights", max_length=8).to_disk(folder / "pipeline")
    return str(folder / "pipeline")


@pytest.fixture(scope="module")
def made(teacher, tmp_path_factory):
    from speed.make import make

    folder = tmp_path_factory.mktemp("made")
    for name, size in (
        ("teacher", {}),
        ("bert_base", {"layers": 1, "width": 8, "heads": 2}),
    ):
        make(
            name=name,
            folder=str(folder / name),
            teacher=teacher,
            size=size,
            lang="en",
        )
    return folder


def read_facts(folder):
    return json.loads((folder / "facts.json").read_bytes())


def test_long_texts_are_read_to_their_end(made):
    from speed.pieces import Pieces

    batch = Pieces(made / "teacher").encode(TEXTS)
    # 18 words in rows of at most 6 pieces, and two around them.
    assert batch.ids.shape == batch.mask.shape == (1 + 1 + 3, 8)
    assert batch.mask.sum(1).tolist() == [6, 5, 8, 8, 6]
    assert set(batch.ids[batch.mask == 0]) == {0}
    assert batch.ids.dtype == np.int64


def test_the_teachers_own_transformer(made, teacher):
    import spacy
    import torch
    from speed.readers import TorchReader

    reader = TorchReader(str(made / "teacher"), threads=1)
    nlp = spacy.load(teacher)
    own = nlp.get_pipe("transformer").model.transformer.eval()
    ids = torch.tensor([[2, 6, 7, 8, 3]])
    with torch.inference_mode():
        expected = own(input_ids=ids).last_hidden_state
        got = reader._model.base_model(input_ids=ids).last_hidden_state
    np.testing.assert_allclose(got, expected, atol=1e-6)
    # BILUO tags of two labels.
    assert reader._model.config.num_labels == 9
    assert list(reader.read(TEXTS, batch=2)) == [None] * 3
    facts = read_facts(made / "teacher")
    assert reader.count_parameters() == (facts["parameters"], 0)
    assert facts["max_length"] == 8


def test_a_bert_of_another_size(made):
    from speed.readers import load_reader

    reader = load_reader("transformer", str(made / "bert_base"), lang="en", threads=1)
    config = reader._model.config
    size = (config.num_hidden_layers, config.hidden_size, config.intermediate_size)
    assert size == (1, 8, 32)
    assert list(reader.read(TEXTS, batch=3)) == [None] * 3


def test_int8(made, teacher):
    pytest.importorskip("onnx")
    pytest.importorskip("onnxruntime")
    import torch
    from speed.make import make
    from speed.pieces import Pieces
    from speed.readers import TorchReader, load_reader

    folder = made / "teacher_onnx_int8"
    make(name=folder.name, folder=str(folder), teacher=teacher, size={}, lang="en")
    assert sorted(p.name for p in folder.iterdir()) == [
        "facts.json",
        "model.onnx",
        "tokenizer.json",
    ]
    reader = load_reader("onnx", str(folder), lang="en", threads=1)
    assert len(list(reader.read(TEXTS, batch=2))) == 3
    whole = TorchReader(str(made / "teacher"), threads=1)
    assert reader.count_parameters() == whole.count_parameters()
    pieces = Pieces(folder).encode(TEXTS)
    (got,) = reader._session.run(
        None, {"input_ids": pieces.ids, "attention_mask": pieces.mask}
    )
    with torch.inference_mode():
        expected = whole._model(
            input_ids=torch.from_numpy(pieces.ids),
            attention_mask=torch.from_numpy(pieces.mask),
        ).logits.numpy()
    there = pieces.mask == 1
    # As near as eight bits come.
    assert np.abs(got - expected)[there].max() < 0.1 * np.abs(expected).max()


def test_a_teacher_without_fast_pieces(tmp_path, monkeypatch):
    pytest.importorskip("spacy_transformers")
    from speed import make_transformers

    slow = SimpleNamespace(tokenizer=object(), transformer=None)
    nlp = SimpleNamespace(
        pipe_names=["t"],
        get_pipe_meta=lambda name: SimpleNamespace(factory="transformer"),
        get_pipe=lambda name: SimpleNamespace(model=slow),
    )
    monkeypatch.setattr(make_transformers.spacy, "load", lambda name: nlp)
    with pytest.raises(DistillError, match="fast tokenizer.*use_fast"):
        make_transformers.make_teacher(tmp_path, teacher="x")


def test_stock(tmp_path):
    import spacy
    from speed.make import make

    make(
        name="stock_cnn",
        folder=str(tmp_path / "stock_cnn"),
        teacher="",
        size={},
        lang="en",
    )
    nlp = spacy.load(tmp_path / "stock_cnn")
    assert nlp.pipe_names == ["tok2vec", "ner"]
    assert nlp.get_pipe("ner").labels == ("LOC", "MISC", "ORG", "PER")
    doc = nlp("Nobody knew why Anna had left so early .")
    # It finds about what is there, not everything and not nothing.
    assert 1 <= len(doc.ents) <= 2
    assert [p.name for p in tmp_path.iterdir()] == ["stock_cnn"]


def test_half_a_folder_is_none(tmp_path, monkeypatch):
    from speed import make_stock
    from speed.make import make

    def fail(folder, *, lang):
        (folder / "half").touch()
        raise DistillError("no")

    monkeypatch.setattr(make_stock, "make_stock", fail)
    with pytest.raises(DistillError, match="no"):
        make(
            name="stock_cnn", folder=str(tmp_path / "x"), teacher="", size={}, lang="en"
        )
    assert not (tmp_path / "x").exists()
