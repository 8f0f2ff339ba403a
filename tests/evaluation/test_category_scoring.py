"""Scores of categories, against computations of their own."""

import numpy as np
import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from small_classifiers import FACTORIES, topic_classifier
from spacy.scorer import Scorer
from spacy.tokens import Doc
from spacy.training import Example
from spacy.vocab import Vocab
from texts_with_categories import TOPICS, make_docs, make_topics

from spacy_distill.errors import DistillError
from spacy_distill.evaluation.category_scoring import CategoryScoring
from spacy_distill.evaluation.measure import measure
from spacy_distill.evaluation.references import gold_references

LABELS = ("a", "b", "c", "d")
VOCAB = Vocab()
NLP = spacy.blank("en")
PROBABILITIES = st.lists(
    st.floats(0.0, 1.0, width=32), min_size=len(LABELS), max_size=len(LABELS)
)


def make_doc(cats):
    doc = Doc(VOCAB, words=["text"])
    doc.cats = dict(zip(LABELS, cats))
    return doc


def make_examples(predicted, gold):
    return [Example(make_doc(p), make_doc(g)) for p, g in zip(predicted, gold)]


def score(scoring, examples, *, with_probabilities=True):
    return scoring.score(
        NLP, examples, with_probabilities=with_probabilities, label_map={}
    )


def f1_of(tp, fp, fn):
    return 0.0 if tp == 0 else 2 * tp / (2 * tp + fp + fn)


def count(found, gold):
    """True positives, false positives and false negatives of each column."""
    return [
        ((f & g).sum(), (f & ~g).sum(), (~f & g).sum()) for f, g in zip(found.T, gold.T)
    ]


def ece_of(probabilities, correct):
    """Expected calibration error, with ten bins."""
    bins = np.minimum((probabilities * 10).astype(int), 9)
    total = 0.0
    for k in range(10):
        inside = bins == k
        if inside.any():
            gap = probabilities[inside].mean() - correct[inside].mean()
            total += inside.mean() * abs(gap)
    return total


@st.composite
def outcomes(draw):
    number = draw(st.integers(1, 12))
    predicted = draw(st.lists(PROBABILITIES, min_size=number, max_size=number))
    gold = draw(
        st.lists(st.integers(0, len(LABELS) - 1), min_size=number, max_size=number)
    )
    return np.array(predicted), np.array(gold)


@given(outcomes())
@settings(max_examples=60, deadline=None)
def test_exclusive_scores(drawn):
    predicted, gold = drawn
    truth = np.eye(len(LABELS))[gold]
    scores = score(
        CategoryScoring(exclusive=True), make_examples(predicted.tolist(), truth)
    )
    best = predicted.argmax(axis=1)
    accuracy = (best == gold).mean()
    assert scores.accuracy == pytest.approx(accuracy)
    # With one category for each document, all of these are the accuracy.
    for found in (scores.f1, scores.precision, scores.recall):
        assert found == pytest.approx(accuracy)
    found = np.eye(len(LABELS), dtype=bool)[best]
    counts = count(found, truth.astype(bool))
    occurring = [x for x in range(len(LABELS)) if x in best or x in gold]
    assert list(scores.per_type) == [LABELS[x] for x in occurring]
    f1s = [f1_of(*counts[x]) for x in occurring]
    assert [s.f1 for s in scores.per_type.values()] == pytest.approx(f1s)
    assert scores.macro_f1 == pytest.approx(np.mean(f1s))
    assert list(scores.probabilities) == predicted.max(axis=1).tolist()
    assert list(scores.correct) == (best == gold).tolist()


@given(
    st.lists(
        st.tuples(PROBABILITIES, st.lists(st.booleans(), min_size=4, max_size=4)),
        min_size=1,
        max_size=12,
    )
)
@settings(max_examples=60, deadline=None)
def test_scores_of_several_categories(drawn):
    predicted = np.array([p for p, _ in drawn])
    truth = np.array([g for _, g in drawn])
    examples = make_examples(predicted.tolist(), truth.astype(float).tolist())
    scores = score(CategoryScoring(exclusive=False), examples)
    found = predicted >= 0.5
    counts = count(found, truth)
    assert scores.f1 == pytest.approx(f1_of(*np.sum(counts, axis=0)))
    assert scores.accuracy == pytest.approx((found == truth).all(axis=1).mean())
    occurring = [x for x in range(4) if found[:, x].any() or truth[:, x].any()]
    f1s = [f1_of(*counts[x]) for x in occurring]
    assert scores.macro_f1 == pytest.approx(np.mean(f1s) if f1s else 0.0)
    assert sorted(scores.probabilities) == sorted(predicted.ravel().tolist())


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_trained_pipeline(factory):
    exclusive = "multilabel" not in factory
    nlp = topic_classifier(factory)
    docs = make_docs(make_topics(60, seed=3, exclusive=exclusive), nlp)
    row = measure(nlp, gold_references(docs), name="student").row
    predicted = list(nlp.pipe(doc.text for doc in docs))
    p = np.array([[doc.cats[x] for x in TOPICS] for doc in predicted])
    gold = np.array([[doc.cats[x] for x in TOPICS] for doc in docs])
    ours = Scorer.score_cats(
        [Example(*pair) for pair in zip(predicted, docs)],
        "cats",
        labels=TOPICS,
        multi_label=not exclusive,
    )
    assert row.macro_f1 == pytest.approx(ours["cats_macro_f"])
    assert row.f1 == pytest.approx(ours["cats_micro_f"])
    if exclusive:
        right = p.argmax(axis=1) == gold.argmax(axis=1)
        assert row.accuracy == pytest.approx(right.mean())
        assert row.ece == pytest.approx(ece_of(p.max(axis=1), right))
    else:
        assert row.ece == pytest.approx(ece_of(p.ravel(), gold.ravel()))
    # It has learned something, and not everything.
    assert 0.6 < row.f1 < 1.0
    assert row.parameters > 0
    assert sum(b.entities for b in row.calibration) == len(docs) * (
        1 if exclusive else 3
    )


