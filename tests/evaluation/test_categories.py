"""Categories as plain values."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spacy_distill.evaluation.categories import (
    CategoryPair,
    decide,
    pair_categories,
    relabel_categories,
)

VOCAB = Vocab()
PAIR = CategoryPair(
    document=0,
    text="a text",
    teacher={"a": 0.6, "b": 0.3, "c": 0.1},
    student={"a": 0.2, "b": 0.7, "c": 0.1},
    exclusive=True,
    gold=["b"],
)


def make_doc(cats, text="text"):
    doc = Doc(VOCAB, words=[text])
    doc.cats = cats
    return doc


def test_decisions():
    assert decide({"a": 0.4, "b": 0.45}, exclusive=True) == ["b"]
    assert decide({"a": 0.4, "b": 0.45}, exclusive=False) == []
    assert decide({"a": 0.5, "b": 0.9}, exclusive=False) == ["a", "b"]
    assert decide({}, exclusive=True) == []


def test_a_pair():
    assert PAIR.differing == {"a", "b"}
    assert PAIR.distance == pytest.approx(0.4)
    assert PAIR.describe(PAIR.teacher) == ["a (0.60, wrong)"]
    assert PAIR.describe(PAIR.student) == ["b (0.70, right)"]
    without = pair_categories(
        make_doc(PAIR.teacher), make_doc(PAIR.student), exclusive=True
    )
    assert without.describe(PAIR.student) == ["b (0.70)"]


def test_leading_categories_include_those_that_matter():
    assert PAIR.leading() == ["b", "a", "c"]
    assert PAIR.leading(1) == ["b", "a"]
    other = CategoryPair(0, "", {"a": 1.0}, {"a": 1.0}, True, ["z"])
    assert other.leading() == ["a", "z"]
    assert CategoryPair(0, "", {}, {}, False).leading() == []


def test_long_texts_are_shortened():
    text = "x" * 1_200
    pair = pair_categories(make_doc({}, text), make_doc({}, text), exclusive=True)
    assert pair.text == "x" * 1_000 + "…"
    assert pair.distance == 0.0


@given(
    st.dictionaries(st.sampled_from("abcd"), st.floats(0.01, 1.0), min_size=2),
    st.dictionaries(
        st.sampled_from("abcd"), st.sampled_from(["a", "x", None]), max_size=3
    ),
)
@settings(deadline=None)
def test_exclusive_probabilities_keep_their_sum(cats, label_map):
    total = sum(cats.values())
    doc = make_doc(dict(cats))
    relabel_categories(doc, label_map, exclusive=True)
    kept = {label_map.get(label, label) for label in cats} - {None}
    assert set(doc.cats) == kept
    if kept:
        assert sum(doc.cats.values()) == pytest.approx(total)


def test_categories_that_are_not_exclusive_keep_the_largest_probability():
    doc = make_doc({"a": 0.9, "b": 0.6, "c": 0.2})
    relabel_categories(doc, {"a": "x", "b": "x", "c": None}, exclusive=False)
    assert doc.cats == {"x": 0.9}
