"""Transformers whose word pieces are single characters."""

import json

import numpy as np
import pytest
import spacy
from chinese import sample_docs
from spacy.tokens import DocBin
from spacy.training import Example
from thinc.api import Adam

from spacy_distill.errors import DistillError

# Registers the architecture.
from spacy_distill.training.character_pieces import split_characters
from spacy_distill.training.config import CONFIGS, read_config
from spacy_distill.training.teacher import train_teacher

TEXT = "\u96ea\u5c71\u9547 AB12\uff0c\u96ea"
CHARACTERS = ["\u96ea", "\u5c71", "\u9547", "A", "B", "1", "2", "\uff0c", ","]


def unigram(folder):
    """A tokenizer as of SentencePiece, with pieces of several characters."""
    from tokenizers import Tokenizer, models, normalizers, pre_tokenizers, processors
    from transformers import PreTrainedTokenizerFast

    words = ["\u2581\u96ea\u5c71", "\u5c71\u9547", "\u2581AB", "12", "\u2581"]
    special = [("<s>", 0.0), ("</s>", 0.0), ("<unk>", 0.0)]
    vocab = [*special, *[(c, -9.0) for c in CHARACTERS], *[(w, -1.0) for w in words]]
    backend = Tokenizer(models.Unigram(vocab, unk_id=2))
    backend.normalizer = normalizers.NFKC()
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.post_processor = processors.TemplateProcessing(
        single="<s> $A </s>", special_tokens=[("<s>", 0), ("</s>", 1)]
    )
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_object=backend, unk_token="<unk>", pad_token="</s>", cls_token="<s>"
    )
    tokenizer.model_max_length = 512
    tokenizer.save_pretrained(folder)
    return tokenizer


def word_piece(folder, docs=()):
    from transformers import BertTokenizerFast

    found = {t.text.lower() for doc in docs for t in doc} | set(CHARACTERS) | {"a", "b"}
    pieces = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]", *sorted(found)]
    pieces += ["##b", "##2", "ab", "12"]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "vocab.txt").write_text("\n".join(pieces), encoding="utf-8")
    tokenizer = BertTokenizerFast(str(folder / "vocab.txt"))
    tokenizer.model_max_length = 512
    tokenizer.save_pretrained(folder)
    return tokenizer


def save_bert(folder, size):
    import torch
    from transformers import BertConfig, BertModel

    torch.manual_seed(0)
    config = BertConfig(
        vocab_size=size,
        hidden_size=16,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=32,
    )
    BertModel(config).save_pretrained(folder)


@pytest.mark.parametrize("make", [unigram, word_piece])
def test_no_piece_has_two_characters(tmp_path, make):
    from transformers import AutoTokenizer

    tokenizer = make(tmp_path / "before")
    save_bert(tmp_path / "before", len(tokenizer))
    assert any(b - a > 1 for a, b in offsets(tokenizer))
    split_characters(tokenizer, source="a model")
    # The tokenizer of a saved pipeline splits in the same way.
    tokenizer.save_pretrained(tmp_path / "after")
    for one in (tokenizer, AutoTokenizer.from_pretrained(tmp_path / "after")):
        places = offsets(one)
        assert all(b - a <= 1 for a, b in places)
        covered = {a for a, b in places if b > a}
        assert covered >= {i for i, c in enumerate(TEXT) if c != " "}
        assert one.unk_token not in one.tokenize(TEXT)


def offsets(tokenizer):
    return tokenizer(TEXT, return_offsets_mapping=True)["offset_mapping"]


def test_bytes_are_no_characters(tmp_path):
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    backend = Tokenizer(models.BPE(vocab={"a": 0}, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=backend)
    with pytest.raises(DistillError, match="got one of bytes in 'a model'"):
        split_characters(tokenizer, source="a model")


def make_pipeline(folder, architecture):
    tokenizer = unigram(folder)
    save_bert(folder, len(tokenizer))
    config = read_config(CONFIGS / "teacher_zh.cfg", {"paths.transformer": str(folder)})
    nlp = spacy.blank("zh")
    settings = config["components"]["transformer"]
    model = {**settings["model"], "@architectures": architecture}
    nlp.add_pipe("transformer", config={"model": model})
    nlp.add_pipe("compact_ner", config={"model": config["components"]["ner"]["model"]})
    doc = nlp.make_doc("\u96ea\u5c71\u9547AB12")
    gold = Example.from_dict(doc, {"entities": [(0, 2, "LOC"), (3, 5, "ORG")]})
    nlp.initialize(lambda: [gold])
    return nlp, gold


def test_borders_within_pieces_are_learned(tmp_path):
    """Entities of the first two of three characters, which have pieces in common."""
    plain = "spacy-transformers.TransformerModel.v3"
    nlp, gold = make_pipeline(tmp_path / "plain", plain)
    nlp.get_pipe("transformer")(doc := nlp.make_doc(gold.text))
    data = doc._.trf_data.align
    assert [*data[0].dataXd] == [*data[1].dataXd]
    nlp, gold = make_pipeline(tmp_path / "own", "spacy_distill.CharacterTransformer.v1")
    nlp.get_pipe("transformer")(doc := nlp.make_doc(gold.text))
    data = doc._.trf_data.align
    pieces = [{*data[i].dataXd.ravel().tolist()} for i in range(len(doc))]
    assert not any(a & b for a, b in zip(pieces, pieces[1:]))
    sgd = Adam(0.01)
    for _ in range(40):
        nlp.update([gold], sgd=sgd)
    expected = [("\u96ea\u5c71", "LOC"), ("AB", "ORG")]
    assert [(e.text, e.label_) for e in nlp(gold.text).ents] == expected
    nlp.to_disk(tmp_path / "saved")
    again = spacy.load(tmp_path / "saved")
    assert [(e.text, e.label_) for e in again(gold.text).ents] == expected
    logits = [
        one.get_pipe("compact_ner").get_logits(
            [one.get_pipe("transformer")(one.make_doc(TEXT))]
        )[0]
        for one in (nlp, again)
    ]
    np.testing.assert_array_equal(*logits)


def test_the_shipped_config_trains_a_teacher(tmp_path):
    docs = sample_docs("train")
    tokenizer = word_piece(tmp_path / "bert", docs)
    save_bert(tmp_path / "bert", len(tokenizer))
    DocBin(docs=docs).to_disk(tmp_path / "train.spacy")
    DocBin(docs=sample_docs("dev")).to_disk(tmp_path / "dev.spacy")
    train_teacher(
        CONFIGS / "teacher_zh.cfg",
        tmp_path / "out",
        transformer=str(tmp_path / "bert"),
        overrides={
            "paths.train": str(tmp_path / "train.spacy"),
            "paths.dev": str(tmp_path / "dev.spacy"),
            "training.max_steps": 4,
            "training.eval_frequency": 2,
        },
        progress=False,
    )
    nlp = spacy.load(tmp_path / "out" / "model-best")
    assert nlp.lang == "zh"
    assert [t.text for t in nlp.make_doc("\u96eaAB12")] == ["\u96ea", *"AB12"]
    saved = (tmp_path / "out" / "model-best" / "meta.json").read_text(encoding="utf-8")
    assert "spans_characters_f" in json.loads(saved)["performance"]
