import numpy as np
import pytest
from all_paths import COLUMNS, random_scores
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.tasks.ner.lattice.forward_backward import forward_backward
from spacy_distill.tasks.ner.lattice.path_sums import path_sums, reliable
from spacy_distill.tasks.ner.lattice.transitions import IMPOSSIBLE

pytestmark = pytest.mark.usefixtures("both_ways")

seeds = st.integers(0, 2**32 - 1)
scales = st.sampled_from([0.0, 1.0, 10.0, 100.0, 1e3])


@settings(deadline=None, max_examples=100)
@given(st.lists(st.integers(1, 100), min_size=1, max_size=4), seeds, scales)
def test_reliable_shares_are_the_marginals(lengths, seed, scale):
    rng = np.random.default_rng(seed)
    scores = random_scores(rng, sum(lengths), scale)
    emissions = scores.emissions.detach().numpy()
    # Some tokens may only be `O`, which leaves sums of what was unlikely before.
    emissions[rng.random(len(emissions)) < 0.1, 1:] = IMPOSSIBLE
    expected = forward_backward(emissions, lengths, scores.transitions)
    sums = path_sums(emissions, np.array(lengths), scores.transitions)
    products = sums.to * sums.on
    totals = products.sum(axis=1)
    sure = reliable(totals)
    np.testing.assert_allclose(
        products[sure] / totals[sure, None],
        np.exp(expected.log_marginals()[sure]),
        rtol=1e-7,
        atol=1e-12,
    )
    assert scale > 1.0 or sure.all()


def test_too_far_apart():
    scores = random_scores(np.random.default_rng(0), 3, 1.0)
    emissions = np.zeros((3, len(COLUMNS)))
    # Each tag is best by far where the other may not follow.
    emissions[0, COLUMNS.index("B-PER")] = emissions[1, COLUMNS.index("B-LOC")] = 1e3
    sums = path_sums(emissions, np.array([3]), scores.transitions)
    assert not reliable((sums.to * sums.on).sum(axis=1)).all()
