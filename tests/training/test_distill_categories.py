"""`distill` from a text classifier to a student, from end to end."""

import json
import logging
import shutil

import pytest
import spacy
from clean_environment import CleanEnvironment
from small_classifiers import accuracy, make_stock_teacher
from spacy.training import Example
from texts_with_categories import (
    LABELS,
    make_data,
    make_docs,
    make_examples,
    write_categories,
)
from tiny_teachers import make_cnn_teacher
from tiny_transformer_students import write_source

from spacy_distill.errors import DistillError
from spacy_distill.soft_labels.store import SoftLabels
from spacy_distill.training import distill as distill_module
from spacy_distill.training.config import CONFIGS, STUDENT_CONFIG
from spacy_distill.training.distill import distill

TEXTS = [text for text, _ in make_data(120, seed=3)]
SEVERAL = [text for text, _ in make_data(300, seed=3, exclusive=False)]
TEST = make_data(60, seed=8)
TRAINING = {
    "training.max_steps": 60,
    "training.eval_frequency": 20,
    "training.batcher.size": 16,
    "training.optimizer.learn_rate.initial_rate": 0.03,
    "training.optimizer.learn_rate.warmup_steps": 5,
}
NGRAMS = {
    **TRAINING,
    "components.textcat.model.width": 4,
    "components.textcat.model.buckets": 2048,
}
STOCK = {
    **TRAINING,
    "components.textcat.model.length": 2048,
    "components.textcat.model.ngram_size": 1,
}
QRNN = {
    **TRAINING,
    "training.max_steps": 100,
    "training.dropout": 0.1,
    "components.textcat.model.tok2vec.word_width": 8,
    "components.textcat.model.tok2vec.hidden_width": 8,
    "components.textcat.model.tok2vec.char_width": 4,
    "initialize.before_init.source": None,
}
# Name of the shipped config (None: what the teacher's task chooses) and its settings.
STUDENTS = {
    "qrnn": (None, QRNN),
    "ngrams": ("textcat_ngrams", NGRAMS),
    "stock": ("textcat_spacy", STOCK),
}
MULTILABEL = {
    "components.textcat.factory": "soft_textcat_multilabel",
    "components.textcat.model.exclusive_classes": False,
}


def run(student, *, teacher=None, texts=TEXTS, more=None, **options):
    config, settings = STUDENTS[student]
    return distill(
        make_stock_teacher() if teacher is None else teacher,
        texts,
        config=None if config is None else CONFIGS / f"{config}.cfg",
        overrides={**settings, **(more or {})},
        progress=False,
        **options,
    )


def test_document_vectors_of_an_encoder(tmp_path):
    encoder = write_source(tmp_path / "encoder")
    more = {"paths.encoder": str(encoder), "training.max_steps": 80}
    nlp = run("qrnn", output=tmp_path / "student", more=more)
    plain = run("qrnn", output=tmp_path / "plain", more={"training.max_steps": 80})
    # Vectors of random weights teach nothing of the categories: only that they count.
    assert set(nlp.get_pipe("textcat").labels) == set(LABELS)
    assert any(nlp(text).cats != plain(text).cats for text, _ in TEST)
    # Where it predicts, the encoder may be gone.
    shutil.rmtree(encoder)
    saved = spacy.load(tmp_path / "student" / "model-best")
    for text, _ in TEST[:5]:
        assert saved(text).cats == pytest.approx(nlp(text).cats)


@pytest.mark.parametrize("student", STUDENTS)
def test_from_a_teacher_and_texts_alone(student, tmp_path):
    nlp = run(student, output=tmp_path)
    assert accuracy(nlp, TEST) > 0.95
    assert set(nlp.get_pipe("textcat").labels) == set(LABELS)
    saved = spacy.load(tmp_path / "model-best")
    for text, _ in TEST[:5]:
        assert saved(text).cats == pytest.approx(nlp(text).cats)
    factory = "textcat" if student == "stock" else "compact_textcat"
    assert saved.get_pipe_meta("textcat").factory == factory
    # A tenth is held out.
    assert saved.config["corpora"]["dev"]["documents"] == 12
    assert SoftLabels(tmp_path / "soft_labels").task.labels == tuple(LABELS)


