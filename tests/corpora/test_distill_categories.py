"""`DistillCorpus.v1` and `HeldOutCorpus.v1` with soft labels of text classification."""

import random

import numpy as np
import pytest
import spacy
from small import make_nlp as make_ner
from small import write_soft_labels
from small_classifiers import make_classifier, make_stock_teacher
from spacy.tokens import DocBin
from spacy.training import Example
from texts_with_categories import LABELS, make_data, write_categories

from spacy_distill.annotation.annotate import annotate
from spacy_distill.corpora.distill_corpus import distill_corpus_v1, held_out_corpus_v1
from spacy_distill.docs import COLUMNS, GOLD_LABELS, LOGITS
from spacy_distill.errors import DistillError
from spacy_distill.teachers.load import load_teacher

TEXTS = [text for text, _ in make_data(23, seed=5)]
both = pytest.mark.parametrize("exclusive", [True, False])


@pytest.fixture(scope="module")
def data(tmp_path_factory):
    """Folders of soft labels, by whether the categories exclude each other."""
    folder = tmp_path_factory.mktemp("data")
    (folder / "texts.txt").write_text("\n".join(TEXTS) + "\n", encoding="utf-8")
    found = {}
    for exclusive in (True, False):
        teacher = load_teacher(make_stock_teacher(exclusive=exclusive))
        out = folder / str(exclusive)
        texts = folder / "texts.txt"
        annotate(teacher, texts, out, shard_size=5, progress=False)
        found[exclusive] = out
    return found


def read(path, *, exclusive=True, nlp=None, **settings):
    nlp = make_classifier(exclusive=exclusive) if nlp is None else nlp
    random.seed(0)
    return list(distill_corpus_v1(soft_labels=path, **settings)(nlp))


@both
@pytest.mark.parametrize("temperature", [1.0, 2.0, 0.5])
def test_probabilities(data, exclusive, temperature):
    teacher = make_stock_teacher(exclusive=exclusive)
    labels = teacher.get_pipe("textcat").labels
    examples = read(data[exclusive], exclusive=exclusive, temperature=temperature)
    assert sorted(eg.text for eg in examples) == sorted(TEXTS)
    for eg in examples:
        reference = eg.reference
        assert reference.user_data[COLUMNS] == labels
        logits = reference.user_data[LOGITS].astype(np.float64)[0] / temperature
        odds = np.exp(logits)
        expected = odds / odds.sum() if exclusive else odds / (1 + odds)
        assert list(reference.cats) == list(labels)
        assert list(reference.cats.values()) == pytest.approx(expected.tolist())
        if temperature == 1.0:
            # Stored as float16, and not below 0.0001.
            assert reference.cats == pytest.approx(teacher(eg.text).cats, abs=2e-3)
        # They are what is learned, nothing that the student is shown.
        assert eg.predicted.cats == {}
        assert eg.predicted.user_data == {}


@both
def test_hard(data, exclusive):
    teacher = make_stock_teacher(exclusive=exclusive)
    for eg in read(data[exclusive], exclusive=exclusive, hard=True, temperature=3.0):
        cats = teacher(eg.text).cats
        best = max(cats, key=lambda label: cats[label])
        for label, p in cats.items():
            wanted = label == best if exclusive else p >= 0.5
            assert eg.reference.cats[label] == float(wanted)


def test_gold_and_soft_labels_in_one_stream(data, tmp_path):
    gold = make_data(7, seed=9)
    write_categories(tmp_path / "gold.spacy", gold)
    examples = read(data[True], gold=tmp_path / "gold.spacy")
    assert len(examples) == 30
    first, *rest = (eg.reference.user_data for eg in examples)
    # Those of all gold documents, sorted.
    assert first[GOLD_LABELS] == tuple(sorted(LABELS))
    assert not any(GOLD_LABELS in found for found in rest)
    expected = dict(gold)
    found = {
        eg.text: eg.reference.cats
        for eg in examples
        if LOGITS not in eg.reference.user_data
    }
    assert found == expected


@both
def test_held_out(data, exclusive):
    nlp = make_classifier(exclusive=exclusive)
    examples = list(held_out_corpus_v1(soft_labels=data[exclusive], documents=4)(nlp))
    assert len(examples) == 4
    teacher = make_stock_teacher(exclusive=exclusive)
    for eg in examples:
        assert set(eg.reference.cats.values()) <= {0.0, 1.0}
        if exclusive:
            assert sum(eg.reference.cats.values()) == 1.0
        for label, p in teacher(eg.text).cats.items():
            if abs(p - 0.5) > 0.1:
                assert eg.reference.cats[label] == float(p > 0.5)
        assert not eg.reference.user_data
        assert not eg.predicted.cats
    kept = read(data[exclusive], exclusive=exclusive, held_out=4)
    texts = [eg.text for eg in (*examples, *kept)]
    assert sorted(texts) == sorted(TEXTS)


def test_entities_have_no_categories(tmp_path):
    soft_labels = write_soft_labels(tmp_path, TEXTS)
    assert not any(eg.reference.cats for eg in read(soft_labels, nlp=make_ner()))


@pytest.mark.parametrize("temperature", [0.0, -1.0, float("nan"), float("inf")])
def test_temperature_out_of_range(temperature):
    with pytest.raises(
        DistillError, match="Expected a finite temperature above 0, got"
    ):
        distill_corpus_v1(temperature=temperature)


def make_stock(factory):
    nlp = spacy.blank("en")
    nlp.add_pipe(factory)
    return nlp


@pytest.mark.parametrize(
    ("kind", "nlp", "message"),
    [
        (
            True,
            make_classifier(exclusive=False),
            "several categories in .*'textcat' has them",
        ),
        (False, make_classifier(), "Expected exclusive categories in .*got several"),
        (True, make_stock("soft_textcat_multilabel"), "Expected several categories in"),
        (False, make_stock("textcat"), "Expected exclusive categories in"),
        (True, make_ner(), "Expected entities in .*, got categories of documents"),
        (
            "ner",
            make_classifier(),
            "Expected categories of documents in .*, got entities",
        ),
    ],
)
def test_soft_labels_of_another_task(data, tmp_path, kind, nlp, message):
    path = write_soft_labels(tmp_path, TEXTS) if kind == "ner" else data[kind]
    with pytest.raises(DistillError, match=message):
        read(path, nlp=nlp)
    with pytest.raises(DistillError, match=message):
        next(iter(held_out_corpus_v1(soft_labels=path, documents=2)(nlp)))


def test_gold_entities_alone_for_a_classifier(tmp_path):
    nlp = spacy.blank("en")
    entities = {"entities": [(0, 4, "PER")]}
    eg = Example.from_dict(nlp.make_doc("Anna is here"), entities)
    DocBin(docs=[eg.reference]).to_disk(tmp_path / "gold.spacy")
    for nlp, labels in ((make_classifier(), ()), (make_ner(), ("PER",))):
        (found,) = read(None, nlp=nlp, gold=tmp_path / "gold.spacy")
        assert found.reference.user_data[GOLD_LABELS] == labels
