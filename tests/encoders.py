"""Small student encoders with known words, and what to ask of them."""

import numpy as np
import spacy
from small import ARCHITECTURES
from spacy.util import registry
from thinc.api import fix_random_seed, set_dropout_rate

from spacy_distill.students.composition import KnownWords
from spacy_distill.students.encoder import set_words
from spacy_distill.students.word_vectors import quantize_vectors

NLP = spacy.blank("en")
TEXTS = [
    "Anna went to Paris .",
    "",
    "Incomprehensibilities, Zürich and 1984",
    "   ",
    "unseen-word ☃ anna",
    "to to to",
]
WORDS = ["anna", "went", "to", "paris", "Anna", "Paris", "."]
PIECES = {
    "surfaces": ["un", "seen", "word", "and", ",", "-"],
    "initial": [True, False, True, True, True, True],
    "lowercase": True,
    "strip_accents": False,
}


KNOWN = ["went", "zürich", "rome"]


def make_known(width=3):
    table = np.random.default_rng(1).normal(size=(len(KNOWN), width))
    return KnownWords(KNOWN, True, *quantize_vectors(table))


def make(arch="bilstm", pieces=True, known=False, **settings):
    fix_random_seed(0)
    config = {**ARCHITECTURES[arch], **settings}
    encoder = registry.architectures.get(config.pop("@architectures"))(**config)
    width = config["word_width"]
    vectors = np.random.normal(size=(len(WORDS), width)).astype(np.float32)
    table = np.random.normal(size=(len(PIECES["surfaces"]), width))
    set_words(
        encoder,
        WORDS,
        vectors,
        alphabet=sorted(set("".join(WORDS))),
        pieces=PIECES if pieces else None,
        piece_vectors=quantize_vectors(table) if pieces else None,
        known=make_known() if known else None,
    )
    encoder.initialize(X=make_docs())
    # Zeros would put the ReLU on its kink wherever a word is shorter than the window.
    bias = np.random.normal(size=encoder.get_param("char_conv_b").shape)
    encoder.set_param("char_conv_b", bias.astype(np.float32))
    return encoder


def make_docs(texts=TEXTS):
    return [NLP.make_doc(text) for text in texts]


def run_torch(encoder, docs):
    set_dropout_rate(encoder, 0.0)
    return encoder(docs, is_train=True)


def assert_same(ours, theirs, atol=1e-5):
    assert [y.shape for y in ours] == [y.shape for y in theirs]
    for a, b in zip(ours, theirs):
        np.testing.assert_allclose(a, b, atol=atol)


def learn(encoder, docs, optimizer):
    Y, backprop = encoder.begin_update(docs)
    backprop([np.ones_like(y) for y in Y])
    encoder.finish_update(optimizer)