@pytest.mark.parametrize("student", STUDENTS)
def test_with_gold_annotation(student, tmp_path):
    gold = make_docs(make_data(30, seed=4))
    dev = write_categories(tmp_path / "dev.spacy", make_data(30, seed=6))
    nlp = run(student, train=gold, dev=dev)
    assert accuracy(nlp, TEST) > 0.95
    assert nlp.meta["performance"]["cats_score"] > 0.95


def test_gold_annotation_teaches_what_the_teacher_does_not_know():
    """The texts have no word of a category, the gold documents have."""
    plain = ["the film was a hotel", "a book of the meal", "very this and that"] * 20
    nlp = run("ngrams", texts=plain, train=make_docs(make_data(120, seed=4)))
    assert accuracy(nlp, TEST) > 0.95


@pytest.mark.parametrize("student", STUDENTS)
def test_several_categories(student, tmp_path):
    teacher = make_stock_teacher(exclusive=False)
    more = {**(MULTILABEL if student == "stock" else {}), "training.max_steps": 200}
    options = {"teacher": teacher, "texts": SEVERAL, "more": more}
    nlp = run(student, output=tmp_path, **options)
    same = [
        (p >= 0.5) == (teacher(text).cats[label] >= 0.5)
        for text, _ in make_data(60, seed=8, exclusive=False)
        for label, p in nlp(text).cats.items()
    ]
    assert len(same) == 180
    assert sum(same) > 0.9 * 180
    if student != "stock":
        assert nlp.get_pipe("textcat").exclusive is False
        assert nlp.config["components"]["textcat"]["exclusive"] is False


def test_the_student_is_taught_by_probabilities():
    """A teacher that is never sure has a student that is never sure."""
    teacher = make_stock_teacher()
    linear = teacher.get_pipe("textcat").model.get_ref("output_layer")
    for name in ("W", "b"):
        linear.set_param(name, linear.get_param(name) * 0.3)
    more = {"components.textcat.loss.temperature": 1.0, "training.max_steps": 120}
    for student, given in (("ngrams", more), ("stock", {"training.max_steps": 240})):
        nlp = run(student, teacher=teacher, more=given)
        off = [
            abs(p - teacher(text).cats[label])
            for text, _ in TEST
            for label, p in nlp(text).cats.items()
        ]
        assert sum(off) / len(off) < 0.08


def test_hard_labels_for_a_plain_component(tmp_path):
    more = {"components.textcat.factory": "textcat", "corpora.train.hard": True}
    nlp = run("stock", more=more)
    assert accuracy(nlp, TEST) > 0.95


PREDICT = """
import importlib.util, json, sys
import spacy

assert importlib.util.find_spec("spacy_distill") is None
nlp = spacy.load(sys.argv[1])
print(json.dumps([doc.cats for doc in nlp.pipe(json.loads(sys.argv[2]))]))
"""


@pytest.mark.parametrize("exclusive", [True, False])
def test_a_stock_student_needs_spacy_alone(exclusive, tmp_path):
    nlp = run(
        "stock",
        teacher=make_stock_teacher(exclusive=exclusive),
        more={} if exclusive else MULTILABEL,
        output=tmp_path / "out",
    )
    texts = [text for text, _ in TEST[:9]]
    environment = CleanEnvironment(tmp_path / "clean")
    folder = str(tmp_path / "out" / "model-best")
    printed = environment.run(PREDICT, folder, json.dumps(texts))
    for found, doc in zip(json.loads(printed), nlp.pipe(texts)):
        assert found == pytest.approx(doc.cats, abs=1e-6)


def test_a_distilled_student_is_the_next_teacher():
    first = run("qrnn")
    second = run("ngrams", teacher=first)
    assert accuracy(second, TEST) > 0.9


def test_labels_are_mapped():
    label_map = {"good": "fine", "bad": "other", "mixed": "other"}
    nlp = run("ngrams", label_map=label_map)
    assert set(nlp.get_pipe("textcat").labels) == {"fine", "other"}
    mapped = [
        (text, {"fine": cats["good"], "other": 1.0 - cats["good"]})
        for text, cats in TEST
    ]
    assert accuracy(nlp, mapped) > 0.95


# What does not fit is told before the teacher annotates.


@pytest.fixture
def no_annotation(monkeypatch):
    def annotate(*args, **kwargs):
        raise AssertionError("The teacher has annotated.")

    monkeypatch.setattr(distill_module, "annotate", annotate)


