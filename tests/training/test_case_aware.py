import numpy as np
import pytest
import spacy
from spacy.training import Example
from thinc.api import Adam
from tiny_teachers import make_bert_teacher

from spacy_distill.errors import DistillError

ARCHITECTURE = "spacy_distill.CaseAwareTransformer.v1"
TEXTS = ["Anna lives in Paris.", "anna lives in paris.", "ANNA", "", "  ", "A 7 --"]


def make_teacher(folder):
    return make_bert_teacher(folder, architecture=ARCHITECTURE)


def logits(nlp, text):
    doc = nlp.get_pipe("transformer")(nlp.make_doc(text))
    return nlp.get_pipe("ner").get_logits([doc])[0]


def test_segments_are_shapes(tmp_path):
    tokenizer = make_teacher(tmp_path).get_pipe("transformer").model.tokenizer
    batch = tokenizer(["Anna lives", "AI 7."], return_tensors="np", padding="longest")
    pieces = [tokenizer.convert_ids_to_tokens(row) for row in batch["input_ids"]]
    assert pieces[0] == ["[CLS]", "anna", "lives", "[SEP]", "[PAD]", "[PAD]"]
    assert batch["token_type_ids"].tolist()[0] == [0, 2, 0, 0, 0, 0]
    # Of a word in several pieces, each has its own.
    assert pieces[1] == ["[CLS]", "a", "##i", "[UNK]", ".", "[SEP]"]
    assert batch["token_type_ids"].tolist()[1] == [0, 1, 1, 3, 5, 0]
    # All else is as it was.
    assert len(tokenizer) == len(tokenizer.get_vocab())


def test_learns_what_only_capitals_tell(tmp_path):
    nlp = make_teacher(tmp_path)
    examples = [
        Example.from_dict(nlp.make_doc(text), {"entities": entities})
        for text, entities in (
            ("Anna lives in Paris", [(0, 4, "PER"), (14, 19, "LOC")]),
            ("anna lives in paris", []),
        )
    ]
    sgd = Adam(0.01)
    for _ in range(60):
        nlp.update(examples, sgd=sgd)
    assert [ent.text for ent in nlp("Anna lives in Paris").ents] == ["Anna", "Paris"]
    assert not nlp("anna lives in paris").ents


def test_plain_architecture_sees_no_case(tmp_path):
    nlp = make_bert_teacher(tmp_path)
    upper, lower = (logits(nlp, text) for text in TEXTS[:2])
    np.testing.assert_array_equal(upper, lower)


def test_loaded_as_saved(tmp_path):
    nlp = make_teacher(tmp_path / "bert")
    assert not np.allclose(*(logits(nlp, text) for text in TEXTS[:2]), atol=1e-6)
    nlp.to_disk(tmp_path / "teacher")
    again = spacy.load(tmp_path / "teacher")
    for text in TEXTS:
        np.testing.assert_array_equal(logits(again, text), logits(nlp, text))


def test_transformer_without_segments(tmp_path):
    from transformers import DistilBertConfig, DistilBertModel

    make_teacher(tmp_path)
    config = DistilBertConfig(
        vocab_size=60, dim=8, n_layers=1, n_heads=2, hidden_dim=16
    )
    DistilBertModel(config).save_pretrained(tmp_path)
    with pytest.raises(DistillError, match="with segments .*TransformerModel.v3"):
        initialize(tmp_path, use_fast=True)


def test_tokenizer_without_offsets(tmp_path):
    make_teacher(tmp_path)
    with pytest.raises(DistillError, match="knows offsets.*set use_fast = true"):
        initialize(tmp_path, use_fast=False)


def initialize(folder, *, use_fast):
    nlp = spacy.blank("en")
    model = {
        "@architectures": ARCHITECTURE,
        "name": str(folder),
        "tokenizer_config": {"use_fast": use_fast},
        "transformer_config": {},
        "get_spans": {"@span_getters": "spacy-transformers.doc_spans.v1"},
    }
    nlp.add_pipe("transformer", config={"model": model})
    nlp.initialize()
