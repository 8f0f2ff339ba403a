import numpy as np
import pytest
from all_paths import (
    COLUMNS,
    GRAMMAR,
    all_paths,
    matches,
    path_scores,
    random_scores,
    split,
)
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.tasks.ner.lattice.decode import outside_for_sure, search, viterbi
from spacy_distill.tasks.ner.lattice.transitions import constrain, grammar_transitions

pytestmark = pytest.mark.usefixtures("both_ways")

seeds = st.integers(0, 2**32 - 1)
scales = st.sampled_from([0.0, 0.3, 1.0, 3.0, 1e4, 1e9])
# How much `O` leads: without it, random scores leave little to cut.
leads = st.sampled_from([0.0, 1.0, 3.0, 10.0])


def draw(seed, lengths, scale, lead):
    """Scores in which `O` leads, but not everywhere."""
    rng = np.random.default_rng(seed)
    scores = random_scores(rng, sum(lengths), scale)
    emissions = scores.emissions.detach()
    emissions[:, 0] += lead * scale * rng.integers(0, 2, len(emissions))
    return rng, scores._replace(emissions=emissions)


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(0, 5), max_size=20), seeds, scales, leads, st.booleans())
def test_best_of_all_paths(lengths, seed, scale, lead, some_forbidden):
    rng, scores = draw(seed, lengths, scale, lead)
    allowed = np.ones((sum(lengths), len(COLUMNS)), dtype=bool)
    if some_forbidden:
        allowed = rng.random(allowed.shape) < 0.6
        row = 0
        for length in lengths:
            if length:
                path = rng.choice(all_paths(COLUMNS, length))
                allowed[np.arange(row, row + length), path] = True
            row += length
    emissions = constrain(scores.emissions.numpy(), allowed)
    tags = search(emissions, np.array(lengths, dtype=np.int64), scores.transitions)
    assert tags.dtype == np.int64
    row = 0
    for part, length in zip(split(scores, lengths), lengths):
        here = slice(row, row + length)
        row += length
        if not length:
            continue
        paths = matches(all_paths(COLUMNS, length), allowed[here])
        assert tags[here].tolist() in paths.tolist()
        ours = path_scores(part, tags[here][None])[0].item()
        best = path_scores(part, paths).max().item()
        assert ours == pytest.approx(best, rel=1e-9, abs=1e-9)


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(0, 30), max_size=6), seeds, leads, st.booleans())
def test_cutting_changes_nothing(lengths, seed, lead, is_crf):
    _, scores = draw(seed, lengths, 1.0, lead)
    transitions = scores.transitions if is_crf else grammar_transitions(GRAMMAR)
    emissions = scores.emissions.numpy()
    counts = np.array(lengths, dtype=np.int64)
    whole = viterbi(emissions, lengths, transitions)
    assert search(emissions, counts, transitions).tolist() == whole.tolist()
    assert not whole[outside_for_sure(emissions, transitions)].any()


def test_what_is_plain_is_cut():
    emissions = np.zeros((9, len(COLUMNS)))
    emissions[:, 0] = 5.0
    emissions[4, 1:] = 9.0
    outside = outside_for_sure(emissions, grammar_transitions(GRAMMAR))
    assert outside.tolist() == [True] * 4 + [False] + [True] * 4


def test_a_tie_is_not_cut():
    emissions = np.zeros((3, len(COLUMNS)))
    assert not outside_for_sure(emissions, grammar_transitions(GRAMMAR)).any()


def test_nothing_to_tag():
    emissions = np.zeros((0, len(COLUMNS)))
    none = np.array([0, 0], dtype=np.int64)
    assert len(search(emissions, none, grammar_transitions(GRAMMAR))) == 0
