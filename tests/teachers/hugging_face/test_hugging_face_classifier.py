import json

import numpy as np
import pytest
import torch
from tiny_classifiers import LENGTH, TEXTS, label_names, make_bert, make_roberta
from transformers import AutoModelForTokenClassification

from spacy_distill.errors import DistillError
from spacy_distill.hub import locate
from spacy_distill.teachers.hugging_face.token_classifier import TokenClassifier
from spacy_distill.windows import max_context_ranges, split


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    path = tmp_path_factory.mktemp("models")
    return {
        "bert": make_bert(path / "bert"),
        "roberta": make_roberta(path / "roberta", "BILUO"),
    }


def load(folder, **options):
    return TokenClassifier.load(locate(str(folder)), source="m", **options)


def by_hand(folder, ids):
    """Return the probabilities of one input, including special tokens."""
    model = AutoModelForTokenClassification.from_pretrained(str(folder)).eval()
    with torch.inference_mode():
        return model(torch.tensor([ids])).logits[0].softmax(-1).numpy()


@pytest.mark.parametrize("kind", ["bert", "roberta"])
def test_short_texts_of_any_length_in_one_batch(folders, kind):
    model = load(folders[kind])
    assert model.labels == tuple(label_names("BIO" if kind == "bert" else "BILUO"))
    texts = [*TEXTS, "", "  \n", "ben"]
    cut = model.tokenize(texts)
    assert cut[7].ids == []
    found = model.probabilities(cut)
    for text, pieces, rows in zip(texts, cut, found):
        assert rows.shape == (len(pieces.ids), len(model.labels))
        assert rows.dtype == np.float32
        if pieces.ids:
            ids = model.tokenizer(text)["input_ids"]
            assert ids == [*pieces.prefix, *pieces.ids, *pieces.suffix]
            expected = by_hand(folders[kind], ids)[1:-1]
            np.testing.assert_allclose(rows, expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["bert", "roberta"])
@pytest.mark.parametrize("options", [{}, {"window": 10, "overlap": 3}])
def test_long_texts_in_windows(folders, kind, options):
    """RoBERTa's maximum length is that of its position embeddings."""
    model = load(folders[kind], **options)
    assert model.window == options.get("window", LENGTH)
    assert model.overlap == options.get("overlap", LENGTH // 8)
    text = " ".join(TEXTS * 4)
    # With other texts, so that a batch has windows of several texts.
    pieces, *_ = cut = model.tokenize([text, *TEXTS])
    found, *_ = model.probabilities(cut)
    places = split(len(pieces.ids), window=model.window - 2, overlap=model.overlap)
    assert len(places) > 5
    for (start, end), (first, last) in zip(places, max_context_ranges(places)):
        ids = [*pieces.prefix, *pieces.ids[start:end], *pieces.suffix]
        assert len(ids) <= model.window
        expected = by_hand(folders[kind], ids)[1:-1][first - start : last - start]
        np.testing.assert_allclose(found[first:last], expected, atol=1e-5)


def test_offsets_are_of_the_text(folders):
    for folder in folders.values():
        (pieces,) = load(folder).tokenize(["anna  met\n ben"])
        found = ["anna  met\n ben"[start:end] for start, end in pieces.offsets]
        assert "".join(found).replace(" ", "").replace("\n", "") == "annametben"
        assert len(pieces.word_ids) == len(pieces.ids) == len(pieces.offsets)


def test_nothing(folders):
    model = load(folders["bert"])
    assert model.tokenize([]) == []
    assert model.probabilities([]) == []


@pytest.mark.parametrize(
    "options", [{"window": 25}, {"window": 2}, {"window": 0}, {"overlap": 22}]
)
def test_windows_out_of_range(folders, options):
    with pytest.raises(DistillError, match=r"at most 24 word pieces.*got window="):
        load(folders["bert"], **options)


def test_no_tokenizer(folders, tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((folders["bert"] / name).read_bytes())
    with pytest.raises(DistillError, match="tokenizer in m, as tokeni.*none") as info:
        load(tmp_path)
    assert "\n" not in str(info.value)


def test_a_tokenizer_without_offsets(folders, tmp_path):
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes((folders["bert"] / name).read_bytes())
    kind = {"tokenizer_class": "CanineTokenizer"}
    (tmp_path / "tokenizer_config.json").write_text(json.dumps(kind))
    with pytest.raises(DistillError, match="fast tokenizer.*got CanineTokenizer"):
        load(tmp_path)


def test_damaged_weights(folders, tmp_path):
    for path in folders["bert"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "model.safetensors").write_bytes(b"nothing")
    with pytest.raises(DistillError, match="Could not load the token classifier m"):
        load(tmp_path)


def test_a_model_that_was_never_fine_tuned(folders, tmp_path):
    from transformers import BertConfig, BertModel

    for path in folders["bert"].iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    config = BertConfig.from_pretrained(str(folders["bert"]))
    BertModel(config).save_pretrained(tmp_path)
    with pytest.raises(DistillError, match=r"no weights for classifier\.bias"):
        load(tmp_path)
