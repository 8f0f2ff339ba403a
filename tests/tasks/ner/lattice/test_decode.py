import numpy as np
import pytest
from all_paths import COLUMNS, GRAMMAR, all_paths, path_scores, random_scores, split
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.tasks.ner.lattice.decode import decode

pytestmark = pytest.mark.usefixtures("both_ways")

seeds = st.integers(0, 2**32 - 1)
scales = st.sampled_from([0.0, 0.1, 1.0, 10.0, 1e3])


@settings(deadline=None, max_examples=200)
@given(st.lists(st.integers(0, 5), max_size=12), seeds, scales, scales)
def test_best_under_any_transitions(lengths, seed, scale, weight):
    rng = np.random.default_rng(seed)
    scores = random_scores(rng, sum(lengths), weight)
    logits = rng.normal(size=(sum(lengths), len(COLUMNS))).astype(np.float32) * scale
    # In some sentences the best tags are one possible sequence.
    row = 0
    for length in lengths:
        if length and rng.random() < 0.7:
            path = rng.choice(all_paths(COLUMNS, length))
            logits[np.arange(row, row + length), path] += 3 * scale
        row += length
    scores = scores._replace(emissions=scores.emissions.new_tensor(logits))
    tags = decode(
        logits, lengths, grammar=GRAMMAR, transitions=scores.transitions, is_crf=True
    )
    row = 0
    for part, length in zip(split(scores, lengths), lengths):
        if length:
            paths = all_paths(COLUMNS, length)
            path = tags[row : row + length]
            assert path.tolist() in paths.tolist()
            ours = path_scores(part, path[None]).item()
            best = path_scores(part, paths).max().item()
            assert ours == pytest.approx(best, rel=1e-9, abs=1e-9)
        row += length


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 5), seeds, scales)
def test_leads_that_transitions_cannot_make_up_for(length, seed, weight):
    rng = np.random.default_rng(seed)
    scores = random_scores(rng, length, weight)
    paths = all_paths(COLUMNS, length)
    path = rng.choice(paths)
    needed = scores.transitions.needed[path].astype(np.float64)
    emissions = -np.maximum(needed, -1e6)
    emissions[np.arange(length), path] = 0.0
    totals = path_scores(
        scores._replace(emissions=scores.emissions.new_tensor(emissions)), paths
    )
    assert paths[int(totals.argmax())].tolist() == path.tolist()