def test_agreement_with_a_teacher_has_no_calibration():
    examples = make_examples([[0.9, 0.1, 0, 0]], [[1.0, 0, 0, 0]])
    scores = score(CategoryScoring(exclusive=True), examples, with_probabilities=False)
    assert (list(scores.probabilities), list(scores.correct)) == ([], [])


def prepare(docs, label_map, *, exclusive=True):
    return CategoryScoring(exclusive=exclusive).prepare(docs, label_map, source="here")


def test_docs_without_categories_are_left_out():
    bare = Doc(VOCAB, words=["text"])
    kept, changes = prepare([make_doc([1, 0, 0, 0]), bare], {})
    assert ([doc.cats["a"] for doc in kept], changes) == ([1.0], {"left_out": 1})


def test_docs_of_a_dropped_category_are_left_out():
    docs = [make_doc([1, 0, 0, 0]), make_doc([0, 1, 0, 0])]
    kept, changes = prepare(docs, {"a": None})
    assert [doc.cats for doc in kept] == [{"b": 1.0, "c": 0.0, "d": 0.0}]
    assert changes == {"left_out": 1}


def test_docs_with_other_categories_stay_without_a_dropped_one():
    docs = [make_doc([1, 0, 0, 0]), make_doc([1, 1, 0, 0])]
    kept, changes = prepare(docs, {"a": None}, exclusive=False)
    assert [doc.cats["b"] for doc in kept] == [0.0, 1.0]
    assert changes == {"left_out": 0}


def test_gold_without_categories_is_an_error():
    with pytest.raises(DistillError, match=r"Expected Docs with categories .* in here"):
        prepare([Doc(VOCAB, words=["text"])], {})


@pytest.mark.parametrize("cats", [[1, 1, 0, 0], [0, 0, 0, 0], [2, 0, 0, 0]])
def test_gold_that_is_not_one_category_is_an_error(cats):
    with pytest.raises(DistillError, match="Expected"):
        prepare([make_doc(cats)], {})


def test_categories_that_a_pipeline_does_not_know():
    scoring = CategoryScoring(exclusive=True)
    scoring.check_labels("student", ["a", "b"], ["a"], {})
    with pytest.raises(DistillError) as error:
        scoring.check_labels("student", ["a", "b"], ["A", "b"], {})
    assert "Expected student to know the categories" in str(error.value)
    assert """--label-map '{"A": "a"}'""" in str(error.value)
    scoring.check_labels("student", ["a", "b"], ["a", "b"], {"A": "a"})


def test_agreement_is_the_share_of_documents_with_the_same_category():
    teacher = [[0.9, 0.1, 0, 0], [0.6, 0.4, 0, 0], [0, 0.7, 0.3, 0], [0.3, 0.7, 0, 0]]
    student = [[0.5, 0.4, 0.1, 0], [0.4, 0.6, 0, 0], [0, 0.8, 0.2, 0], [1, 0, 0, 0]]
    gold = [make_doc(np.eye(4)[0].tolist()) for _ in teacher]
    found = CategoryScoring(exclusive=True).compare(
        list(map(make_doc, teacher)), list(map(make_doc, student)), gold=gold
    )
    assert (found.f1, found.documents, found.compared) == (0.5, 2, 4)
    # The farthest apart come first.
    assert [pair.document for pair in found.worst] == [3, 1]
    assert [pair.gold for pair in found.worst] == [["a"], ["a"]]


def test_agreement_about_several_categories():
    found = CategoryScoring(exclusive=False).compare(
        [make_doc([0.9, 0.6, 0, 0]), make_doc([0, 0, 0, 0])],
        [make_doc([0.8, 0.4, 0, 0]), make_doc([0, 0, 0.1, 0])],
    )
    assert (found.precision, found.recall) == (1.0, 0.5)
    assert found.f1 == pytest.approx(2 / 3)
    assert (found.documents, found.compared) == (1, 2)


def test_nothing_found_by_either_is_no_agreement():
    bare = [make_doc([0, 0, 0, 0])]
    found = CategoryScoring(exclusive=False).compare(bare, bare)
    assert (found.f1, found.documents) == (None, 1)