def gold(*cats):
    nlp = spacy.blank("en")
    return [eg.reference for eg in make_examples(nlp, [("a text", c) for c in cats])]


GOOD = {"good": 1.0, "bad": 0.0, "mixed": 0.0}
FAULTS = [
    (
        {"train": gold(GOOD, {"god": 1.0})},
        "got some that it lacks: god (1). The teacher",
    ),
    ({"dev": gold(GOOD, {"god": 1.0})}, "got some that it lacks: god (1). The teacher"),
    (
        {"train": gold({**GOOD, "bad": 1.0})},
        "one category for each document, got good,",
    ),
    (
        {"dev": gold(GOOD, {**GOOD, "bad": 1.0})},
        "one category for each document, got g",
    ),
    ({"train": gold({"good": 0.0})}, "one category for each document, got none"),
    ({"train": gold({"good": 1.5})}, "from 0 to 1 in doc.cats, got 1.5 for 'good'"),
    ({"train": gold({"good": float("nan")})}, "from 0 to 1 in doc.cats, got nan"),
    ({"dev": gold(GOOD, {"bad": -1.0})}, "from 0 to 1 in doc.cats, got -1.0"),
    ({"train": gold({}, {})}, "Docs without doc.cats: set them, or name another file"),
    ({"dev": gold({})}, "Docs without doc.cats: set them, or name another file"),
    ({"more": {"components.textcat.exclusive": False}}, "exclusive as the teacher has"),
]


@pytest.mark.parametrize(("options", "message"), FAULTS)
@pytest.mark.usefixtures("no_annotation")
def test_what_does_not_fit(options, message):
    with pytest.raises(DistillError) as error:
        run("ngrams", **options)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    assert "entit" not in str(error.value)


@pytest.mark.parametrize(
    ("more", "exclusive", "message"),
    [
        ({}, False, "Expected a component for several categories, which the teacher"),
        (MULTILABEL, True, "use soft_textcat (and exclusive_classes"),
        (
            {"components.textcat.model.exclusive_classes": False},
            True,
            "components.textcat.model.exclusive_classes = true for a teacher that",
        ),
        (
            {"components.textcat.factory": "textcat"},
            True,
            "use soft_textcat, or set hard",
        ),
    ],
)
@pytest.mark.usefixtures("no_annotation")
def test_a_stock_component_that_does_not_fit(more, exclusive, message):
    with pytest.raises(DistillError) as error:
        run("stock", teacher=make_stock_teacher(exclusive=exclusive), more=more)
    assert message in str(error.value)


@pytest.mark.usefixtures("no_annotation")
def test_configs_of_another_task():
    with pytest.raises(DistillError) as error:
        distill(make_stock_teacher(), TEXTS, config=STUDENT_CONFIG, progress=False)
    message = str(error.value)
    assert "a teacher that recognizes entities, as the student of" in message
    assert "got one that classifies texts: leave the config out" in message
    assert "textcat_student" in message
    with pytest.raises(DistillError) as error:
        run("ngrams", teacher=make_cnn_teacher())
    message = str(error.value)
    assert "a teacher that classifies texts" in message
    assert "got one that recognizes entities" in message


@pytest.mark.usefixtures("no_annotation")
def test_entities_as_gold_annotation():
    nlp = spacy.blank("en")
    entities = {"entities": [(0, 4, "PER")]}
    docs = [Example.from_dict(nlp.make_doc("Anna is here"), entities).reference]
    with pytest.raises(DistillError, match="Docs without doc.cats: set them"):
        run("ngrams", train=docs)


def test_empty_texts_among_others(tmp_path, caplog):
    caplog.set_level(logging.WARNING)
    texts = [TEXTS[0], "", *TEXTS[1:], " ", "\n"]
    nlp = run("ngrams", texts=texts)
    assert accuracy(nlp, TEST) > 0.95


def test_a_teacher_of_one_mind(capsys):
    """The student learns what there is, and a warning says so."""
    texts = [text for text, _ in make_data(40, seed=3, labels=["good"])]
    config, settings = STUDENTS["ngrams"]
    distill(
        make_stock_teacher(),
        texts,
        config=CONFIGS / f"{config}.cfg",
        overrides=settings,
        progress=True,
    )
    printed = " ".join(capsys.readouterr().out.split())
    assert "Expected several categories among the predictions of" in printed
    assert "got good (40) in 40 documents" in printed
