import numpy as np
import pytest
from small import SENTENCES, gold_of, trained
from spacy.tokens import Doc

pytestmark = pytest.mark.usefixtures("both_ways")

N_TOKENS = 100_000


@pytest.mark.parametrize(
    ("arch", "output"),
    [
        ("cnn", "softmax"),
        pytest.param("cnn", "crf", marks=pytest.mark.slow),
        pytest.param("bilstm", "softmax", marks=pytest.mark.slow),
    ],
)
def test_a_hundred_thousand_tokens(arch, output):
    nlp = trained(arch, output)
    words = SENTENCES[0][0].split() * (N_TOKENS // 5)
    # White space makes the search for a valid sequence necessary.
    words[50_002] = "\n"
    doc = nlp(Doc(nlp.vocab, words=words))
    assert len(doc) == N_TOKENS
    assert len(doc.ents) > 0.9 * 2 * N_TOKENS / 5
    found = [(ent.text, ent.label_) for ent in doc.ents]
    assert found[2:4] == gold_of(0)
    scores = doc.spans["ner"].attrs["scores"]
    assert scores.shape == (len(doc.ents),)
    assert ((scores > 0) & (scores <= 1)).all()
    assert np.isfinite(scores).all()
