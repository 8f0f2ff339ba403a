"""The kernel and numpy find the same entities, with the same probabilities."""

from pathlib import Path
from typing import Any, List, Tuple

import numpy as np
import pytest
import spacy
from small import ARCHITECTURES, OUTPUTS, make_examples, make_nlp, trained
from spacy.language import Language
from spacy.tokens import Doc, Span
from thinc.api import fix_random_seed

from spacy_distill import kernel
from spacy_distill.corpora.texts import read_texts

DATA = Path(__file__).parents[4] / "shared" / "data"
N_DOCS = 10_000
# Those of `small.SENTENCES`, and words that no student has a row for.
SEEN = (
    "Anna Bob Smith Paris Rome New York City went to likes nothing of and are far from"
)
UNSEEN = ["Zyxgorod", "Qwrt-7", "mcFly", "1984", "x" * 70, "東京", "\u00ad", "e\u0301"]
SPACES = [" ", "\n\n", "\u2028"]
STUDENTS = [("qrnn", "softmax"), ("qrnn", "crf"), ("bilstm", "softmax"), ("cnn", "crf")]

Found = Tuple[List[Tuple[int, int, str]], np.ndarray]

pytestmark = pytest.mark.skipif(
    kernel.get_kernel() is None, reason="the kernel is not built"
)


def random_words(n: int) -> List[List[str]]:
    """Up to 60 words each; some Docs have none."""
    rng = np.random.default_rng(0)
    kinds = [SEEN.split(), UNSEEN, SPACES]
    return [
        [
            str(rng.choice(kinds[kind]))
            for kind in rng.choice(3, size=rng.integers(0, 61), p=[0.8, 0.15, 0.05])
        ]
        for _ in range(n)
    ]


def make_docs(nlp: Language, words: List[List[str]]) -> List[Doc]:
    """Docs, each eleventh of which has an entity already."""
    docs = [Doc(nlp.vocab, words=doc) for doc in words]
    for doc in docs[::11]:
        if len(doc) > 4 and not any(token.is_space for token in doc[2:4]):
            doc.set_ents([Span(doc, 2, 4, "LOC")], default="missing")
    return docs


def sharpened(nlp: Language, factor: float) -> Language:
    """Scale the logits, so that decoding also meets sure and unsure tags."""
    ner: Any = nlp.get_pipe("ner")
    linear = ner.model.get_ref("output_layer")
    linear.set_param("W", linear.get_param("W") * np.float32(factor))
    return nlp


def predict(nlp: Language, words: List[List[str]], batch_size: int) -> List[Found]:
    docs = nlp.pipe(make_docs(nlp, words), batch_size=batch_size)
    return [
        (
            [(ent.start, ent.end, ent.label_) for ent in doc.ents],
            np.array(doc.spans["ner"].attrs["scores"]),
        )
        for doc in docs
    ]


def check_both(make: Any, words: List[List[str]], monkeypatch: Any) -> None:
    compiled = kernel.get_kernel()
    with_kernel = predict(make(), words, 128) + predict(make(), words[:500], 1)
    monkeypatch.setattr(kernel, "_kernel", None)
    in_numpy = predict(make(), words, 128) + predict(make(), words[:500], 1)
    monkeypatch.setattr(kernel, "_kernel", compiled)
    n_entities = 0
    for (found, scores), (expected, expected_scores) in zip(with_kernel, in_numpy):
        assert found == expected
        np.testing.assert_allclose(scores, expected_scores, rtol=0, atol=1e-5)
        n_entities += len(found)
    assert n_entities > len(words) / 10


@pytest.mark.parametrize("student", STUDENTS, ids="-".join)
@pytest.mark.parametrize("factor", [1.0, 0.1])
def test_random_docs(student, factor, monkeypatch):
    n = N_DOCS if student == STUDENTS[0] and factor == 1.0 else N_DOCS // 10
    check_both(
        lambda: sharpened(trained(*student), factor), random_words(n), monkeypatch
    )


def default_student(output: str) -> Language:
    """A student with the widths of the default that has learned nothing."""
    encoder = {"@architectures": ARCHITECTURES["qrnn"]["@architectures"]}
    architecture = "spacy_distill.TokenClassifier.v1"
    model = {"@architectures": architecture, "output": output, "tok2vec": encoder}
    nlp = make_nlp(model=model)
    fix_random_seed(0)
    nlp.initialize(lambda: make_examples(nlp))
    ner: Any = nlp.get_pipe("ner")
    for node in ner.model.walk():
        for name in node.param_names:
            # All of these are zeros.
            if name == "b" or node.name == "crf":
                values = np.random.normal(0.0, 0.3, node.get_param(name).shape)
                node.set_param(name, values.astype(np.float32))
    return sharpened(nlp, 4.0)


@pytest.mark.parametrize("output", OUTPUTS)
def test_the_widths_of_the_default(output, monkeypatch):
    check_both(lambda: default_student(output), random_words(500), monkeypatch)


@pytest.mark.skipif(not DATA.is_dir(), reason="no corpora in ../shared/data")
@pytest.mark.parametrize("output", OUTPUTS)
def test_real_docs(output, monkeypatch):
    nlp = spacy.blank("en")
    texts = read_texts(DATA / "conll2003" / "eng.testa", nlp)
    words = [[token.text for token in nlp.make_doc(doc.text)] for doc in texts]
    check_both(lambda: default_student(output), words, monkeypatch)
