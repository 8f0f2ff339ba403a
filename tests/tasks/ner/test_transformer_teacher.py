"""The component as a teacher: it listens to a transformer."""

import numpy as np
import pytest
import spacy
from small import entities, make_examples
from spacy.training import Example
from thinc.api import Adam, fix_random_seed
from tiny_teachers import make_bert_teacher

pytest.importorskip("spacy_transformers")

SENTENCES = [
    ("Anna lives in Paris with a dog .", [(0, 4, "PER"), (14, 19, "LOC")]),
    ("the old dog lives in Paris", [(21, 26, "LOC")]),
    ("a dog , the old Anna", [(16, 20, "PER")]),
]


def make_examples_of(nlp):
    return [
        Example.from_dict(nlp.make_doc(text), {"entities": spans})
        for text, spans in SENTENCES
    ]


@pytest.mark.parametrize("output", ["softmax", "crf"])
def test_learns_and_survives_saving(output, tmp_path):
    fix_random_seed(0)
    nlp = make_bert_teacher(tmp_path / "bert")
    examples = make_examples_of(nlp)
    model = nlp.get_pipe_config("ner")["model"]
    nlp.remove_pipe("ner")
    ner = nlp.add_pipe(
        "compact_ner", name="ner", config={"model": {**model, "output": output}}
    )
    ner.initialize(lambda: examples, nlp=nlp)
    # Docs without tokens, or without word pieces, come along.
    empty = [Example.from_dict(nlp.make_doc(text), {}) for text in ("", " ")]
    optimizer = Adam(0.005)
    for _ in range(60):
        losses = nlp.update([*empty, *examples], sgd=optimizer, drop=0.0)
    assert losses["ner"] < 0.2
    expected = [[(t[s:e], label) for s, e, label in spans] for t, spans in SENTENCES]
    texts = [text for text, _ in SENTENCES]
    assert [entities(doc) for doc in nlp.pipe(texts)] == expected
    nlp.to_disk(tmp_path / "teacher")
    again = spacy.load(tmp_path / "teacher")
    assert [entities(doc) for doc in again.pipe([*texts, "", " "])] == [
        *expected,
        [],
        [],
    ]
    docs = [nlp(texts[0]), again(texts[0])]
    logits = [p.get_pipe("ner").get_logits([d])[0] for p, d in zip((nlp, again), docs)]
    np.testing.assert_allclose(*logits, atol=1e-4)
    with pytest.warns(UserWarning, match="ORG"):
        again.get_pipe("ner").add_label("ORG")
    again.update(make_examples_of(again), sgd=Adam(0.001))


def test_gradients_reach_the_transformer(tmp_path):
    nlp = make_bert_teacher(tmp_path)
    bert = nlp.get_pipe("transformer").model.transformer
    weight = bert.encoder.layer[0].attention.self.query.weight
    before = weight.detach().clone()
    for _ in range(2):
        nlp.update(make_examples_of(nlp), sgd=Adam(0.01))
    assert (weight - before).abs().max() > 0


def test_words_without_any_known_piece(tmp_path):
    nlp = make_bert_teacher(tmp_path)
    losses = nlp.update(make_examples(nlp), sgd=Adam(0.001))
    assert np.isfinite(losses["ner"])
