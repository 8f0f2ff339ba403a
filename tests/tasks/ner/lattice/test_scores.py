import numpy as np
from all_paths import COLUMNS, GRAMMAR

from spacy_distill.tasks.ner.lattice.transitions import (
    IMPOSSIBLE,
    constrain,
    grammar_transitions,
    possible,
)


def test_grammar_alone_scores_nothing():
    for part, allowed in zip(grammar_transitions(GRAMMAR), GRAMMAR):
        np.testing.assert_array_equal(part, np.where(allowed, 0.0, IMPOSSIBLE))


def test_learned_scores_stand_where_the_grammar_allows():
    n = len(COLUMNS)
    shapes = [(n,), (n, n), (n,)]
    learned = [
        np.full(shape, i + 1, dtype=np.float32) for i, shape in enumerate(shapes)
    ]
    parts = grammar_transitions(GRAMMAR, learned)
    for i, (part, allowed) in enumerate(zip(parts, GRAMMAR)):
        assert part.dtype == np.float64
        np.testing.assert_array_equal(part, np.where(allowed, i + 1.0, IMPOSSIBLE))


def test_constrain():
    logits = np.arange(6, dtype=np.float32).reshape(2, 3)
    assert constrain(logits, None).dtype == np.float64
    allowed = np.array([[True, False, True], [False, True, True]])
    out = constrain(logits, allowed)
    assert out.dtype == np.float64
    np.testing.assert_array_equal(out[allowed], logits[allowed])
    assert (out[~allowed] == IMPOSSIBLE).all()


def test_possible_stands_sums_and_temperatures():
    sure = np.array([-1e4 * 20_000, 0.0, 1e9]) / 0.01
    assert possible(sure).all()
    never = np.array([IMPOSSIBLE + 1e9, 3 * IMPOSSIBLE, IMPOSSIBLE / 1e6])
    assert not possible(never).any()
