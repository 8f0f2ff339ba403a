from itertools import product

import pytest
from all_paths import COLUMNS, all_paths
from hypothesis import given
from hypothesis import strategies as st

from spacy_distill.tasks.ner.tags import biluo_tags, entity_labels, tag_grammar


def test_tags_are_in_column_order():
    assert biluo_tags([]) == ("O",)
    assert biluo_tags(["X", "A"]) == (
        *("O", "B-X", "I-X", "L-X", "U-X"),
        *("B-A", "I-A", "L-A", "U-A"),
    )


@given(st.lists(st.text(min_size=1), unique=True))
def test_labels_are_found_again(labels):
    assert entity_labels(biluo_tags(labels)) == tuple(labels)


@pytest.mark.parametrize("n", [1, 2, 3, 4])
def test_grammar_accepts_whole_entities_and_nothing_else(n):
    grammar = tag_grammar(COLUMNS)
    accepted = {
        path
        for path in product(range(len(COLUMNS)), repeat=n)
        if grammar.start[path[0]]
        and grammar.end[path[-1]]
        and all(grammar.follow[a, b] for a, b in zip(path, path[1:]))
    }
    assert accepted == {tuple(path) for path in all_paths(COLUMNS, n).tolist()}


def test_grammar_without_labels():
    grammar = tag_grammar(biluo_tags([]))
    assert grammar.start.tolist() == grammar.end.tolist() == [True]
    assert grammar.follow.tolist() == [[True]]


@given(st.lists(st.text(min_size=1, max_size=2), unique=True, max_size=4))
def test_grammar_never_gets_stuck(labels):
    grammar = tag_grammar(biluo_tags(labels))
    assert grammar.follow.any(axis=0).all()
    assert grammar.follow.any(axis=1).all()
