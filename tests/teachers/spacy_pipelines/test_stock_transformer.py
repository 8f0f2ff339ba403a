"""Test a `ner` that listens to a transformer."""

import numpy as np
import pytest
from stock_pipelines import MARKED, TEXTS, decoded, train, triples, unmark
from taught import logits_of, unaligned_of
from tiny_teachers import make_bert_teacher

from spacy_distill.teachers.load import load_teacher
from spacy_distill.teachers.spacy_pipelines.transition import TransitionTeacher

pytest.importorskip("spacy_transformers")

ALL = [*TEXTS, *(unmark(text)[0] for text in MARKED)]
LISTENER = {
    "@architectures": "spacy-transformers.TransformerListener.v1",
    "grad_factor": 1.0,
    "pooling": {"@layers": "reduce_mean.v1"},
}


@pytest.fixture(scope="module")
def nlp(tmp_path_factory):
    nlp = make_bert_teacher(tmp_path_factory.mktemp("bert") / "weights")
    nlp.remove_pipe("ner")
    model = {
        "@architectures": "spacy.TransitionBasedParser.v2",
        "state_type": "ner",
        "extra_state_tokens": False,
        "hidden_width": 16,
        "maxout_pieces": 2,
        # As in spaCy's own transformer pipelines.
        "use_upper": False,
        "tok2vec": LISTENER,
    }
    nlp.add_pipe("ner", config={"model": model})
    return train(nlp, steps=40)


def test_entities_match_the_pipeline(nlp):
    teacher = TransitionTeacher(nlp, "ner")
    # Texts longer than a span of the transformer, and of different lengths.
    texts = [*ALL, " ".join(ALL)]
    rows = logits_of(teacher, [nlp.make_doc(text) for text in texts])
    n_entities = 0
    for text, row in zip(texts, rows):
        expected = triples(nlp(text).ents)
        assert decoded(row.astype(np.float16), teacher.task.columns) == expected
        n_entities += len(expected)
    assert n_entities > 10


def test_word_pieces(nlp, tmp_path):
    nlp.to_disk(tmp_path / "my_trf")
    teacher = load_teacher(tmp_path / "my_trf")
    pieces = teacher.word_pieces()
    assert pieces is not None
    assert "anna" in pieces.surfaces
    docs = [nlp.make_doc("the \u0080 dog"), nlp.make_doc(""), nlp.make_doc("zebra")]
    # Including two special tokens.
    assert teacher.sizes(docs) == [4, 2, 7]
    assert unaligned_of(teacher.predict(docs)) == [[1], [], []]
