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

from spacy_distill.tasks.ner.lattice.decode import viterbi
from spacy_distill.tasks.ner.lattice.transitions import constrain, grammar_transitions

pytestmark = pytest.mark.usefixtures("both_ways")

seeds = st.integers(0, 2**32 - 1)
scales = st.sampled_from([0.0, 1.0, 30.0, 1e4])


def is_valid(path):
    return bool(
        GRAMMAR.start[path[0]]
        and GRAMMAR.end[path[-1]]
        and GRAMMAR.follow[path[:-1], path[1:]].all()
    )


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 4), max_size=5), seeds, scales)
def test_best_of_all_paths(lengths, seed, scale):
    scores = random_scores(np.random.default_rng(seed), sum(lengths), scale)
    tags = viterbi(scores.emissions.detach().numpy(), lengths, scores.transitions)
    assert tags.dtype == np.int64
    assert tags.shape == (sum(lengths),)
    parts = np.split(tags, np.cumsum(lengths)[:-1])
    for part, length, path in zip(split(scores, lengths), lengths, parts):
        if not length:
            continue
        paths = all_paths(COLUMNS, length)
        assert path.tolist() in paths.tolist()
        ours = path_scores(part, path[None])[0].item()
        assert ours == pytest.approx(path_scores(part, paths).max().item(), rel=1e-12)


@settings(deadline=None, max_examples=40)
@given(st.lists(st.integers(0, 40), max_size=6), seeds, scales)
def test_always_valid(lengths, seed, scale):
    emissions = np.random.default_rng(seed).normal(size=(sum(lengths), len(COLUMNS)))
    tags = viterbi(emissions * scale, lengths, grammar_transitions(GRAMMAR))
    for path in np.split(tags, np.cumsum(lengths)[:-1]):
        assert len(path) == 0 or is_valid(path)


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 4), seeds, scales)
def test_constraints_are_kept(length, seed, scale):
    rng = np.random.default_rng(seed)
    scores = random_scores(rng, length, scale)
    allowed = rng.random((length, len(COLUMNS))) < 0.3
    allowed[np.arange(length), rng.choice(all_paths(COLUMNS, length))] = True
    emissions = constrain(scores.emissions.detach().numpy(), allowed)
    path = viterbi(emissions, [length], scores.transitions)
    paths = matches(all_paths(COLUMNS, length), allowed)
    assert path.tolist() in paths.tolist()
    ours = path_scores(scores, path[None])[0].item()
    assert ours == pytest.approx(path_scores(scores, paths).max().item(), rel=1e-12)


def test_long_sentence():
    emissions = np.random.default_rng(0).normal(size=(20_000, len(COLUMNS))) * 1e4
    assert is_valid(viterbi(emissions, [20_000], grammar_transitions(GRAMMAR)))


@pytest.mark.parametrize("lengths", [[], [0], [0, 0, 0]])
def test_nothing_to_tag(lengths):
    emissions = np.zeros((0, len(COLUMNS)))
    assert len(viterbi(emissions, lengths, grammar_transitions(GRAMMAR))) == 0
