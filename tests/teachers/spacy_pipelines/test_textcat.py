"""spaCy's own text classifiers as teachers."""

from functools import cache

import numpy as np
import pytest
import spacy
from spacy.training import Example
from thinc.api import fix_random_seed
from tiny_teachers import make_bert_teacher, make_cnn_teacher

from spacy_distill.errors import DistillError
from spacy_distill.teachers.load import load_teacher
from spacy_distill.teachers.pipe import teacher_pipeline
from spacy_distill.teachers.predict import predict_docs
from spacy_distill.teachers.probabilities import FLOOR
from spacy_distill.teachers.spacy_pipelines.textcat import TextCatTeacher

GOLD = [
    ("The ferry was late .", ["sea", "bad"]),
    ("A calm sea , a good ship .", ["sea"]),
    ("The train was late again .", ["land", "bad"]),
    ("Good roads lead to Tarn .", ["land"]),
]
LABELS = {"textcat": ("land", "sea"), "textcat_multilabel": ("bad", "land", "sea")}
TEXTS = [*(text for text, _ in GOLD), "the", "Nobody knew .", "  \n"]
PIPES = sorted(LABELS)
BOW = {
    "@architectures": "spacy.TextCatBOW.v2",
    "ngram_size": 1,
    "no_output_layer": False,
}


def train(nlp, pipe, *, steps=15):
    labels = LABELS[pipe]
    examples = [
        Example.from_dict(
            nlp.make_doc(text), {"cats": {x: float(x in cats) for x in labels}}
        )
        for text, cats in GOLD
    ]
    fix_random_seed(0)
    nlp.initialize(lambda: examples)
    for _ in range(steps):
        nlp.update(examples)
    return nlp


@cache
def stock(pipe):
    nlp = spacy.blank("en")
    exclusive = pipe == "textcat"
    model = {**BOW, "exclusive_classes": exclusive}
    nlp.add_pipe(pipe, config={"model": model})
    return train(nlp, pipe)


def predicted(teacher, nlp, texts):
    """Probabilities from the teacher's logits."""
    docs = [nlp.make_doc(text) for text in texts]
    found = teacher.predict(docs)
    for one in found:
        assert one.logits.shape == (1, len(teacher.task.labels))
        assert one.logits.dtype == np.float32
    return [
        dict(zip(teacher.task.labels, np.exp(row)))
        for one in found
        for row in teacher.task.log_probabilities(one.logits)
    ]


@pytest.mark.parametrize("pipe", PIPES)
def test_it_predicts_what_the_pipeline_does(pipe):
    nlp = stock(pipe)
    teacher = load_teacher(nlp)
    assert isinstance(teacher, TextCatTeacher)
    assert (teacher.task.name, teacher.task.labels) == (pipe, LABELS[pipe])
    for text, found in zip(TEXTS, predicted(teacher, nlp, TEXTS)):
        assert found == pytest.approx(nlp(text).cats, abs=2 * FLOOR)
    # And as a pipeline, from logits as they are stored.
    copy = teacher_pipeline(teacher)
    for text in TEXTS:
        assert copy(text).cats == pytest.approx(nlp(text).cats, abs=2e-3)


@pytest.mark.parametrize("pipe", PIPES)
def test_saved_pipelines(pipe, tmp_path):
    stock(pipe).to_disk(tmp_path / "mine")
    teacher = load_teacher(tmp_path / "mine")
    assert teacher.name == "mine"
    assert teacher.task.labels == LABELS[pipe]
    assert load_teacher(tmp_path / "mine", component=pipe).hash == teacher.hash


@pytest.mark.parametrize("pipe", PIPES)
def test_empty_documents(pipe):
    nlp = stock(pipe)
    teacher = load_teacher(nlp)
    empty, filled, again = predicted(teacher, nlp, ["", TEXTS[0], ""])
    assert empty == again
    # Nothing is known of a text without words.
    share = 1 / len(LABELS[pipe]) if pipe == "textcat" else 0.5
    assert set(np.round(list(empty.values()), 6)) == {round(share, 6)}
    assert filled == pytest.approx(nlp(TEXTS[0]).cats, abs=2 * FLOOR)
    assert predicted(teacher, nlp, []) == []


@pytest.mark.parametrize("pipe", PIPES)
def test_long_documents_in_windows(pipe):
    nlp = stock(pipe)
    teacher = load_teacher(nlp)
    doc = nlp.make_doc(" ".join(text for text, _ in GOLD))
    (whole,) = predict_docs(teacher, [doc])
    half = len(doc) // 2
    (merged,) = predict_docs(teacher, [doc], window=len(doc) - half, overlap=0)
    assert merged.logits.shape == whole.logits.shape
    if teacher.whole_documents:
        np.testing.assert_array_equal(merged.logits, whole.logits)
        return
    # Windows of odd sizes count by their tokens.
    first = len(doc) - half
    parts = [doc[:first].as_doc(), doc[first:].as_doc()]
    shares = [first / len(doc), half / len(doc)]
    both = [one.logits for one in teacher.predict(parts)]
    expected = teacher.task.average(both, shares)
    np.testing.assert_allclose(merged.logits, expected, rtol=5e-3, atol=5e-3)


@pytest.mark.parametrize("pipe", PIPES)
def test_calls_do_not_depend_on_the_batch(pipe):
    nlp = stock(pipe)
    teacher = load_teacher(nlp)
    together = predicted(teacher, nlp, TEXTS)
    for text, found in zip(TEXTS, together):
        assert predicted(teacher, nlp, [text]) == [pytest.approx(found, abs=1e-6)]


def test_one_of_several_components():
    nlp = make_cnn_teacher()
    nlp.add_pipe("textcat", source=stock("textcat"))
    with pytest.raises(DistillError, match="name one with --component"):
        load_teacher(nlp)
    assert load_teacher(nlp, component="textcat").task.name == "textcat"
    assert load_teacher(nlp, component="ner").task.name == "ner"


def test_an_untrained_component():
    nlp = spacy.blank("en")
    nlp.add_pipe("textcat")
    with pytest.raises(DistillError, match="'textcat' has 0 categories: train it"):
        load_teacher(nlp)


def test_a_transformer(tmp_path):
    """A listener, whose transformer runs first."""
    pytest.importorskip("spacy_transformers")
    nlp = make_bert_teacher(tmp_path / "weights")
    nlp.remove_pipe("ner")
    listener = {
        "@architectures": "spacy-transformers.TransformerListener.v1",
        "grad_factor": 1.0,
        "pooling": {"@layers": "reduce_mean.v1"},
    }
    model = {
        "@architectures": "spacy.TextCatReduce.v1",
        "exclusive_classes": True,
        "use_reduce_first": False,
        "use_reduce_last": False,
        "use_reduce_max": False,
        "use_reduce_mean": True,
        "tok2vec": listener,
    }
    nlp.add_pipe("textcat", config={"model": model})
    train(nlp, "textcat", steps=3)
    teacher = load_teacher(nlp)
    texts = TEXTS[:6]
    for text, found in zip(texts, predicted(teacher, nlp, texts)):
        assert found == pytest.approx(nlp(text).cats, abs=1e-4)
    pieces = teacher.word_pieces()
    assert pieces is not None
    assert "anna" in pieces.surfaces
