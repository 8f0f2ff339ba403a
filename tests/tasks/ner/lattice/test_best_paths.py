import numpy as np
import pytest
from all_paths import COLUMNS, all_paths, matches, path_scores, random_scores, split
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.tasks.ner.lattice.decode import best_paths
from spacy_distill.tasks.ner.lattice.transitions import constrain

seeds = st.integers(0, 2**32 - 1)
# At the first all sequences are as good as each other.
scales = st.sampled_from([0.0, 0.1, 1.0, 10.0, 1e3, 1e9])


@settings(deadline=None, max_examples=200)
@given(
    st.lists(st.integers(1, 5), min_size=1, max_size=5), seeds, scales, st.booleans()
)
def test_best_of_all_paths(lengths, seed, scale, some_forbidden):
    rng = np.random.default_rng(seed)
    scores = random_scores(rng, sum(lengths), scale)
    allowed = np.ones((sum(lengths), len(COLUMNS)), dtype=bool)
    if some_forbidden:
        allowed = rng.random(allowed.shape) < 0.4
        chosen = [rng.choice(all_paths(COLUMNS, length)) for length in lengths]
        allowed[np.arange(len(allowed)), np.concatenate(chosen)] = True
    emissions = constrain(scores.emissions.detach().numpy(), allowed)
    tags = best_paths(emissions, np.array(lengths), scores.transitions)
    row = 0
    for part, length in zip(split(scores, lengths), lengths):
        here = slice(row, row + length)
        row += length
        paths = matches(all_paths(COLUMNS, length), allowed[here])
        assert tags[here].tolist() in paths.tolist()
        ours = path_scores(part, tags[here][None])[0].item()
        best = path_scores(part, paths).max().item()
        assert ours == pytest.approx(best, rel=1e-9, abs=1e-9)
