import numpy as np
import pytest
import spacy
from tiny_transformer_students import write_source

from spacy_distill.students.transformer.source import load_encoder
from spacy_distill.students.transformer.vectors import EncoderVectors

torch = pytest.importorskip("torch")

TEXTS = ["Anna went to Paris.", "new york city", "anna anna", "\n \n"]


@pytest.fixture(scope="module")
def encoder(tmp_path_factory):
    return load_encoder(write_source(tmp_path_factory.mktemp("source")))


def test_vectors_are_means_over_word_pieces(encoder):
    nlp = spacy.blank("en")
    got = EncoderVectors(encoder)([nlp.make_doc(text) for text in TEXTS])
    assert got.shape == (4, 16)
    assert got.dtype == np.float32
    for text, vector in zip(TEXTS[:3], got):
        ids = torch.tensor([encoder.tokenizer.encode(text).ids])
        with torch.no_grad():
            hidden = encoder.model(input_ids=ids).last_hidden_state[0]
        # Without [CLS] and [SEP].
        np.testing.assert_allclose(vector, hidden[1:-1].mean(0), rtol=0.01, atol=2e-3)
    assert not got[3].any()


def test_documents_are_read_once(encoder):
    nlp = spacy.blank("en")
    vectors = EncoderVectors(encoder)
    docs = [nlp.make_doc(text) for text in TEXTS]
    calls = []
    handle = encoder.model.register_forward_hook(lambda *args: calls.append(args))
    try:
        first = vectors(docs)
        n_calls = len(calls)
        again = vectors([docs[2], *docs[:2]])
    finally:
        handle.remove()
    assert n_calls
    assert len(calls) == n_calls
    np.testing.assert_array_equal(again, first[[2, 0, 1]])
    twice = vectors([nlp.make_doc("paris"), nlp.make_doc("paris")])
    np.testing.assert_array_equal(twice[0], twice[1])
