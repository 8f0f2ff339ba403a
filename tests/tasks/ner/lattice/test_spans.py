import numpy as np
import pytest
from all_paths import COLUMNS, all_paths, path_scores, random_scores
from hypothesis import given, settings
from hypothesis import strategies as st

from spacy_distill.tasks.ner.lattice.forward_backward import forward_backward
from spacy_distill.tasks.ner.lattice.path_sums import span_probability
from spacy_distill.tasks.ner.tags import span_tags, tags_to_spans

pytestmark = pytest.mark.usefixtures("both_ways")


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 4),
    st.integers(0, 2),
    st.integers(0, 2**32 - 1),
    st.sampled_from([0.0, 1.0, 1e4]),
)
def test_probability_of_each_span(length, before, seed, scale):
    """Also where the sentence is not the first of the batch."""
    scores = random_scores(np.random.default_rng(seed), before + length, scale)
    emissions = scores.emissions.detach().numpy()
    result = forward_backward(emissions, [before, length], scores.transitions)
    paths = all_paths(COLUMNS, length)
    here = scores._replace(emissions=scores.emissions[before:])
    shares = path_scores(here, paths).softmax(0).detach().numpy()
    for start in range(length):
        for end in range(start + 1, length + 1):
            for label in ("PER", "LOC"):
                path = [COLUMNS.index(tag) for tag in span_tags(end - start, label)]
                has_it = (paths[:, start:end] == path).all(axis=1)
                ours = span_probability(
                    emissions, scores.transitions, result, path, before + start
                )
                assert ours == pytest.approx(float(shares[has_it].sum()), abs=1e-9)


gaps_and_entities = st.lists(
    st.tuples(st.integers(0, 3), st.integers(1, 5), st.text(min_size=1))
)


@given(gaps_and_entities, st.integers(0, 3))
def test_spans_come_back(entities, tail):
    tags, spans = [], []
    for gap, length, label in entities:
        tags += ["O"] * gap
        spans.append((len(tags), len(tags) + length, label))
        tags += span_tags(length, label)
    assert tags_to_spans(tags + ["O"] * tail) == spans


def test_span_tags():
    assert span_tags(1, "X-Y") == ["U-X-Y"]
    assert span_tags(2, "X") == ["B-X", "L-X"]
    assert span_tags(4, "X") == ["B-X", "I-X", "I-X", "L-X"]
    assert tags_to_spans([]) == []
